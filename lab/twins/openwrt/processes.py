"""Processes in the background: what `&`, `start-stop-daemon -b` and hotplug leave running."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from lab.twins.engine.ssh_server import HangUpError, HungError
from lab.twins.openwrt.streams import ShellExit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_FIRST_PID = 2001


class Processes:
    """Pids and what runs under them; a power cut ends all."""

    def __init__(self) -> None:
        self._last = _FIRST_PID - 1
        self._running: dict[int, tuple[str, asyncio.Task[None]]] = {}

    def next_pid(self) -> int:
        """A pid nobody has."""
        self._last += 1
        return self._last

    def start(self, name: str, body: Callable[[int], Awaitable[None]]) -> int:
        """Run `body` under a new pid."""
        pid = self.next_pid()
        task = asyncio.get_running_loop().create_task(self._run(pid, body))
        self._running[pid] = (name, task)
        return pid

    async def _run(self, pid: int, body: Callable[[int], Awaitable[None]]) -> None:
        try:
            with contextlib.suppress(ShellExit, HangUpError, HungError):
                await body(pid)
        finally:
            self._running.pop(pid, None)

    def name(self, pid: int) -> str | None:
        """The command line of a running process."""
        return self._running[pid][0] if pid in self._running else None

    def table(self) -> list[tuple[int, str]]:
        """Running processes by pid."""
        return sorted((pid, name) for pid, (name, _) in self._running.items())

    def kill(self, pid: int) -> bool:
        """End a process; False when there is none."""
        entry = self._running.pop(pid, None)
        if entry is None:
            return False
        entry[1].cancel()
        return True

    async def stop(self) -> None:
        """End all."""
        tasks = [task for _, task in self._running.values()]
        self._running.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
