"""Running the host's programs; a failure becomes a `LabError` that a person can act on."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def run(
    argv: Sequence[str], *, check: bool = True, stdin: str | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `argv` and return what it said.

    Raises:
        LabError: it exited non-zero (with `check`), did not exist, or outlived `timeout` seconds.
    """
    try:
        done = subprocess.run(
            list(argv), input=stdin, capture_output=True, text=True, check=False, timeout=timeout
        )
    except FileNotFoundError as error:
        raise LabError(
            argv[0], "run", "not installed", "see `make lab` for the packages"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(" ".join(argv), "run", f"no answer in {timeout:.0f} s") from error
    if check and done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no message")[-800:]
        raise LabError(" ".join(argv), "run", f"exit {done.returncode}: {reason}")
    return done


def output(argv: Sequence[str], *, timeout: float = 120) -> str:
    """What `argv` prints, without the last newline; raises `LabError` when it fails."""
    return run(argv, timeout=timeout).stdout.strip()


def wait_until(what: str, true: Callable[[], bool], seconds: float, every: float = 0.2) -> None:
    """Poll until `true()`; raises `LabError` naming `what` after `seconds`."""
    if not comes_true(true, seconds, every):
        raise LabError(what, "wait", f"not within {seconds:.0f} s")


def comes_true(true: Callable[[], bool], seconds: float, every: float = 0.2) -> bool:
    """Poll until `true()`; False when it was not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)  # between looks; the deadline is above
    return True
