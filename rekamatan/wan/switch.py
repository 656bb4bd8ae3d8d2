"""The transaction: from the profile that works to the one that is wanted, or back.

Entries are durable before what they announce: `armed` before the modem's timer is set, `applied`
before the change is sent, `attached` before the gate starts, `gated` before its verdict is acted
on, `confirming` before the timer is removed, `reverting` before the old profile is sent.
Nothing here uses the controller, the wall clock or a global.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import RekamatanError
from rekamatan.models import Rollback, SwitchState, Verdict
from rekamatan.wan.attach import wait_attached
from rekamatan.wan.beside import measure_beside, second_path
from rekamatan.wan.journal import JournalError
from rekamatan.wan.order import reasons_at_the_door
from rekamatan.wan.plan import Reason, arm_seconds, in_words, server_seconds
from rekamatan.wan.ports import replace
from rekamatan.wan.preflight import Found, no_go_reasons, preflight
from rekamatan.wan.run import Run
from rekamatan.wan.sightings import fresh_sighting
from rekamatan.wan.wayback import confirm, revert

if TYPE_CHECKING:
    from datetime import datetime

    from rekamatan.models import ChangePlan, GateResult, ModemState, Site, SwitchOutcome, WanProfile
    from rekamatan.wan.journal import Journal
    from rekamatan.wan.ports import Ports
    from rekamatan.wan.preflight import SecondPath
    from rekamatan.wan.run import SwitchRequest

CAPTURE_WAIT_S = 120.0  # one person's capture takes a few minutes at most; then refuse
CAPTURE_POLL_S = 2.0  # short beside a capture; each question reads the spool or asks an adapter


class TurnBackError(RekamatanError):
    """The new profile is not good enough: leads to the way back, never out of the transaction."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preflight leaves for the acting part."""

    target: WanProfile
    plan: ChangePlan
    baseline: GateResult


