"""Moments a device waits for: named, one callback each, by the device's own clock."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lab.twins.engine.clock import TwinClock


class Alarms:
    """Runs what is due. In memory: a power cut forgets all of it.

    Args:
        clock: the device's time.
        held: true while nothing may run (a fault): what is due then never runs.
    """

    def __init__(self, clock: TwinClock, held: Callable[[], bool]) -> None:
        self._clock = clock
        self._held = held
        self._due: dict[str, tuple[float, Callable[[], Awaitable[None]]]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Power on."""
        self._clock.wakes(self._wake)
        self._task = asyncio.get_running_loop().create_task(self._loop())

    def stop(self) -> None:
        """Power off."""
        self._clock.forget(self._wake)
        if self._task is not None:
            self._task.cancel()

    def set(self, name: str, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        """Run `action` once, `seconds` from now; the same name again starts anew."""
        self._due[name] = (self._clock.monotonic() + seconds, action)
        self._wake.set()

    def cancel(self, name: str) -> None:
        """Forget one; unknown names are none."""
        self._due.pop(name, None)
        self._wake.set()

    def at(self, name: str) -> float | None:
        """When one is due on the device's monotonic clock."""
        found = self._due.get(name)
        return None if found is None else found[0]

    async def _loop(self) -> None:
        while True:
            self._wake.clear()
            earliest = min((at for at, _ in self._due.values()), default=math.inf)
            wait = None if earliest == math.inf else max(0.0, earliest - self._clock.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)
            await self._run_due()

    async def _run_due(self) -> None:
        now = self._clock.monotonic()
        ready = sorted((at, name) for name, (at, _) in self._due.items() if at <= now)
        for _, name in ready:
            found = self._due.get(name)
            if found is None:
                continue
            if self._held():
                self._due[name] = (math.inf, found[1])
                continue
            del self._due[name]
            await found[1]()
