"""Settle what an earlier run left behind, at boot and before every new run.

A run is confirmed, reverted or refused; a second change is never stacked on an open one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rekamatan.models import SwitchState
from rekamatan.wan.attach import REACH_S, live, look
from rekamatan.wan.beside import close_beside
from rekamatan.wan.journal import TERMINAL, JournalError
from rekamatan.wan.known_good import known_good
from rekamatan.wan.outcome import outcome_from_dict
from rekamatan.wan.run import Run, SwitchRequest, publish
from rekamatan.wan.wayback import finish_confirming, revert, settle_confirming

if TYPE_CHECKING:
    from rekamatan.models import Site, SwitchOutcome
    from rekamatan.wan.journal import Journal
    from rekamatan.wan.ports import Ports

UNTOUCHED = frozenset({SwitchState.PLANNED, SwitchState.PREFLIGHT})


def settle(
    site: Site, ports: Ports, journal: Journal, silent_s: float = REACH_S
) -> SwitchOutcome | None:
    """Bring the newest run to its end.

    Args:
        site: desired state.
        ports: the world.
        journal: the site's journal.
        silent_s: how long a silent modem is waited for where no run is open, only to compare; at
            boot that is as long as a modem takes to start.

    Returns:
        Its outcome when something was open; None when nothing was. An outcome whose state is not
        terminal means that the modem did not answer: try again.
    """
    with suppress(OSError):  # a disk that takes nothing must not keep the office from its link
        journal.secure()
    if journal.damaged:
        return _settle_damaged(site, ports, journal)
    if entries := journal.unfinished():
        return _settle_open(Run.resume(site, ports, journal, entries))
    with suppress(OSError):  # the next start tries again
        _publish_again(ports, journal)
    return _commit_undone(site, ports, journal, silent_s)


def _settle_open(run: Run) -> SwitchOutcome:
    """By the newest step that is durable: nothing was touched, it may be confirmed, or back."""
    if run.state in UNTOUCHED:
        close_beside(run.ports)
        return run.finish(
            SwitchState.REFUSED, None, "interrupted before anything was touched; start it again"
        )
    if run.state is SwitchState.CONFIRMING:
        return finish_confirming(run)
    return revert(run, f"interrupted in state {run.state.value}")


def _settle_damaged(site: Site, ports: Ports, journal: Journal) -> SwitchOutcome | None:
    """A step cannot be read that may have been done: back to what last passed a gate.

    Nothing to do where the damage lies in runs that ended: the preflight refuses new ones.
    """
    entries = journal.unfinished()
    known = known_good(ports.disk, site)
    reason = f"journal_damaged: {journal.damage}"
    if not entries and not journal.end_lost:
        return None
    if not entries:
        run_id = f"d{ports.clock.wall():%Y%m%d-%H%M%S}"
        asked = SwitchRequest(run_id, "rollback", known.profile, known.change_order)
        try:
            run = Run.begin(site, ports, journal, asked)
        except JournalError:  # a full disk: each start comes here again until there is room
            if _in_place(ports, known.profile):
                return None
            run = Run.begin(site, ports, journal, asked, even_unwritten=True)
    else:
        run = Run.resume(site, ports, journal, entries)
        if known.run_id == run.run_id:  # written only after its gate had passed
            return settle_confirming(run)
    run.previous = run.previous or known.profile
    return revert(run, reason)


def _in_place(ports: Ports, profile: str) -> bool:
    """The modem has `profile`, and nothing on it that could change that."""
    found = look(ports)
    return found is not None and found[0].profile == profile and not live(found[1], "")


def _commit_undone(
    site: Site, ports: Ports, journal: Journal, silent_s: float
) -> SwitchOutcome | None:
    """What the modem has must be what the journal says was confirmed.

    A modem writes its flash a moment after it answered: a power cut within a second of the
    confirm brings the timer back, and with it the old profile. Then that is the truth.
    """
    entries = journal.last_run()
    if not entries or entries[-1].state is not SwitchState.COMMITTED:
        return None
    run = Run.resume(site, ports, journal, entries)
    if run.plan is None or run.previous == run.target:  # no other profile to fall back to
        return None
    found = look(ports, silent_s)
    if found is None:
        return None
    state, pending = found
    if state.profile == run.target and live(pending, run.run_id):
        return finish_confirming(run)
    if state.profile == run.previous:
        return revert(run, f"undone_by_power_cut: the modem is back on {run.previous}")
    return None


def _publish_again(ports: Ports, journal: Journal) -> None:
    """The cut may have come between the last entry and the outcome file."""
    entries = journal.last_run()
    if not entries or entries[-1].state not in TERMINAL:
        return
    outcome = outcome_from_dict(entries[-1].data["outcome"])
    if ports.disk.read(f"outcomes/{outcome.run_id}.json") is None:
        publish(ports, outcome)
