"""The site's side of a switch that is followed from afar: begin it once, tell the news of it.

Run at the site as `python -m rekamatan.fleet.site_switch RUN_ID KNOWN_STATE WAIT_S`: it answers
when the state differs from the known one, when the run has ended, or when the wait is over.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.clock import Clock, SystemClock
from rekamatan.errors import RefusedError, RekamatanError, UnknownOutcomeError
from rekamatan.fleet.ledger import SiteState
from rekamatan.wan import request
from rekamatan.wan.outcome import outcome_to_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rekamatan.wan.run import Kind

POLL_S = 0.3
COMMAND = "/usr/local/bin/rekamatan"


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


def asked(given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """What module `wan_profile` answers: the run that was begun, or in check mode the plan.

    Args:
        given: the module's parameters `name`, `state`, `change_order`, `order`.
        check: only plan.

    Raises:
        RefusedError: the site would refuse it, or another run is active.
        UnknownOutcomeError: the plan could not be made.
    """
    name, number, order = (str(given[key]) for key in ("name", "change_order", "order"))
    if check:
        return planned(name, number, order)
    kind: Kind = "switch" if given["state"] == "active" else "rollback"
    return {"changed": False, "run_id": begin(kind, name, number, order=order)}


def _ask(argv: list[str], text: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command that is given `text`, byte for byte."""
    try:
        done = subprocess.run(
            argv, input=text, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except OSError as error:
        return 127, "", str(error)
    return done.returncode, done.stdout, done.stderr


def state_of(error: RekamatanError) -> str:
    """The site's state, in the words of a rollout, when asking it ended in `error`."""
    unknown = isinstance(error, UnknownOutcomeError)
    return (SiteState.UNKNOWN if unknown else SiteState.PREFLIGHT_FAILED).value


def planned(
    name: str, number: str, order: str, ask: Callable[[list[str], str], tuple[int, str, str]] = _ask
) -> dict[str, Any]:
    """What a switch would change, as the site's own `rekamatan wan plan` sees it.

    Raises:
        RefusedError: it would be refused; names every reason.
        UnknownOutcomeError: no plan came back.
    """
    argv = [COMMAND, "wan", "plan", "--profile", name, "--change-order", number, "--json"]
    code, out, error = ask([*argv, "--order", "-"] if order else argv, order)
    try:
        found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        reasons, commands = found["reasons"], found["commands"]
    except (ValueError, IndexError, TypeError, KeyError):
        said = (error or out).strip()[-600:] or f"exit {code} and no word"
        raise UnknownOutcomeError("WAN switch", "plan", said, f"run {' '.join(argv)}") from None
    if reasons:
        said = "; ".join(f"{reason['code']}: {reason['detail']}" for reason in reasons)
        raise RefusedError("WAN switch", "plan", f"it would be refused: {said}")
    diff = {"before": found.get("before", ""), "after": found.get("after", "")}
    changed = {"changed": bool(commands), "commands": commands}
    return changed | {"diff": diff, "state": SiteState.PLANNED.value}


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
