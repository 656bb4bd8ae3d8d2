"""The RouterOS twin as the suite sees it, and a bench for one of its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.harness import DEFAULTS, SIMS, RunningTwin
from tests.contract.bench import Bench, Restoring, Situation, profile

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ModemAccess, WanProfile
    from rekamatan.modems.routeros import RouterosDriver

INDOSAT = profile("indosat", "indosatgprs", SIMS["up"], "up")
TELKOMSEL = profile("telkomsel", "internet", SIMS["down"], "down")
PAID = profile("paid", "vpn.telkomsel", SIMS["down"], "down", auth="pap", username="kubu")
SECRET = "kunci-rahasia"  # noqa: S105 - of an APN on the twin alone
RESTORING = Restoring(
    before=(
        "/ip dns set servers=192.0.2.1",
        "/interface lte apn add name=spare apn=spare.example authentication=pap user=kubu",
        f'/interface lte apn set [find name="spare"] password={SECRET}',
    ),
    by_hand={
        "value": ("/ip dns set servers=192.0.2.53",),
        "beside the secret": ('/interface lte apn set [find name="spare"] apn=other.example',),
    },
    by_person={
        "entry added": (
            ("/ip pool add name=guests ranges=192.0.2.100-192.0.2.110",),
            'ip pool [find name="guests"]',
        ),
    },
    sending=("ip dns set",),
    noticed=("ip dns set",),
    secret=SECRET,
    timer=r"(?ms)^/system (?:script|scheduler)\n.*?(?=^/|\Z)",
)
UNKNOWN = {"routeros6": "6.40.9 (bugfix)", "routeros7": "8.1 (testing)"}
SITUATIONS: dict[Situation, dict[str, object]] = {
    Situation.NORMAL: {},
    Situation.NO_SIM: {"sims": {}},
    Situation.PIN_LOCKED: {"pin_locked": True},
    Situation.UNKNOWN_FIRMWARE: {},
    Situation.TIMER_FORBIDDEN: {
        "scheduler_allowed": False
    },  # 6 has no device-mode: see `forbid_timer`
    Situation.RESTARTING: {"absent_seconds": 60.0},
}


class RouterosTwin(RunningTwin):
    """What the suite looks at and does, in the device's own console."""

    @property
    def slot_menu(self) -> str:
        """Where this version keeps its SIM slot."""
        return "/" + " ".join(self.device.edition.slot.path)

    def forbid_timer(self) -> None:
        """Take a right from the account that the entries of a scheduler need."""
        self.console("/user group add name=narrow policy=ssh,read,write,test,policy,sensitive")
        self.console('/user set [find name="rekamatan"] group=narrow')

    def is_on(self, profile: WanProfile) -> bool:
        name = self.console(':put [/interface lte get [find name="lte1"] apn-profiles]')
        apn = self.console(f':put [/interface lte apn get [find name="{name}"] apn]')
        slot = self.console(f":put [{self.slot_menu} get sim-slot]")
        return (name, apn, slot) == (profile.name, profile.apn, profile.sim.slot)

    def shown(self) -> str:
        hidden = "" if self.device.edition.old_style else " show-sensitive"
        return self.console(f"/export{hidden}")

    def apn_password(self, profile: WanProfile) -> str:
        return self.console(f':put [/interface lte apn get [find name="{profile.name}"] password]')


def routeros_bench(driver: type[RouterosDriver], version: str, **differs: object) -> Bench:
    """The bench of one version; `differs` replaces fields of it."""

    def start(directory: Path, situation: Situation, faults: Faults) -> RouterosTwin:
        told = {"version": version, **SITUATIONS[situation]}
        if situation is Situation.UNKNOWN_FIRMWARE:
            told["version"] = UNKNOWN[driver.platform]
        twin = RouterosTwin(directory, faults, **told)
        if situation is Situation.TIMER_FORBIDDEN and twin.device.edition.old_style:
            twin.forbid_timer()
        if situation is Situation.RESTARTING:
            twin.wait_attached()
            twin.console(f"{twin.slot_menu} set sim-slot=down")
        return twin

    def connect(
        access: ModemAccess, password: str, apn_passwords: dict[str, str]
    ) -> RouterosDriver:
        return driver(access, password, apn_passwords, patience_s=8.0)

    fields: dict[str, object] = {
        "platform": driver.platform,
        "start": start,
        "connect": connect,
        "password": DEFAULTS["users"]["rekamatan"]["password"],
        "home": INDOSAT,
        "away": TELKOMSEL,
        "paid": PAID,
        "version": version,
        "reading": r"lte (?:monitor|info)",
        "switching": ("lte apn add", "lte set .*apn-profiles", "set sim-slot"),
        "refusals": {
            "lte apn add": "failure: already have such entry",
            "lte set .*apn-profiles": "input does not match any value of apn-profiles",
            "set sim-slot": "not enough permissions (9)",
        },
        "busy": {"set sim-slot": "failure: SIM slot is busy"},
        "arming": (
            "scheduler add .*startup",
            "scheduler add .*interval=600s",
            "source=.*sim-slot",
            "script add",
        ),
        "confirming": ("scheduler remove", "script remove"),
        "restoring": RESTORING,
    }
    return Bench(**{**fields, **differs})  # type: ignore[arg-type]
