"""VyOS 1.5: the twin of an x86 box with an LTE card, over SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.vyos.config import parse
from lab.twins.vyos.device import Device
from lab.twins.vyos.session import Session
from rekamatan.modems.vyos import VyosDriver
from tests.contract.bench import Bench, Restoring, Situation, profile
from tests.contract.cli_twin import INDOSAT_SIM, PASSWORD, SITUATIONS, TELKOMSEL_SIM, CliTwin

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, WanProfile

INDOSAT = profile("indosat", "indosatgprs", INDOSAT_SIM, "1")
TELKOMSEL = profile("telkomsel", "internet", TELKOMSEL_SIM, "2")
PAID = profile("paid", "vpn.telkomsel", TELKOMSEL_SIM, "2", auth="pap", username="kubu")
_BASE = "interfaces wwan wwan0"
SECRET = "AAAArahasia"  # noqa: S105 - of a tunnel on the twin alone
_TUNNEL = "interfaces wireguard wg0"
RESTORING = Restoring(
    before=(
        "set system name-server 192.0.2.1",
        "set system name-server 192.0.2.2",
        f"set {_TUNNEL} private-key {SECRET}",
        f"set {_TUNNEL} port 51820",
        "set interfaces ethernet eth1 description 'Ruang rekam'",
        "set nat source rule 200 outbound-interface name eth1",
    ),
    by_hand={
        "value": ("set system host-name diubah",),
        "value gone": ("delete system host-name",),
        "values": ("delete system name-server 192.0.2.1", "set system name-server 192.0.2.9"),
        "order of values": (
            "delete system name-server 192.0.2.1",
            "set system name-server 192.0.2.1",
        ),
        "node gone": ("delete interfaces ethernet eth1",),
        "node emptied": ("delete interfaces ethernet eth1 description",),
        "node added": (
            "set protocols static route 203.0.113.0/24 next-hop 192.168.101.9",
            "set nat source rule 300 source address 192.0.2.0/24",
        ),
        "beside the key": (f"set {_TUNNEL} port 51821", f"delete {_TUNNEL} port"),
        "way out": (
            "delete nat source rule 100",
            "set system host-name diubah",
        ),
    },
    by_person={
        "key gone": ((f"delete {_TUNNEL} private-key",), f"{_TUNNEL} private-key: a secret"),
        "node with a key gone": ((f"delete {_TUNNEL}",), f"{_TUNNEL} private-key: a secret"),
        "node with a key added": (
            ("set interfaces wireguard wg1 private-key other",),
            "interfaces wireguard wg1 private-key: a secret",
        ),
    },
    sending=("system host-name", "^commit", "description 'rekamatan:indosat .*was"),
    noticed=("system host-name kubu", "^commit-confirm"),
    secret=SECRET,
    timer=r"(?m)^set interfaces wwan wwan0 description .*\n?",
    type_in=lambda twin, lines: twin.configure(*lines),
)
COMMIT_FAILED = '[ interfaces wwan wwan0 ]\nNo APN configured for "wwan0"!\n\nCommit failed\n[edit]'


class VyosTwin(CliTwin):
    """What the suite looks at and does."""

    parse = staticmethod(parse)
    device_class = Device
    slots = ("1", "2")
    situations = SITUATIONS | {Situation.UNKNOWN_FIRMWARE: {"version": "1.3.8"}}
    to_away_slot = "sudo mmcli --modem any --set-primary-sim-slot=2"

    def configure(self, *lines: str) -> None:
        """What somebody sets at the console, commits and saves."""

        async def type_in() -> list[str]:
            session = Session(self.device, "rekamatan", None)
            told = ("configure", *lines, "commit", "save", "exit")
            return [await session.execute(line) for line in told]

        answers = self._call(type_in)
        assert all(not text.removesuffix("[edit]").strip() for text in answers[1:-3]), answers

    def is_on(self, profile: WanProfile) -> bool:
        apn = self.device.active.value(f"{_BASE} apn")
        return (apn, self.device.slot) == (profile.apn, profile.sim.slot)

    def shown(self) -> str:
        device = self.device
        return f"{device.active.commands()}\n{device.saved.commands()}\n{device.files}{device.slot}"

    def apn_password(self, profile: WanProfile) -> str:
        if self.device.active.value(f"{_BASE} apn") != profile.apn:
            return ""
        return self.device.active.value(f"{_BASE} authentication password") or ""


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> VyosDriver:
    return VyosDriver(access, password, apn_passwords, patience_s=8.0)


BENCH = Bench(
    platform="vyos",
    start=VyosTwin.found_as,
    connect=connect,
    password=PASSWORD,
    home=INDOSAT,
    away=TELKOMSEL,
    paid=PAID,
    version="1.5-rolling-202410210007",
    interface="wwan0",
    reading="mmcli --modem any$",
    switching=(
        "wwan0 apn 'internet'",
        "wwan0 description 'rekamatan:telkomsel",
        "^commit",
        "--set-primary-sim-slot=2",
    ),
    refusals={
        "wwan0 apn": "\n  Value validation failed\n  Set failed\n\n[edit]",
        "^commit": COMMIT_FAILED,
        "--set-primary-sim-slot": "error: couldn't request primary SIM switch in modem: busy",
    },
    busy={
        "^commit": "Configuration system temporarily locked due to another commit in progress\n"
        "[edit]",
        "--set-primary-sim-slot": "error: couldn't find modem",
    },
    arming=("^commit-confirm", "systemd-run", "tee -a", "description '.* trial:run-1'"),
    confirming=("^confirm", "^save", "description '.* run:run-1'", "sudo sed"),
    restoring=RESTORING,
    cannot={Situation.TIMER_FORBIDDEN: "commit-confirm cannot be switched off"},
)
