"""RouterOS 7: the twin of an LtAP mini, over SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.harness import DEFAULTS, SIMS, RunningTwin
from rekamatan.modems.routeros7 import Routeros7Driver
from tests.contract.bench import Bench, Situation, profile

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ModemAccess, WanProfile

INDOSAT = profile("indosat", "indosatgprs", SIMS["up"], "up")
TELKOMSEL = profile("telkomsel", "internet", SIMS["down"], "down")
PAID = profile("paid", "vpn.telkomsel", SIMS["down"], "down", auth="pap", username="kubu")
SITUATIONS: dict[Situation, dict[str, object]] = {
    Situation.NORMAL: {},
    Situation.NO_SIM: {"sims": {}},
    Situation.PIN_LOCKED: {"pin_locked": True},
    Situation.UNKNOWN_FIRMWARE: {"version": "8.1 (testing)"},
    Situation.TIMER_FORBIDDEN: {"scheduler_allowed": False},
    Situation.RESTARTING: {"absent_seconds": 60.0},
}


class RouterosTwin(RunningTwin):
    """What the suite looks at and does, in the device's own console."""

    def is_on(self, profile: WanProfile) -> bool:
        name = self.console(':put [/interface lte get [find name="lte1"] apn-profiles]')
        apn = self.console(f':put [/interface lte apn get [find name="{name}"] apn]')
        slot = self.console(":put [/interface lte settings get sim-slot]")
        return (name, apn, slot) == (profile.name, profile.apn, profile.sim.slot)

    def shown(self) -> str:
        return self.console("/export show-sensitive")

    def apn_password(self, profile: WanProfile) -> str:
        return self.console(f':put [/interface lte apn get [find name="{profile.name}"] password]')


def start(directory: Path, situation: Situation, faults: Faults) -> RouterosTwin:
    twin = RouterosTwin(directory, faults, **SITUATIONS[situation])
    if situation is Situation.RESTARTING:
        twin.wait_attached()
        twin.console("/interface lte settings set sim-slot=down")
    return twin


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> Routeros7Driver:
    return Routeros7Driver(access, password, apn_passwords, patience_s=8.0)


BENCH = Bench(
    platform="routeros7",
    start=start,
    connect=connect,
    password=DEFAULTS["users"]["rekamatan"]["password"],
    home=INDOSAT,
    away=TELKOMSEL,
    paid=PAID,
    version="7.24 (stable)",
    reading="lte monitor",
    switching=("lte apn add", "lte set .*apn-profiles", "settings set"),
    refusals={
        "lte apn add": "failure: already have such entry",
        "lte set .*apn-profiles": "input does not match any value of apn-profiles",
        "settings set": "failure: not allowed by device-mode (/interface/lte/settings; line 1)",
    },
    busy={"settings set": "failure: SIM slot is busy"},
    arming=(
        "scheduler add .*startup",
        "scheduler add .*interval=600s",
        "source=.*sim-slot",
        "script add",
    ),
    confirming=("scheduler remove", "script remove"),
)
