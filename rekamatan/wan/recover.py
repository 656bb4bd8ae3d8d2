"""Settle what an earlier run left behind, at boot and before every new run.

A run is confirmed, reverted or refused; a second change is never stacked on an open one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.models import SwitchState
from rekamatan.wan.journal import TERMINAL
from rekamatan.wan.outcome import outcome_from_dict
from rekamatan.wan.run import Run, publish
from rekamatan.wan.wayback import finish_confirming, revert

if TYPE_CHECKING:
    from rekamatan.models import Site, SwitchOutcome
    from rekamatan.wan.journal import Journal
    from rekamatan.wan.ports import Ports

UNTOUCHED = frozenset({SwitchState.PLANNED, SwitchState.PREFLIGHT})


def settle(site: Site, ports: Ports, journal: Journal) -> SwitchOutcome | None:
    """Bring the newest run to its end.

    Returns:
        Its outcome when something was open; None when nothing was. An outcome whose state is not
        terminal means that the modem did not answer: try again.
    """
    journal.secure()
    entries = journal.unfinished()
    if not entries:
        _publish_again(ports, journal)
        return None
    run = Run.resume(site, ports, journal, entries)
    if run.state in UNTOUCHED:
        return run.finish(
            SwitchState.REFUSED, None, "interrupted before anything was touched; start it again"
        )
    if run.state is SwitchState.CONFIRMING:
        return finish_confirming(run)
    return revert(run, f"interrupted in state {run.state.value}")


def _publish_again(ports: Ports, journal: Journal) -> None:
    """The cut may have come between the last entry and the outcome file."""
    entries = journal.last_run()
    if not entries or entries[-1].state not in TERMINAL:
        return
    outcome = outcome_from_dict(entries[-1].data["outcome"])
    if ports.disk.read(f"outcomes/{outcome.run_id}.json") is None:
        publish(ports, outcome)
