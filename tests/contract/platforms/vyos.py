"""VyOS 1.5: the twin of an x86 box with an LTE card, over SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.vyos.config import parse
from lab.twins.vyos.device import Device
from rekamatan.modems.vyos import VyosDriver
from tests.contract.bench import Bench, Situation, profile
from tests.contract.cli_twin import INDOSAT_SIM, PASSWORD, SITUATIONS, TELKOMSEL_SIM, CliTwin

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, WanProfile

INDOSAT = profile("indosat", "indosatgprs", INDOSAT_SIM, "1")
TELKOMSEL = profile("telkomsel", "internet", TELKOMSEL_SIM, "2")
PAID = profile("paid", "vpn.telkomsel", TELKOMSEL_SIM, "2", auth="pap", username="kubu")
COMMIT_FAILED = '[ interfaces wwan wwan0 ]\nNo APN configured for "wwan0"!\n\nCommit failed\n[edit]'
_BASE = "interfaces wwan wwan0"


class VyosTwin(CliTwin):
    """What the suite looks at and does."""

    parse = staticmethod(parse)
    device_class = Device
    slots = ("1", "2")
    situations = SITUATIONS | {Situation.UNKNOWN_FIRMWARE: {"version": "1.3.8"}}
    to_away_slot = "sudo mmcli --modem any --set-primary-sim-slot=2"

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
    cannot={Situation.TIMER_FORBIDDEN: "commit-confirm cannot be switched off"},
)
