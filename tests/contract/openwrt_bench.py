"""A bench for OpenWrt or RutOS: the same uci, timer and interface, another way to choose a slot."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.contract.bench import Bench, Situation
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
    }
    return Bench(**{**fields, **differs})  # type: ignore[arg-type]
