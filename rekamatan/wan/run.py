"""One run's place in the journal: its facts, its steps and its outcome, also after a power cut."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from rekamatan.models import (
    ChangePlan,
    LadderStep,
    PreflightCheck,
    SwitchOutcome,
    SwitchState,
)
from rekamatan.plain import Place, from_plain, to_plain
from rekamatan.verify.store import gate_from
from rekamatan.wan.deadline import seconds_left
from rekamatan.wan.journal import TERMINAL, Entry, Journal, JournalError
from rekamatan.wan.known_good import KnownGood, keep_known_good, known_good
from rekamatan.wan.order import number_in
from rekamatan.wan.outcome import outcome_to_dict
from rekamatan.wan.ports import replace

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import GateResult, Site
    from rekamatan.wan.ports import Ports

PLACE = Place("journal")
Kind = Literal["switch", "rollback", "confirm", "survey", "restore"]


@dataclass(frozen=True, slots=True)
class SwitchRequest:
    """What was asked for. `profile` is the target; for a confirm it is empty."""

    run_id: str
    kind: Kind
    profile: str
    change_order: str  # its number
    order: str = ""  # the signed order file's text, where one was given
    leaves: str = ""  # the profile a rollback leaves: the order of the switch to it covers both
    backup: str = ""  # of a restore: the kept configuration's text
    window: str = ""  # of a survey: when the office may be without its link, `start/end`

    @property
    def number(self) -> str:
        """The order's number: as it was given, else as the order file tells it."""
        return self.change_order or number_in(self.order)


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
    checks: tuple[PreflightCheck, ...] = ()
    outage_s: float | None = None
    reason: str = ""  # why it turned back, once it did
    watching: bool = False
    _entries: list[Entry] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        site: Site,
        ports: Ports,
        journal: Journal,
        request: SwitchRequest,
        *,
        even_unwritten: bool = False,
    ) -> Run:
        """A new run; journals that it is planned.

        With `even_unwritten` it goes on where the disk does not take that: only for a way back,
        which does no harm when the next start takes it again.

        Raises:
            JournalError: the disk did not take it.
        """
        number = request.number
        run = cls(site, ports, journal, request.run_id, request.profile, number)
        run.kind = request.kind
        facts = {"target": run.target, "change_order": number, "kind": request.kind}
        facts |= {"order": request.order} if request.order else {}
        try:
            run.enter(SwitchState.PLANNED, **facts)
        except JournalError:
            if not even_unwritten:
                raise
            run._entries.append(journal.stamped(run.run_id, SwitchState.PLANNED, facts))
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
        run.checks = from_plain(tuple[PreflightCheck, ...], facts.get("checks", []), PLACE)
        run.reason = facts.get("reason", "")
        return run

    @property
    def ladder(self) -> tuple[LadderStep, ...]:
        """What was tried after neither profile worked, also before a power cut."""
        found = [entry.data["tried"] for entry in self._entries if "tried" in entry.data]
        return from_plain(tuple[LadderStep, ...], found, PLACE)

    @property
    def moved_to(self) -> str:
        """The profile on which the ladder had passed a gate; empty when there is none."""
        return next(
            (e.data["moved_to"] for e in reversed(self._entries) if "moved_to" in e.data), ""
        )

    @property
    def state(self) -> SwitchState:
        """The newest journalled state."""
        return self._entries[-1].state

    def seconds_left(self) -> float:
        """What is left of the server's deadline, at most; see `deadline.seconds_left`."""
        return seconds_left(self._entries, self.ports.clock)

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
            checks=to_plain(self.checks),
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

    def note(self, **data: object) -> None:
        """Journal something about the way back. A full disk must not end it."""
        try:
            self.enter(SwitchState.REVERTING, **data)
        except JournalError as error:
            if str(error) not in self.reason:
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
        if self.kind == "restore":  # no carrier changed: what is known to be good stays so
            return self.finish(SwitchState.COMMITTED, self.target, reason, changed=True)
        previous = self.previous if self.kind == "switch" else ""
        reason += self._keep_known_good(self.target, previous)
        return self.finish(SwitchState.COMMITTED, self.target, reason, changed=True)

    def back(self, reason: str) -> SwitchOutcome:
        """The old profile is active and proven; after a commit that was undone it is known good."""
        if known_good(self.ports.disk, self.site).run_id == self.run_id:
            reason += self._keep_known_good(self.previous, "")
        return self.finish(SwitchState.REVERTED, self.previous, reason)

    def elsewhere(self, profile: str, reason: str) -> SwitchOutcome:
        """Neither profile worked, `profile` does and passed its gate."""
        if profile == self.target:
            return self.commit(reason)
        reason += self._keep_known_good(profile, "")
        return self.finish(SwitchState.REVERTED, profile, reason)

    def _keep_known_good(self, profile: str, previous: str) -> str:
        """What to add to the reason when it could not be written.

        A full disk must not undo a link that works.
        """
        known = KnownGood(profile, previous, self.change_order, self.run_id)
        try:
            keep_known_good(self.ports.disk, known)
        except OSError as error:
            return f"; known-good profile not written: {error}"
        return ""

    def seconds(self, entry: Entry | None = None) -> float:
        """Seconds from the first step to `entry`, or to now."""
        return elapsed(self._entries[0], self.ports.clock, entry)

    def _outcome(
        self, state: SwitchState, active: str | None, reason: str, *, changed: bool
    ) -> SwitchOutcome:
        groups = groupby(self._entries, key=lambda entry: entry.state)
        steps = [(state.value, self.seconds(next(entries))) for state, entries in groups]
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
            checks=self.checks,
            ladder=self.ladder,
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
