"""One run's place in the journal: its facts, its steps and its outcome, also after a power cut."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from rekamatan.models import ChangePlan, SwitchOutcome, SwitchState
from rekamatan.plain import Place, from_plain, to_plain
from rekamatan.verify.store import gate_from
from rekamatan.wan.journal import TERMINAL, Entry, Journal, JournalError
from rekamatan.wan.outcome import outcome_to_dict
from rekamatan.wan.ports import replace

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import GateResult, Site
    from rekamatan.wan.ports import Ports

KNOWN_GOOD = "known-good.json"
PLACE = Place("journal")
Kind = Literal["switch", "rollback", "confirm"]


@dataclass(frozen=True, slots=True)
class SwitchRequest:
    """What was asked for. `profile` is the target; for a confirm it is empty."""

    run_id: str
    kind: Kind
    profile: str
    change_order: str


@dataclass(slots=True)
class Run:
    """A run as far as it got. Facts live here and in the journal, never only here."""

    site: Site
    ports: Ports
    journal: Journal
    run_id: str
    target: str
    change_order: str
    kind: Kind = "switch"
    previous: str = ""
    plan: ChangePlan | None = None
    baseline: GateResult | None = None
    gate: GateResult | None = None
    outage_s: float | None = None
    reason: str = ""  # why it turned back, once it did
    watching: bool = False
    _entries: list[Entry] = field(default_factory=list)

    @classmethod
    def begin(cls, site: Site, ports: Ports, journal: Journal, request: SwitchRequest) -> Run:
        """A new run; journals that it is planned.

        Raises:
            JournalError: the disk did not take it.
        """
        run = cls(site, ports, journal, request.run_id, request.profile, request.change_order)
        run.kind = request.kind
        facts = {"target": run.target, "change_order": run.change_order, "kind": request.kind}
        run.enter(SwitchState.PLANNED, **facts)
        return run

    @classmethod
    def resume(cls, site: Site, ports: Ports, journal: Journal, entries: tuple[Entry, ...]) -> Run:
        """A run as the journal knows it."""
        facts: dict[str, Any] = {}
        for entry in entries:
            facts |= entry.data
        run = cls(site, ports, journal, entries[0].run_id, "", "", _entries=list(entries))
        run.target = facts.get("target", "")
        run.change_order = facts.get("change_order", "")
        run.kind = facts.get("kind", "switch")
        run.previous = facts.get("previous", "")
        run.plan = from_plain(ChangePlan, facts["plan"], PLACE) if "plan" in facts else None
        run.baseline = gate_from(facts["baseline"]) if facts.get("baseline") else None
        run.gate = gate_from(facts["gate"]) if facts.get("gate") else None
        run.reason = facts.get("reason", "")
        return run

    @property
    def state(self) -> SwitchState:
        """The newest journalled state."""
        return self._entries[-1].state

    def enter(self, state: SwitchState, **data: object) -> None:
        """Journal `state`; what it announces may be done when this returns.

        Raises:
            JournalError: the disk did not take it.
        """
        self._entries.append(self.journal.record(self.run_id, state, data))

    def watch(self) -> None:
        """From here on seconds without the data centre count."""
        self.ports.outage.start()
        self.watching = True

    def arm(self, plan: ChangePlan, baseline: GateResult, seconds: int) -> None:
        """Journal everything that is needed to come back without us."""
        self.plan, self.baseline, self.previous = plan, baseline, plan.previous
        self.enter(
            SwitchState.ARMED,
            plan=to_plain(plan),
            previous=plan.previous,
            arm_s=seconds,
            baseline=to_plain(baseline),
        )

    def gated(self, gate: GateResult) -> None:
        """Journal the gate's decision before acting on it."""
        self.gate = gate
        self.enter(SwitchState.GATED, gate=to_plain(gate))

    def turn_back(self, reason: str) -> None:
        """Journal the way back. A full disk must not keep the office from its old link."""
        self.reason = self.reason or reason
        try:
            self.enter(SwitchState.REVERTING, reason=self.reason)
        except JournalError as error:
            self.reason += f"; {error}"

    def finish(
        self, state: SwitchState, active: str | None, reason: str, *, changed: bool = False
    ) -> SwitchOutcome:
        """End the run: the outcome goes into the last entry, then into its own file."""
        if self.watching:
            self.watching = False
            self.outage_s = self.ports.outage.stop()
        outcome = self._outcome(state, active, reason, changed=changed)
        try:
            if state in TERMINAL:
                self.enter(state, outcome=outcome_to_dict(outcome))
            publish(self.ports, outcome)
        except (JournalError, OSError) as error:
            # The link is settled; only the writing failed. The next start settles it again.
            return self._outcome(state, active, f"{reason}; {error}", changed=changed)
        return outcome

    def unsettled(self, reason: str) -> SwitchOutcome:
        """The modem does not answer: not known is not an end, the next start goes on."""
        return self.finish(self.state, None, reason)

    def commit(self, reason: str) -> SwitchOutcome:
        """The target is confirmed: it becomes the known-good profile.

        After a rollback there is no profile to go back to: pressing twice must not switch again.
        """
        known = {
            "profile": self.target,
            "previous": self.previous if self.kind == "switch" else "",
            "run_id": self.run_id,
            "change_order": self.change_order,
        }
        try:
            replace(self.ports.disk, KNOWN_GOOD, json.dumps(known).encode())
        except OSError as error:
            # Confirmed is confirmed: a full disk must not undo a link that works.
            reason = f"{reason}; known-good profile not written: {error}"
        return self.finish(SwitchState.COMMITTED, self.target, reason, changed=True)

    def seconds(self, entry: Entry | None = None) -> float:
        """Seconds from the first step to `entry`, or to now."""
        return elapsed(self._entries[0], self.ports.clock, entry)

    def _outcome(
        self, state: SwitchState, active: str | None, reason: str, *, changed: bool
    ) -> SwitchOutcome:
        steps = [(entry.state.value, self.seconds(entry)) for entry in self._entries]
        if steps[-1][0] != state.value:
            steps.append((state.value, self.seconds()))
        return SwitchOutcome(
            run_id=self.run_id,
            site=self.site.slug,
            state=state,
            target=self.target,
            previous=self.previous,
            active=active,
            change_order=self.change_order,
            reason=reason,
            gate=self.gate,
            baseline=self.baseline,
            outage_s=self.outage_s,
            started=self._entries[0].wall,
            duration_s=self.seconds(),
            steps=tuple(steps),
            changed=changed,
        )


def elapsed(first: Entry, clock: Clock, entry: Entry | None = None) -> float:
    """Seconds from `first` to `entry` or to now; wall time only where a reboot lies between."""
    boot = entry.boot_id if entry else clock.boot_id()
    if boot == first.boot_id:
        moment = entry.monotonic if entry else clock.monotonic()
        return round(max(0.0, moment - first.monotonic), 1)
    wall = datetime.fromisoformat(entry.wall) if entry else clock.wall()
    return round(max(0.0, (wall - datetime.fromisoformat(first.wall)).total_seconds()), 1)


def publish(ports: Ports, outcome: SwitchOutcome) -> None:
    """Write the outcome where `request.outcome` finds it."""
    content = json.dumps(outcome_to_dict(outcome), sort_keys=True).encode()
    replace(ports.disk, f"outcomes/{outcome.run_id}.json", content)
