"""A bench for OpenWrt or RutOS: the same uci, timer and interface, another way to choose a slot."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.contract.bench import Bench, Restoring, Situation
from tests.contract.openwrt_case import INDOSAT, PAID, PASSWORD, TELKOMSEL, boot_router

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ModemAccess
    from tests.contract.openwrt_case import Driver, RunningRouter

SITUATIONS: dict[Situation, dict[str, object]] = {
    Situation.NORMAL: {},
    Situation.NO_SIM: {"sims": {}},
    Situation.PIN_LOCKED: {"pins": {"1": "1234"}},
    Situation.TIMER_FORBIDDEN: {"detached": False},
    Situation.RESTARTING: {"absent_seconds": 60.0},
}


_TAKEN_UP = ("uci commit network", "/etc/init.d/network reload")
SECRET = "kunci$rahasia"  # noqa: S105 - of a tunnel on the twin alone


def restoring(way_out: str) -> Restoring:
    """Sections with and without a name, of several kinds, one of them with a key."""
    return Restoring(
        before=(
            "uci set network.lan.dns='192.0.2.1'",
            "uci set network.guest=interface",
            "uci set network.guest.proto='static'",
            "uci add_list network.guest.dns='192.0.2.53'",
            "uci add_list network.guest.dns='198.51.100.53'",
            "uci add network route",
            "uci set network.@route[-1].target='203.0.113.0/24'",
            "uci add network route",
            "uci set network.@route[-1].target='198.51.100.0/24'",
            "uci set network.@route[-1].table='dua puluh'",
            "uci set network.tunnel=interface",
            "uci set network.tunnel.proto='wireguard'",
            f"uci set network.tunnel.private_key='{SECRET}'",
            "uci set network.tunnel.mtu='1400'",
            *_TAKEN_UP,
        ),
        by_hand={
            "value": ("uci set network.lan.dns='192.0.2.53'", *_TAKEN_UP),
            "option gone": ("uci delete network.lan.dns", *_TAKEN_UP),
            "option added": ("uci set network.lan.gateway='192.0.2.9'", *_TAKEN_UP),
            "list": (
                "uci del_list network.guest.dns='192.0.2.53'",
                "uci add_list network.@device[0].ports='lan9'",
                *_TAKEN_UP,
            ),
            "list of one": (
                "uci delete network.guest.dns",
                "uci set network.guest.dns='192.0.2.53'",
                *_TAKEN_UP,
            ),
            "section gone": ("uci delete network.guest", *_TAKEN_UP),
            "section added": (
                "uci set network.cafe=interface",
                "uci set network.cafe.proto='dhcp'",
                *_TAKEN_UP,
            ),
            "section renamed": ("uci rename network.guest='tamu'", *_TAKEN_UP),
            "section with a key renamed": ("uci rename network.tunnel='wg0'", *_TAKEN_UP),
            "nameless gone": ("uci delete network.@route[0]", *_TAKEN_UP),
            "nameless added": (
                "uci add network route",
                "uci set network.@route[-1].target='192.0.2.128/25'",
                "uci reorder network.@route[-1]='0'",
                *_TAKEN_UP,
            ),
            "nameless named": ("uci rename network.@route[1]='named'", *_TAKEN_UP),
            "order": ("uci reorder network.tunnel='0'", *_TAKEN_UP),
            "way out": (f"uci set network.{way_out}.metric='77'", *_TAKEN_UP),
            "beside the key": ("uci set network.tunnel.mtu='1280'", *_TAKEN_UP),
            "much at once": (
                "uci delete network.@route[0]",
                "uci delete network.guest",
                "uci rename network.tunnel='wg0'",
                "uci set network.wg0.mtu='1280'",
                "uci set network.tunnel=interface",
                "uci delete network.tunnel",
                "uci rename network.wg0='tunnel'",
                "uci add network device",
                "uci set network.@device[-1].name='br-tamu'",
                "uci reorder network.lan='7'",
                *_TAKEN_UP,
            ),
        },
        by_person={
            "key gone": (
                ("uci delete network.tunnel.private_key", *_TAKEN_UP),
                "network.tunnel.private_key: a secret",
            ),
            "section with a key gone": (
                ("uci delete network.tunnel", *_TAKEN_UP),
                "network.tunnel.private_key: a secret",
            ),
            "section with a key added": (
                (
                    "uci set network.wg9=interface",
                    "uci set network.wg9.private_key='other'",
                    *_TAKEN_UP,
                ),
                "network.wg9.private_key: a secret",
            ),
            "nameless with a key changed": (
                (
                    "uci add network wireguard_wg9",
                    "uci set network.@wireguard_wg9[0].preshared_key='other'",
                    *_TAKEN_UP,
                ),
                "network.@wireguard_wg9[0].preshared_key: a secret",
            ),
        },
        sending=("uci batch", "uci commit", "network reload"),
        noticed=("uci set .*dns", "uci batch", "uci commit"),
        secret=SECRET,
    )


@dataclasses.dataclass(frozen=True)
class SlotCommand:
    """How a kind chooses a SIM slot: a pattern, and the device's words in return."""

    pattern: str
    refused: str
    busy: str


def openwrt_bench(
    driver: type[Driver], kind: str, unknown_firmware: str, slot: SlotCommand, **differs: object
) -> Bench:
    """The bench of one kind; `differs` are further fields of it."""

    def start(directory: Path, situation: Situation, faults: Faults) -> RunningRouter:
        told = SITUATIONS | {Situation.UNKNOWN_FIRMWARE: {"version": unknown_firmware}}
        twin = boot_router(directory, kind, faults, **told[situation])
        if situation is Situation.RESTARTING:
            twin.wait_attached()
            twin.choose_slot("2")
        return twin

    def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> Driver:
        as_root = dataclasses.replace(access, username="root")
        return driver(as_root, password, apn_passwords, patience_s=8.0, settle_s=1)

    fields: dict[str, object] = {
        "platform": driver.platform,
        "start": start,
        "connect": connect,
        "password": PASSWORD,
        "home": INDOSAT,
        "away": TELKOMSEL,
        "paid": PAID,
        "switching": ("uci batch", "uci commit", "^ifdown", slot.pattern, "^ifup"),
        "refusals": {
            "uci set .*apn": "uci: Invalid argument",
            "uci batch": "uci: Parse error",
            "uci commit": "uci: I/O error",
            "^ifup": "Command failed: Permission denied",
            slot.pattern: slot.refused,
        },
        "busy": {slot.pattern: slot.busy},
        "arming": (
            "^cat$",
            "^ln ",
            "^cp ",
            "^echo run-1",
            "^mv .*pending.new",
            "start-stop-daemon .*-m",
        ),
        "confirming": ("^rm ",),
        "restoring": restoring(str(differs["interface"])),
    }
    return Bench(**{**fields, **differs})  # type: ignore[arg-type]
