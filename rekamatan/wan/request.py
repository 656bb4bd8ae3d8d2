"""Asking for a switch and following it: files, one lock, and the unit that does the work.

`wan/request.json` names one run; `rekamatan-wan.service` does it; `wan/outcomes/<run_id>.json`
is the truth about it. Whoever asked may die: nothing waits for it.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import subprocess
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.clock import Clock, SystemClock
from rekamatan.errors import RefusedError, RekamatanError
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.journal import Journal
from rekamatan.wan.outcome import outcome_from_dict
from rekamatan.wan.ports import replace
from rekamatan.wan.run import Kind, SwitchRequest, elapsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rekamatan.models import SwitchOutcome, SwitchState

UNIT = "rekamatan-wan.service"
REQUEST = "request.json"
STARTING_S = 30.0  # how long a request may wait for the unit before another may replace it
VALID_S = 600.0  # a request that nobody took up is not carried out later by surprise


@dataclass(frozen=True, slots=True)
class Filed:
    """A request as it lies on disk, with the moment it was made."""

    request: SwitchRequest
    boot_id: str
    monotonic: float

    def age_s(self, clock: Clock) -> float:
        """Seconds since it was made; endless when that was before a reboot."""
        if self.boot_id != clock.boot_id():
            return float("inf")
        return clock.monotonic() - self.monotonic


def new_run_id(clock: Clock) -> str:
    """Names objects on the modem too: [a-z0-9-], 21 characters, sorts by time."""
    return f"w{clock.wall():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def start_unit() -> None:
    """Have systemd do the work, so that it outlives the session that asked.

    Raises:
        RekamatanError: systemd refused.
    """
    argv = ["systemctl", "start", "--no-block", UNIT]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RekamatanError(UNIT, "start", done.stderr.strip(), "systemctl status " + UNIT)


def submit(  # noqa: PLR0913 - the last three are ports with their real defaults
    kind: Kind,
    profile: str,
    change_order: str,
    *,
    order: str = "",
    window: str = "",
    backup: str = "",
    root: Path = paths.WAN,
    start: Callable[[], None] = start_unit,
    clock: Clock | None = None,
) -> str:
    """Write the request durably and start the unit. Returns the run id.

    Args:
        kind: what is wanted.
        profile: where to; empty but for a switch.
        change_order: number of the order.
        order: text of the signed order file, where the district demands one.
        window: of a survey.
        backup: of a restore.
        root: the folder of the WAN's files.
        start: starts the unit.
        clock: stamps the request.

    Raises:
        RefusedError: another run is active or about to start, or the disk is full.
        RekamatanError: systemd did not start the unit.
    """
    clock = clock or SystemClock()
    with _locked(root, "submit.lock", "another request is being made"):
        _must_be_free(root, clock)
        request = SwitchRequest(
            new_run_id(clock), kind, profile, change_order, order, backup=backup, window=window
        )
        _file(root, request, clock)
    start()
    return request.run_id


def _must_be_free(root: Path, clock: Clock) -> None:
    with exclusive(root):
        pass  # only to know that no run is active
    waiting = filed(root)
    if waiting and waiting.age_s(clock) < STARTING_S and _open(root, waiting, clock):
        raise _busy(f"run {waiting.request.run_id} is about to start")


def _file(root: Path, request: SwitchRequest, clock: Clock) -> None:
    stamp = {"boot_id": clock.boot_id(), "monotonic": clock.monotonic()}
    try:
        replace(DirectoryDisk(root), REQUEST, json.dumps(asdict(request) | stamp).encode())
    except OSError as error:
        hint = "free space on the server's disk; nothing was changed"
        raise RefusedError("WAN switch", "write the request", str(error), hint) from error


def filed(root: Path = paths.WAN) -> Filed | None:
    """The request on disk, if any."""
    content = DirectoryDisk(root).read(REQUEST)
    try:
        data = json.loads(content) if content else None
        if data is None:
            return None
        boot_id, monotonic = data.pop("boot_id"), data.pop("monotonic")
        return Filed(SwitchRequest(**data), boot_id, monotonic)
    except (ValueError, KeyError, TypeError):
        return None


def outcome(run_id: str, *, root: Path = paths.WAN) -> SwitchOutcome | None:
    """How a run ended; None while it has not. A state that is no end means not known yet."""
    content = DirectoryDisk(root).read(f"outcomes/{run_id}.json")
    return outcome_from_dict(json.loads(content)) if content else None


def progress(
    run_id: str, *, root: Path = paths.WAN, clock: Clock | None = None
) -> tuple[SwitchState, float] | None:
    """The newest state of a run and the seconds since it began; None before its first step."""
    clock = clock or SystemClock()
    entries = Journal(DirectoryDisk(root), clock).of_run(run_id)
    if not entries:
        return None
    return entries[-1].state, elapsed(entries[0], clock)


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """One run at a time; the lock goes with the process, so a kill leaves none behind.

    Raises:
        RefusedError: somebody else holds it.
    """
    with _locked(root, "run.lock", "another run is active"):
        yield


@contextmanager
def _locked(root: Path, name: str, reason: str) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / name).open("w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy(reason) from error
        yield


def _open(root: Path, waiting: Filed, clock: Clock) -> bool:
    run_id = waiting.request.run_id
    begun = Journal(DirectoryDisk(root), clock).of_run(run_id)
    return not begun and outcome(run_id, root=root) is None


def _busy(reason: str) -> RefusedError:
    return RefusedError(
        "WAN switch", "start", reason, "see `rekamatan wan pending`; then try again"
    )
