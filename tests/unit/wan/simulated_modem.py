"""A modem with a timer or without one, and a gate on whatever link it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rekamatan.errors import DeviceError, DeviceUnreachableError, NotSupportedError
from rekamatan.models import (
    ChangePlan,
    GateResult,
    Identity,
    ModemState,
    PendingRollback,
    Probe,
    Rollback,
    Signal,
    Verdict,
    WanProfile,
)
from rekamatan.modems.abilities import TIMER_AND_SLOTS, Abilities
from rekamatan.verify.gate import decide, only_demand_what_passed

if TYPE_CHECKING:
    from tests.unit.wan.simulation import World

MODEM_BOOT_S = 40.0
BOOT_HOOK_S = 3.0
FLASH_DELAY_S = 0.9  # what changed later than this before a power cut is not in flash yet
GATE_S = 12.0


class SimulatedModem:
    """A modem whose configuration is on flash, whose timer is a scheduler with a boot entry."""

    platform: ClassVar[str] = "simulated"
    rollback: ClassVar[Rollback] = Rollback.DEVICE
    abilities: ClassVar[Abilities] = TIMER_AND_SLOTS

    def __init__(self, world: World) -> None:
        self._world = world
        self.profile = "indosat"
        self.timer: tuple[str, str, float] | None = None  # run id, profile, fires at
        self._since = 0.0  # when the bearer of `profile` began to attach
        self._up_from = 0.0
        self._hook_at: float | None = None
        self.silent_until = 0.0
        self.old_bearer_s = 0.0  # how long the old address is still shown after a change
        self.old_card_shown = False  # and with it the old card
        self._before = self.profile
        self._fired = ""  # the run whose timer fired
        self.heals_on_reset: str | None = None  # profile that attaches again after a restart
        self.acts: list[str] = []
        self.opened = ""  # the bearer that is open beside the active one
        self._flash = [(0.0, self.profile, self.timer)]  # as it was, and since when

    def identify(self) -> Identity:
        return Identity("simulated", "twin", "1")

    def read_state(self) -> ModemState:
        self._reach()
        link = self._world.links[self.profile]
        just_changed = self._world.now < self._since + self.old_bearer_s
        shown = self._world.links[self._before] if just_changed else link
        return ModemState(
            platform="simulated",
            sim_slot=self._world.site.profiles[self.profile].sim.slot,
            iccid=(shown if self.old_card_shown else link).card.iccid,
            imsi=(shown if self.old_card_shown else link).card.imsi,
            plmn=link.plmn if self.attached() else None,
            registered=link.lets_in,
            signal=Signal(rsrp_dbm=link.rsrp_dbm),
            profile=self.profile,
            wan_ip="10.1.0.5" if self.attached() or just_changed else None,
        )

    def render(self, wanted: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        if state.profile == wanted.name:
            return ChangePlan(plan_id, wanted.name, wanted.name, (), ())
        old = state.profile or ""
        return ChangePlan(plan_id, wanted.name, old, (f"use {wanted.name}",), (f"use {old}",))

    def backup(self) -> str:
        self._reach()
        return f"use {self.profile}\n"

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        self._act("arm")
        if self.rollback is Rollback.SERVER:
            raise NotSupportedError("modem", "arm", "no timer")
        if self.timer is not None and self.timer[0] != plan.plan_id:
            raise DeviceError("modem", "arm", "another run's timer is live")
        self.timer = (plan.plan_id, plan.previous, self._world.now + seconds)
        self._fired, self._hook_at = "", None  # arming removes this run's older entries first
        self._world.step("modem.armed")

    def pending(self) -> PendingRollback | None:
        self._reach()
        if self.timer is None:
            return None
        return PendingRollback(self.timer[0], self.timer[2] - self._world.now)

    def apply(self, plan: ChangePlan) -> None:
        self._act("apply")
        if self._world.captures_until > self._world.now:
            self._world.violations.append("applied while a recording was captured")
        self._use(plan.target)
        self._world.proven = False
        self._world.step("modem.applied")

    def confirm(self, plan_id: str) -> None:
        self._act("confirm")
        if self.rollback is Rollback.SERVER:
            raise NotSupportedError("modem", "confirm", "no timer")
        if self._fired == plan_id:
            raise DeviceError("modem", "confirm", f"timer of {plan_id} fired before")
        self.timer = None
        self._world.step("modem.confirmed")

    def revert(self, plan: ChangePlan) -> None:
        self._act("revert")
        self._use(plan.previous)
        self._world.step("modem.reverted")
        self._reach()  # a modem that lost its power here clears nothing
        self.timer = None
        self._hook_at = None
        self._world.step("modem.cleared")

    def reset_modem(self) -> None:
        self._act("reset")
        self._up_from = self._since = self._world.now + MODEM_BOOT_S
        if self.heals_on_reset:
            self._world.links[self.heals_on_reset].path = True

    def signal(self) -> Signal:
        return Signal()

    def close(self) -> None:
        pass

    def attached(self) -> bool:
        attach_s = self._world.links[self.profile].attach_s
        return attach_s is not None and self._world.now >= self._since + attach_s

    def works(self) -> bool:
        return self.attached() and self._world.links[self.profile].path

    def power_cut(self) -> None:
        kept = [f for f in self._flash if f[0] <= self._world.now - FLASH_DELAY_S]
        _, self.profile, self.timer = (kept or self._flash[:1])[-1]
        self._up_from = self._world.now + MODEM_BOOT_S
        self._since = self._up_from
        if self.timer is not None:
            self._hook_at = self._up_from + BOOT_HOOK_S

    def time_passes(self) -> None:
        if self._flash[-1][1:] != (self.profile, self.timer):
            self._flash.append((self._world.now, self.profile, self.timer))
        if self.timer is None or self._world.now < self._up_from:
            return
        due = self._world.now >= self.timer[2]
        at_boot = self._hook_at is not None and self._world.now >= self._hook_at
        # A modem that nobody could reach has to act alone: that is what its timer is for.
        reachable = self._up_from == 0.0 and self.silent_until == 0.0
        if due and self._world.acting and reachable:
            self._world.violations.append("the modem's timer fired while the server was acting")
        if due or at_boot:
            self._use(self.timer[1])
            self._fired = self.timer[0]
            self.timer, self._hook_at = None, None

    def _use(self, name: str) -> None:
        if name != self.profile:
            self._before, self.profile, self._since = self.profile, name, self._world.now

    def _act(self, name: str) -> None:
        self._world.step(f"modem.{name}")
        self._reach()
        self.acts.append(name)
        self._world.advance(1.0)

    def _reach(self) -> None:
        if self._world.now < max(self._up_from, self.silent_until):
            raise DeviceUnreachableError("modem", "connect", "no answer")


class DeviceModem(SimulatedModem):
    rollback = Rollback.DEVICE


class ServerModem(SimulatedModem):
    rollback = Rollback.SERVER


class TwoBearers(SimulatedModem):
    """Both bearers are up all the time: the profile only says which one the route takes.

    The way beside it is in the kernel of the server: no modem has to answer for it.
    """

    def attached(self) -> bool:
        return True

    def open_path(self, wanted: WanProfile) -> str:
        self._world.step("beside.open")
        self.opened = wanted.name
        self._world.step("beside.opened")
        return self.opened

    def close_path(self) -> None:
        self._world.step("beside.close")
        self.opened = ""

    def apply(self, plan: ChangePlan) -> None:
        self._reach()
        if plan.target == "telkomsel" and self._world.fit_beside != plan.target:
            self._world.violations.append("the route moved to a bearer that was not fit beside")
        super().apply(plan)


class TwoBearerDevice(TwoBearers):
    rollback = Rollback.DEVICE


class TwoBearerServer(TwoBearers):
    rollback = Rollback.SERVER


class SimulatedGate:
    def __init__(self, world: World) -> None:
        self._world = world
        self.slow_s: dict[str, float] = {}  # profile -> how long its gate takes
        self.remembered: list[str] = []
        self.taken: list[str] = []  # the profiles it was measured as, in order

    def baseline(self, wanted: WanProfile) -> GateResult:
        return self._measure(wanted)

    def check(
        self, wanted: WanProfile, baseline: GateResult | None, *, canary: bool, within_s: float
    ) -> GateResult:
        del baseline, canary
        result = self._measure(wanted, within_s)
        if result.verdict is not Verdict.FAIL:
            self._world.proven = True  # until the next change
        return result

    def check_beside(
        self, wanted: WanProfile, baseline: GateResult | None, source: str, within_s: float
    ) -> GateResult:
        del baseline
        self._world.step("beside")
        self._world.advance(min(GATE_S, within_s))
        ok = self._world.links[source].path and source == wanted.name
        self._world.step("beside.decided")
        self._world.fit_beside = source if ok else ""
        return decide(wanted.name, (Probe("canary.receipt", ok=ok),), "", GATE_S)

    def check_restored(
        self, wanted: WanProfile, baseline: GateResult | None, within_s: float
    ) -> GateResult:
        now = self._measure(wanted, within_s)
        probes = only_demand_what_passed(now.probes, baseline)
        return decide(wanted.name, probes, now.started, now.duration_s)

    def remember(self, result: GateResult) -> None:
        self.remembered.append(result.profile)

    def _measure(self, wanted: WanProfile, within_s: float = 1000.0) -> GateResult:
        self._world.step("gate")
        self.taken.append(wanted.name)
        took_s = self.slow_s.get(wanted.name, GATE_S)
        self._world.advance(min(took_s, within_s))
        modem = self._world.modem
        ok = took_s <= within_s and modem.works() and modem.profile == wanted.name
        probes = (Probe("canary.receipt", ok=ok),)
        result = decide(wanted.name, probes, "", took_s)
        self._world.step("gate.decided")
        if ok:
            self._world.passed_at = self._world.now
        return result
