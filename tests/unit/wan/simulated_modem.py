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
from rekamatan.verify.gate import decide, only_demand_what_passed

if TYPE_CHECKING:
    from tests.unit.wan.simulation import World

MODEM_BOOT_S = 40.0
BOOT_HOOK_S = 3.0
GATE_S = 12.0


class SimulatedModem:
    """A modem whose configuration is on flash, whose timer is a scheduler with a boot entry."""

    platform: ClassVar[str] = "simulated"
    rollback: ClassVar[Rollback] = Rollback.DEVICE

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
        self.acts: list[str] = []

    def identify(self) -> Identity:
        return Identity("simulated", "twin", "1")

    def read_state(self) -> ModemState:
        self._reach()
        link = self._world.links[self.profile]
        just_changed = self._world.now < self._since + self.old_bearer_s
        shown = self._world.links["indosat"] if just_changed else link
        return ModemState(
            platform="simulated",
            sim_slot=self._world.site.profiles[self.profile].sim.slot,
            iccid=(shown if self.old_card_shown else link).card.iccid,
            imsi=(shown if self.old_card_shown else link).card.imsi,
            plmn=link.plmn if self.attached() else None,
            registered=True,
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
        self.timer = (plan.plan_id, plan.previous, self._world.now + seconds)
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
        if self.timer is None and self.profile == "indosat":
            raise DeviceError("modem", "confirm", f"timer of {plan_id} fired before")
        self.timer = None
        self._world.step("modem.confirmed")

    def revert(self, plan: ChangePlan) -> None:
        self._act("revert")
        self._use(plan.previous)
        self._world.step("modem.reverted")
        self.timer = None
        self._hook_at = None

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
        self._up_from = self._world.now + MODEM_BOOT_S
        self._since = self._up_from
        if self.timer is not None:
            self._hook_at = self._up_from + BOOT_HOOK_S

    def time_passes(self) -> None:
        if self.timer is None or self._world.now < self._up_from:
            return
        due = self._world.now >= self.timer[2]
        at_boot = self._hook_at is not None and self._world.now >= self._hook_at
        if due and self._world.acting and self._up_from == 0.0:
            self._world.violations.append("the modem's timer fired while the server was acting")
        if due or at_boot:
            self._use(self.timer[1])
            self.timer, self._hook_at = None, None

    def _use(self, name: str) -> None:
        if name != self.profile:
            self.profile, self._since = name, self._world.now

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


class SimulatedGate:
    def __init__(self, world: World) -> None:
        self._world = world
        self.took_s = GATE_S
        self.remembered: list[str] = []

    def baseline(self, wanted: WanProfile) -> GateResult:
        return self._measure(wanted)

    def check(
        self, wanted: WanProfile, baseline: GateResult | None, *, canary: bool, within_s: float
    ) -> GateResult:
        del baseline, canary, within_s
        result = self._measure(wanted)
        self._world.proven = result.verdict is not Verdict.FAIL
        return result

    def check_restored(
        self, wanted: WanProfile, baseline: GateResult | None, within_s: float
    ) -> GateResult:
        del within_s
        now = self._measure(wanted)
        probes = only_demand_what_passed(now.probes, baseline)
        return decide(wanted.name, probes, now.started, now.duration_s)

    def remember(self, result: GateResult) -> None:
        self.remembered.append(result.profile)

    def _measure(self, wanted: WanProfile) -> GateResult:
        self._world.step("gate")
        self._world.advance(self.took_s)
        modem = self._world.modem
        ok = modem.works() and modem.profile == wanted.name
        probes = (Probe("canary.receipt", ok=ok),)
        result = decide(wanted.name, probes, "", self.took_s)
        self._world.step("gate.decided")
        return result
