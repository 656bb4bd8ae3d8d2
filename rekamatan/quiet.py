"""A short silence on the office's link while the gate measures it.

After hours on a bad link the backlog leaves at full speed the moment a good one is there, and its
own queue would be measured instead of the link. The gate asks for silence, the forwarder waits
between two writes. Records are late by seconds, never lost; a gate that dies is forgotten after
`LONGEST_S`, because the file holds a deadline on the boot clock.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.clock import Clock

LONGEST_S = 40.0  # below the 60 s after which the data centre gives up a silent upload


@contextmanager
def silence(path: Path = paths.QUIET, clock: Clock | None = None) -> Iterator[None]:
    """Ask for it, and end it; where it cannot be asked for, the link is measured as it is."""
    deadline = (clock or SystemClock()).monotonic() + LONGEST_S
    with suppress(OSError):
        new = path.with_suffix(".new")
        new.write_text(f"{deadline:.3f}\n", encoding="ascii")
        new.chmod(0o644)  # the forwarder is another user
        new.replace(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def remaining_s(path: Path = paths.QUIET, clock: Clock | None = None) -> float:
    """Seconds of silence still asked for; 0 when none, never more than `LONGEST_S`."""
    try:
        deadline = float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0
    return min(max(deadline - (clock or SystemClock()).monotonic(), 0.0), LONGEST_S)
