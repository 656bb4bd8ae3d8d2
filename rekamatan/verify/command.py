"""Running the system's own programs (`ping`, `wg`, `getent`) and getting text back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NOT_FOUND = 127
TIMED_OUT = 124


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program said. `code` 127: it is not installed; 124: it took too long."""

    code: int
    out: str
    err: str = ""


Runner = Callable[[Sequence[str], float], Completed]


def run(argv: Sequence[str], timeout_s: float) -> Completed:
    """Run without a shell, in the C locale, because the output is parsed. Never raises."""
    environment = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout_s,
        )
    except FileNotFoundError:
        return Completed(NOT_FOUND, "", f"{argv[0]} is not installed")
    except subprocess.TimeoutExpired:
        return Completed(TIMED_OUT, "", f"{argv[0]} did not end within {timeout_s:.0f} s")
    return Completed(done.returncode, done.stdout, done.stderr)
