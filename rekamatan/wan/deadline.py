"""The server's deadline as the journal keeps it: it survives a clock jump, a kill and a reboot.

Each entry carries the boot it was written in and the seconds since that boot, so the time spent
adds up without the wall clock. How long the server was without power it cannot know: what is left
is therefore "at most", and the modem is asked for its own count as well.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rekamatan.models import SwitchState
from rekamatan.wan.plan import MARGIN_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekamatan.clock import Clock
    from rekamatan.models import PendingRollback
    from rekamatan.wan.journal import Entry


def seconds_left(entries: Sequence[Entry], clock: Clock) -> float:
    """Seconds until the server must have decided, at most; 0 when nothing was armed."""
    armed = [n for n, entry in enumerate(entries) if entry.state is SwitchState.ARMED]
    if not armed:
        return 0.0
    since = entries[armed[-1] :]
    return max(0.0, float(since[0].data["arm_s"]) - MARGIN_S - spent_s(since, clock))


def spent_s(entries: Sequence[Entry], clock: Clock) -> float:
    """Seconds from the first entry to now, not counting time without power."""
    marks = [(entry.boot_id, entry.monotonic) for entry in entries]
    marks.append((clock.boot_id(), clock.monotonic()))
    # The monotonic clock counts from boot: after a reboot it tells the time since then.
    return sum(
        late - early if boot == other else late for (boot, early), (other, late) in pairwise(marks)
    )


def before_the_modem(left_s: float, pending: PendingRollback | None) -> float:
    """`left_s`, or less where the modem's own count says that it acts earlier."""
    if pending is None or pending.remaining_s is None:
        return left_s
    return min(left_s, max(0.0, pending.remaining_s - MARGIN_S))