class Switch:
    """One switch at one site. Whatever is pending must have been settled before (`recover`).

    Args:
        site: desired state.
        ports: modem, gate, interlocks, disk, clock, outage watch.
        journal: the site's journal.
        request: what was asked for.
        state: the modem as it was read just now; None: it is read here.
    """

    def __init__(
        self,
        site: Site,
        ports: Ports,
        journal: Journal,
        request: SwitchRequest,
        state: ModemState | None = None,
    ) -> None:
        self._site = site
        self._ports = ports
        self._request = request
        self._journal = journal
        self._state = state

    def run(self) -> SwitchOutcome:
        """Switch, or refuse, or come back. Raises `JournalError` before anything was touched."""
        run = Run.begin(self._site, self._ports, self._journal, self._request)
        run.enter(SwitchState.PREFLIGHT)
        try:
            prepared = self._preflight(run)
        except RekamatanError as error:
            return run.finish(SwitchState.REFUSED, None, str(error))
        except OSError as error:
            return run.finish(SwitchState.REFUSED, run.previous or None, f"disk_full: {error}")
        if not isinstance(prepared, Prepared):
            return prepared
        return self._act(run, prepared)

    def _preflight(self, run: Run) -> Prepared | SwitchOutcome:
        """Reads only. Reasons not to go end in `refused`."""
        ports = self._ports
        if reasons := self._at_the_door(ports.clock.wall()):
            return _refuse(run, reasons)
        target = self._site.profiles[run.target]
        state = self._state or ports.driver.read_state()
        run.previous = state.profile or ""
        if reasons := self._no_go(run, state):
            return _refuse(run, reasons)
        plan = self._plan(run, target, state)
        if plan.empty:
            return self._already_active(run, target)
        baseline = ports.gate.baseline(self._site.profiles[run.previous])
        second = measure_beside(run, target, baseline)
        if reasons := self._no_go(run, state, baseline, self._wait_for_captures(), second):
            return _refuse(run, reasons)
        backup = ports.driver.backup()
        replace(ports.disk, f"backups/{run.run_id}.txt", backup.encode())
        return Prepared(target, plan, baseline)

    def _at_the_door(self, now: datetime) -> tuple[Reason, ...]:
        """What forbids it before the modem is even asked."""
        return reasons_at_the_door(self._site, self._request, now, self._ports.signatures)

    def _plan(self, run: Run, target: WanProfile, state: ModemState) -> ChangePlan:
        """What the modem will be told, and the way back."""
        return self._ports.driver.render(target, state, run.run_id)

    def _no_go(
        self,
        run: Run,
        state: ModemState,
        baseline: GateResult | None = None,
        captures: int | None = None,
        second: SecondPath | None = None,
    ) -> tuple[Reason, ...]:
        """Look, keep what was found as the run's checks, and tell what forbids the switch.

        Looked at twice: before minutes are spent on a baseline, and again after them.
        """
        found = Found(
            state=state,
            pending=self._ports.driver.pending(),
            captures=captures,
            free_bytes=self._ports.interlocks.free_bytes(),
            journal_damage=self._journal.damage,
            surroundings=self._ports.surroundings(),
            baseline=baseline,
            second=second or second_path(self._ports.driver),
            heard=fresh_sighting(self._ports.disk, run.target, self._ports.clock.wall()),
        )
        run.checks = preflight(self._site, self._site.profiles[run.target], found)
        return no_go_reasons(run.checks) or self._not_for_this(run, state)

    def _not_for_this(self, run: Run, state: ModemState) -> tuple[Reason, ...]:
        """What a kind of run asks beyond the checks of every run."""
        del run, state
        return ()

    def _wait_for_captures(self) -> int:
        """A capture that is nearly done may end; a new one starting again ends the patience."""
        until = self._ports.clock.monotonic() + CAPTURE_WAIT_S
        while captures := self._ports.interlocks.active_captures():
            if self._ports.clock.monotonic() >= until:
                return captures
            self._ports.clock.sleep(CAPTURE_POLL_S)
        return 0

    def _already_active(self, run: Run, target: WanProfile) -> SwitchOutcome:
        """Nothing differs on the modem; without the canary, because nothing changes."""
        gate = self._ports.gate.check(target, None, canary=False, within_s=60.0)
        run.gate = gate
        if gate.verdict is Verdict.FAIL:
            text = f"already_active: {target.name} is active, but: {'; '.join(gate.reasons)}"
            return run.finish(SwitchState.REFUSED, target.name, text)
        return run.finish(SwitchState.COMMITTED, target.name, f"{target.name} was already active")

    def _act(self, run: Run, prepared: Prepared) -> SwitchOutcome:
        seconds = arm_seconds(prepared.target, prepared.baseline)
        # Taken before the modem starts counting: the server's deadline is the earlier one.
        patience = server_seconds(prepared.target, prepared.baseline)
        deadline = self._ports.clock.monotonic() + patience
        try:
            run.arm(prepared.plan, prepared.baseline, seconds)
        except JournalError as error:
            return run.finish(SwitchState.REFUSED, run.previous, f"disk_full: {error}")
        run.watch()
        try:
            self._change(run, prepared, seconds, deadline)
            self._gate(run, prepared.target, deadline)
            return confirm(run, deadline)
        except TurnBackError as error:
            return revert(run, error.reason)
        except Exception as error:  # noqa: BLE001 - once armed, every failure leads to the way back
            return revert(run, f"{type(error).__name__}: {error}")

    def _set_out(self, run: Run, prepared: Prepared, seconds: int, deadline: float) -> None:
        """Arm the modem, then send the change."""
        driver = self._ports.driver
        if driver.rollback is Rollback.DEVICE:
            driver.arm(prepared.plan, seconds)
        left = deadline - self._ports.clock.monotonic()
        if left < prepared.target.attach_timeout_s:
            raise TurnBackError(self._site.slug, "apply", "arming the modem took too long")
        run.enter(SwitchState.APPLIED)
        driver.apply(prepared.plan)

    def _change(self, run: Run, prepared: Prepared, seconds: int, deadline: float) -> None:
        self._set_out(run, prepared, seconds, deadline)
        until = self._ports.clock.monotonic() + prepared.target.attach_timeout_s
        found = wait_attached(self._site, self._ports, prepared.target, min(until, deadline))
        if found.reasons:
            raise TurnBackError(self._site.slug, "attach", in_words(found.reasons))
        address = found.state.wan_ip if found.state else None
        run.enter(SwitchState.ATTACHED, wan_ip=address)

    def _gate(self, run: Run, target: WanProfile, deadline: float) -> None:
        left = deadline - self._ports.clock.monotonic()
        gate = self._ports.gate.check(target, run.baseline, canary=True, within_s=max(0.0, left))
        run.gated(gate)
        if gate.verdict is Verdict.FAIL:
            raise TurnBackError(self._site.slug, "gate", "; ".join(gate.reasons))
        if self._ports.clock.monotonic() >= deadline:
            raise TurnBackError(self._site.slug, "gate", "it took longer than the modem waits")


def _refuse(run: Run, reasons: tuple[Reason, ...]) -> SwitchOutcome:
    return run.finish(SwitchState.REFUSED, run.previous or None, in_words(reasons))
