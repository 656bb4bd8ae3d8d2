"""The radio side: keeps a connection as long as the data switch is on and a card is in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lab.twins.engine.radio import AttachRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.engine.radio import Bearer, Radio, SimCard
    from lab.twins.hilink.config import Timing


class Dialer:
    """One connection at a time.

    A connection keeps the APN it was dialled with, whatever is configured meanwhile, and taking it
    down takes a moment: whoever switches data off and on again faster than that keeps the old one.

    Args:
        radio: attaches.
        timing: how long things take.
        call: the card and the APN to dial with at this moment.
    """

    def __init__(
        self, radio: Radio, timing: Timing, call: Callable[[], tuple[SimCard, str]]
    ) -> None:
        self._radio = radio
        self._timing = timing
        self._call = call
        self._on = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.dialling = False  # a connection is up, coming up or not yet taken down
        self.bearer: Bearer | None = None
        self.gaps = 0  # how often the bearer went away
        self.refusals: list[int | None] = []  # causes, newest last

    def switch(self, *, on: bool) -> None:
        """Connect, again whenever the connection is refused or lost; or disconnect."""
        self._on = on
        self._changed.set()
        if on and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._follow())

    async def cut(self) -> None:
        """No power or no card: the connection is gone at once."""
        self._on = False
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._end()

    async def _follow(self) -> None:
        while True:
            await self._until(on=True)
            attempt = asyncio.create_task(self._keep())
            self.dialling = True
            try:
                await self._until(on=False)
                await asyncio.sleep(self._timing.disconnect_s)
                while self._on:  # on again in time: the old connection was never taken down
                    await self._until(on=False)
                    await asyncio.sleep(self._timing.disconnect_s)
            finally:
                attempt.cancel()
                await asyncio.gather(attempt, return_exceptions=True)
                await self._end()

    async def _until(self, *, on: bool) -> None:
        while self._on is not on:
            self._changed.clear()
            await self._changed.wait()

    async def _keep(self) -> None:
        while True:
            try:
                card, apn = self._call()
                await asyncio.sleep(self._timing.attach_s)
                self.bearer = await self._radio.attach(card, apn)
            except AttachRefusedError as refusal:
                self.refusals.append(refusal.cause)
                await asyncio.sleep(self._timing.retry_s)
                continue
            await self._radio.wait_lost()
            await self._drop()

    async def _drop(self) -> None:
        self.gaps += self.bearer is not None
        self.bearer = None
        await self._radio.detach()

    async def _end(self) -> None:
        await self._drop()
        self.dialling = False
