"""Was the office left on a working link, and was it told the truth? Pure: evidence in, faults out.

Nothing here believes the product: the bearer is the process that holds it, the link is the office's
own pings and records, the journal is compared with what was seen while it was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.matrix.cases import SERVER_DEAD
from lab.matrix.journal import TERMINAL, missing

if TYPE_CHECKING:
    from lab.matrix.cases import Case
    from lab.matrix.journal import Line

_REFUSED_EXIT = 3
_DOWN = 0.5  # share of answers below which a link was not there


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found when a case was over."""

    case: Case
    old: str
    target: str
    run_id: str
    promised: tuple[Line, ...]  # entries that the switch had gone on from
    journal: tuple[Line, ...]
    outcome: dict[str, Any] | None
    bearer: str | None  # profile that is attached
    link_works: bool
    record_arrived: bool  # one captured after the end is at the data centre
    answered_at_last: float = 1.0  # share of answers in the last seconds before it was told
    answered_before: float = 0.0  # the same over the time a verdict takes
    waiting: int = 0
    lost: int = 0
    facts: dict[str, float | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was wrong; nothing when all three are empty or zero."""

    stranded: tuple[str, ...]
    untrue: tuple[str, ...]
    lost: int

    @property
    def sound(self) -> bool:
        """Whether the case was survived."""
        return not self.stranded and not self.untrue and not self.lost


def judge(found: Evidence) -> Findings:
    """All that is wrong with how it ended."""
    untrue = (*_vanished(found), *_false_outcome(found), *_second(found))
    return Findings(_stranded(found), untrue, found.lost)


def _stranded(found: Evidence) -> tuple[str, ...]:
    problems = []
    if not found.link_works:
        problems.append("the office does not reach the data centre")
    elif not found.record_arrived:
        problems.append("no record arrives at the data centre")
    if found.bearer is None:
        problems.append("the modem holds no bearer, or two")
    alone = found.case.fault == SERVER_DEAD and found.facts.get("modem_alone_s") is None
    if alone:
        problems.append("with the server dead the modem did not come back alone")
    return tuple(problems)


def _vanished(found: Evidence) -> tuple[str, ...]:
    gone = missing(found.promised, found.journal)
    states = ", ".join(line.state for line in gone)
    return (f"entries acted upon are gone from the journal: {states}",) if gone else ()


def _false_outcome(found: Evidence) -> tuple[str, ...]:
    mine = [line for line in found.journal if line.run_id == found.run_id]
    if found.outcome is None:
        return ("the run has entries in the journal and no outcome",) if mine else ()
    state = str(found.outcome.get("state"))
    problems = []
    if state not in TERMINAL:
        problems.append(f"the outcome is {state}: not an end")
    if not mine or mine[-1].state != state:
        last = mine[-1].state if mine else "nothing"
        problems.append(f"the outcome is {state}, the journal ends with {last}")
    expected = {"committed": found.target, "reverted": found.old, "refused": found.old}.get(state)
    if expected is not None and found.bearer not in {expected, None}:
        problems.append(f"the outcome is {state}, and {found.bearer} is attached")
    active = found.outcome.get("active")
    if active and found.bearer not in {active, None}:
        problems.append(f"{active} is said to be active, {found.bearer} is attached")
    if state == "stranded" and found.answered_before >= _DOWN:
        problems.append("called stranded while the data centre answered")
    if state == "reverted" and found.answered_at_last < _DOWN and not _excused(found):
        problems.append("called reverted while the data centre did not answer")
    return tuple(problems)


def _excused(found: Evidence) -> bool:
    """The fault came after the old link was proven, or it is said to have been no better before."""
    reason = str((found.outcome or {}).get("reason", ""))
    return found.case.state == "reverted" or "did not pass before" in reason


def _second(found: Evidence) -> tuple[str, ...]:
    """Nothing may be stacked on an open run, and whoever tries must hear it."""
    problems = []
    first = min((line.seq for line in found.journal if line.run_id == found.run_id), default=None)
    others = {
        line.run_id
        for line in found.journal
        if first is not None and line.seq > first and line.run_id != found.run_id
    }
    if others:
        problems.append(f"another run was begun: {', '.join(sorted(others))}")
    status = found.facts.get("second_exit")
    if status is not None and status != _REFUSED_EXIT:
        problems.append(f"a second switch ended with exit {status}, not {_REFUSED_EXIT}")
    return tuple(problems)
