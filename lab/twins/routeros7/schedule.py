"""The device's scheduler.

Interval entries count from boot or from their last change; startup entries run once, shortly after
boot, and only when their interval is zero.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lab.twins.routeros7.values import seconds_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from lab.twins.engine.clock import TwinClock
    from lab.twins.routeros7.editions import Edition
    from lab.twins.routeros7.printing import Row

STARTUP = "startup"


@dataclass(slots=True)
class _Due:
    """When one entry runs next, on the monotonic clock."""

    at: float
    row: Row


class Schedule:
    """Runs entries when they are due.

    Args:
        run: runs one entry's event.
        held: true while the scheduler must not run anything (a fault).
        startup_s: seconds from boot to the startup entries; 3 on the device.
        clock: the device's time.
        edition: how it prints dates.
    """

    def __init__(
        self,
        run: Callable[[Row], Awaitable[None]],
        held: Callable[[], bool],
        startup_s: float,
        clock: TwinClock,
        edition: Edition,
    ) -> None:
        self._run = run
        self._held = held
        self._startup_s = startup_s
        self._clock = clock
        self._edition = edition
        self._due: dict[str, _Due] = {}
        self._wake = asyncio.Event()
        clock.wakes(self._wake)
        self._task: asyncio.Task[None] | None = None

    def boot(self, rows: Iterable[Row]) -> None:
        """Start with the saved entries."""
        for row in rows:
            if row["start-time"] == STARTUP and seconds_of(row["interval"]) == 0:
                self._plan(row, self._startup_s)
            else:
                self.update(row)
        self._task = asyncio.get_running_loop().create_task(self._loop())

    def update(self, row: Row) -> None:
        """An entry was added or changed."""
        interval = seconds_of(row["interval"]) or 0
        self._due.pop(row[".id"], None)
        row["next-run"] = ""
        if interval and row["disabled"] != "yes" and row["start-time"] != STARTUP:
            self._plan(row, interval)
        self._wake.set()

    def _plan(self, row: Row, seconds: float) -> None:
        self._due[row[".id"]] = _Due(self._clock.monotonic() + seconds, row)
        when = self._clock.now() + timedelta(seconds=seconds)
        row["next-run"] = f"{self._edition.date(when)} {when:%H:%M:%S}"

    def remove(self, row: Row) -> None:
        """An entry was removed."""
        self._due.pop(row[".id"], None)
        self._wake.set()

    def stop(self) -> None:
        """Power off."""
        self._clock.forget(self._wake)
        if self._task is not None:
            self._task.cancel()

    async def _loop(self) -> None:
        while True:
            self._wake.clear()
            earliest = min((due.at for due in self._due.values()), default=None)
            wait = None if earliest is None else max(0.0, earliest - self._clock.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)
            await self._run_due()

    async def _run_due(self) -> None:
        now = self._clock.monotonic()
        for identity, due in tuple(self._due.items()):
            if due.at > now or identity not in self._due:
                continue
            interval = seconds_of(due.row["interval"]) or 0
            del self._due[identity]
            due.row["run-count"] = str(int(due.row["run-count"]) + 1)
            if interval:
                self._plan(due.row, interval)
            if not self._held():
                await self._run(due.row)
