"""Time as the transaction sees it: deadlines are monotonic, wall time is only a label."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the switch needs of time; the simulation brings its own."""

    def monotonic(self) -> float:
        """Seconds since boot; not moved by NTP or by hand."""
        ...

    def wall(self) -> datetime:
        """Wall time in UTC: for labels only, it may jump."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def boot_id(self) -> str:
        """Changes at each boot: monotonic readings compare only within one boot id."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """CLOCK_BOOTTIME: also counts time spent suspended."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait on the real clock."""
        time.sleep(max(0.0, seconds))

    def boot_id(self) -> str:
        """The kernel's boot id."""
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
