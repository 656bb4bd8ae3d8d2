"""The LTE modem behind the router: one active SIM slot, one bearer, and time that things take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.twins.engine.modem import BearerKeeper
from lab.twins.engine.radio import AttachRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lab.twins.engine.radio import ModemTiming, Radio, SimCard


@dataclass(frozen=True, slots=True)
class Request:
    """What netifd asks of the modem for one interface."""

    interface: str
    apn: str
    pin: str = ""


class Modem(BearerKeeper):
    """Keeps the bearer as asked; every change starts from a detached modem.

    Args:
        radio: the way to the carrier.
        sims: slot -> card in it; a card may be taken out and put in.
        pins: slot -> PIN that its card wants.
        timing: seconds.
        notify: the system log.
        slot_chosen: called with the slot that the modem has stored in its own memory.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a modem consists of
        self,
        radio: Radio,
        sims: Mapping[str, SimCard],
        pins: Mapping[str, str],
        timing: ModemTiming,
        notify: Callable[[str], None],
        slot_chosen: Callable[[str], None],
    ) -> None:
        super().__init__(radio)
        self._sims = dict(sims)
        self._pins = dict(pins)
        self._timing = timing
        self._notify = notify
        self._slot_chosen = slot_chosen
        self.slot = "1"
        self.request: Request | None = None
        self.registered = False
        self.failure = ""
        self.index = 0  # ModemManager counts up whenever the modem comes back

    @property
    def sim(self) -> SimCard | None:
        """The card in the active slot."""
        return self._sims.get(self.slot)

    def sim_in(self, slot: str) -> SimCard | None:
        """The card in a slot."""
        return self._sims.get(slot)

    @property
    def locked(self) -> bool:
        """Whether the active card waits for its PIN."""
        wanted = self._pins.get(self.slot, "")
        given = self.request.pin if self.request else ""
        return self.sim is not None and bool(wanted) and wanted != given

    def start(self, slot: str) -> None:
        """Power on with the slot it had stored."""
        self.slot = slot
        self._power_on()

    def ask(self, request: Request | None) -> None:
        """Connect as netifd asks, from a detached modem; None disconnects."""
        self.request = request
        self._restart()

    def choose_slot(self, slot: str) -> None:
        """Change the active slot: the modem restarts and is away for a while."""
        if slot == self.slot:
            return
        self.slot = slot
        self._slot_chosen(slot)
        self.absent = True
        self.index += 1
        self._restart()

    def take_sim(self, slot: str) -> None:
        """Someone takes the card out."""
        self._sims.pop(slot, None)
        self._restart()

    def put_sim(self, slot: str, card: SimCard) -> None:
        """Someone puts a card in."""
        self._sims[slot] = card
        self._restart()

    def _restart(self) -> None:
        self._forget_bearer()
        self.registered = False
        self.failure = ""
        self._changed.set()

    async def _keep(self) -> None:
        if self.absent:
            await asyncio.sleep(self._timing.absent_s)
            self.absent = False
        sim, request = self.sim, self.request
        if sim is None or self.locked:
            self.failure = "PIN_FAILED" if sim else "SIM_MISSING"
            return
        while True:
            await asyncio.sleep(self._timing.attach_s)
            self.registered = True
            if request is None:
                return
            if not await self._attach(sim, request):
                await asyncio.sleep(self._timing.retry_s)

    async def _attach(self, sim: SimCard, request: Request) -> bool:
        """One attachment, until it is lost; False when it was refused."""
        try:
            await self._hold(sim, request.apn)
        except AttachRefusedError as refusal:
            self.failure = "CALL_FAILED"
            self._notify(f"netifd: {request.interface}: Failed to connect: {refusal}")
            return False
        return True

    def _attached(self) -> None:
        self.failure = ""
        self._notify(f"netifd: Interface '{self._interface}' is now up")

    def _lost(self) -> None:
        self._notify(f"netifd: Interface '{self._interface}' has lost the connection")

    @property
    def _interface(self) -> str:
        return self.request.interface if self.request else "wwan"
