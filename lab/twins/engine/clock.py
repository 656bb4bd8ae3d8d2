"""The time a device lives by. A test may push it on instead of waiting minutes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class TwinClock:
    """A monotonic and a wall clock that go together, as far ahead of the machine's as told."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._sleepers: list[asyncio.Event] = []

    def monotonic(self) -> float:
        """Seconds, never backwards."""
        return time.monotonic() + self._ahead_s

    def now(self) -> datetime:
        """Date and time, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead_s)

    def wakes(self, sleeper: asyncio.Event) -> None:
        """Set this event at every jump: whoever waits for a moment must look again."""
        self._sleepers.append(sleeper)

    def forget(self, sleeper: asyncio.Event) -> None:
        """Power off of whoever waited."""
        if sleeper in self._sleepers:
            self._sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        """Jump ahead; in the loop's own thread."""
        self._ahead_s += seconds
        for sleeper in self._sleepers:
            sleeper.set()
