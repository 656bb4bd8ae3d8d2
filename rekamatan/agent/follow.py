"""Following a run from outside: its states while it goes, its outcome at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rekamatan.agent.units import active
from rekamatan.errors import UnknownOutcomeError
from rekamatan.wan import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.models import SwitchOutcome, SwitchState

POLL_S = 0.5  # somebody watches the steps; the unit writes files and can notify nobody
GONE_S = 10.0  # a unit that is restarted after a kill is back sooner than this
LONGEST_S = 1800.0


def follow(run_id: str, tell: Callable[[SwitchState, float], None]) -> SwitchOutcome:
    """Wait for the outcome, telling each new state once.

    Raises:
        UnknownOutcomeError: the unit is gone or too slow; the run may still end well.
    """
    started = last_alive = time.monotonic()
    told: SwitchState | None = None
    while True:
        if (found := request.outcome(run_id)) is not None:
            return found
        step = request.progress(run_id)
        if step is not None and step[0] is not told:
            told = step[0]
            tell(*step)
        now = time.monotonic()
        last_alive = now if active(request.UNIT) else last_alive
        if now - last_alive > GONE_S or now - started > LONGEST_S:
            raise UnknownOutcomeError(
                f"run {run_id}",
                "follow",
                "it has not ended, and the unit does not run",
                f"rekamatan wan recover; journalctl -u {request.UNIT} -n 50",
            )
        time.sleep(POLL_S)  # another process writes what is waited for; its end is seen above
