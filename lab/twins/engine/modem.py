"""What every router's modem does: one attempt at a bearer at a time, given up at every change."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.twins.engine.radio import Bearer, Radio, SimCard


class BearerKeeper(ABC):
    """Keeps the bearer as asked; every change starts from a detached modem.

    Args:
        radio: the way to the carrier.
    """

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.bearer: Bearer | None = None
        self.connected_at = 0.0  # monotonic
        self.absent = False
        self.gaps = 0  # how often the bearer went away

    def _power_on(self) -> None:
        """Begin to follow what is asked."""
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        """Power off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._radio.detach()
        self._forget_bearer()

    async def _follow(self) -> None:
        """One attempt at a time: a change ends it, and the next starts from a detached modem."""
        while True:
            self._changed.clear()
            attempt = asyncio.create_task(self._keep())
            try:
                await self._changed.wait()
            finally:
                attempt.cancel()
                await asyncio.gather(attempt, return_exceptions=True)
                await self._radio.detach()

    @abstractmethod
    async def _keep(self) -> None:
        """Attach as asked, again whenever the bearer is refused or lost."""

    async def _hold(self, sim: SimCard, apn: str) -> None:
        """One attachment, until it is lost. Raises `AttachRefusedError`."""
        self.bearer = await self._radio.attach(sim, apn)
        self._note(f"attached to {sim.carrier} as {self.bearer.address}")
        self.connected_at = time.monotonic()
        self._attached()
        try:
            await self._radio.wait_lost()
            await self._radio.detach()
        finally:
            self._forget_bearer()

    @abstractmethod
    def _attached(self) -> None:
        """The bearer is up: say so."""

    @abstractmethod
    def _lost(self) -> None:
        """The bearer is about to be forgotten: say so."""

    @staticmethod
    def _note(text: str) -> None:
        """In the machine's own log, to the millisecond: what an attach took is read from it."""
        print(f"{time.time():.3f} radio: {text}", flush=True)

    def _forget_bearer(self) -> None:
        if self.bearer is not None:
            self.gaps += 1
            self._note("bearer gone")
            self._lost()
        self.bearer = None
