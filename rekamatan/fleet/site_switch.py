"""The site's side of a switch that is followed from afar: begin it once, tell the news of it.

Run at the site as `python -m rekamatan.fleet.site_switch RUN_ID KNOWN_STATE WAIT_S`: it answers
when the state differs from the known one, when the run has ended, or when the wait is over.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.clock import Clock, SystemClock
from rekamatan.errors import RefusedError, RekamatanError
from rekamatan.wan import request
from rekamatan.wan.outcome import outcome_to_dict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rekamatan.wan.run import Kind

POLL_S = 0.3


def begin(  # noqa: PLR0913 - the last two are ports with their real defaults
    kind: Kind,
    profile: str,
    change_order: str,
    *,
    order: str = "",
    root: Path = paths.WAN,
    clock: Clock | None = None,
) -> str:
    """Start this switch, or join it when the very same one is running. Returns the run id.

    Asking twice is safe: a controller that lost the link before it read the run id asks again.

    Raises:
        RefusedError: a different run is active.
    """
    try:
        return request.submit(kind, profile, change_order, order=order, root=root)
    except RefusedError:
        filed = request.filed(root)
        if filed is None or request.outcome(filed.request.run_id, root=root) is not None:
            raise
        wanted = (kind, profile, change_order, order)
        found = filed.request
        if (found.kind, found.profile, found.change_order, found.order) != wanted:
            raise
        if filed.age_s(clock or SystemClock()) > request.VALID_S:
            raise
        return found.run_id


def news(
    run_id: str, known: str, wait_s: float, *, root: Path = paths.WAN, clock: Clock | None = None
) -> dict[str, Any]:
    """`{"state", "seconds", "outcome"}` of a run; state "" before its first step."""
    clock = clock or SystemClock()
    deadline = clock.monotonic() + wait_s
    while True:
        outcome = request.outcome(run_id, root=root)
        state, seconds = request.progress(run_id, root=root) or ("", 0.0)
        if outcome or state != known or clock.monotonic() >= deadline:
            found = outcome_to_dict(outcome) if outcome else None
            return {"state": str(state), "seconds": round(seconds, 1), "outcome": found}
        clock.sleep(POLL_S)


def main(arguments: Sequence[str]) -> None:
    """Print the news as one line of JSON."""
    run_id, known, wait_s = arguments
    try:
        answer = news(run_id, known, float(wait_s))
    except RekamatanError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))  # noqa: T201 - the answer goes to standard output


if __name__ == "__main__":
    main(sys.argv[1:])
