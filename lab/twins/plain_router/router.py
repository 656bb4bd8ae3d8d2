"""A plain router: attaches when it has power, forwards, and attaches again whenever it lost it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lab.twins.engine.modem import BearerKeeper
from lab.twins.engine.radio import AttachRefusedError

if TYPE_CHECKING:
    from lab.twins.engine.radio import Radio
    from lab.twins.plain_router.config import RouterConfig


class Router(BearerKeeper):
    """One router and its bearer.

    Args:
        config: its carrier and its place on the LAN.
        radio: the way to the carrier.
        attach_s: how long an attach takes.
        retry_s: how long it waits after a refusal.
    """

    def __init__(
        self, config: RouterConfig, radio: Radio, *, attach_s: float, retry_s: float
    ) -> None:
        super().__init__(radio)
        self.config = config
        self._attach_s = attach_s
        self._retry_s = retry_s

    def start(self) -> None:
        """Power on."""
        self._power_on()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._attach_s)
            try:
                await self._hold(self.config.sim, self.config.apn)
            except AttachRefusedError as refusal:
                self._note(f"refused by {self.config.sim.carrier}: {refusal}")
                await asyncio.sleep(self._retry_s)

    def _attached(self) -> None:
        """Nobody is told."""

    def _lost(self) -> None:
        """Nobody is told."""
