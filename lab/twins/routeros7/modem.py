"""The LTE modem inside the twin: SIM slot, APN profile, and the bearer that follows them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.twins.engine.modem import BearerKeeper
from lab.twins.engine.radio import AttachRefusedError
from lab.twins.routeros7.values import ScriptError, duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lab.twins.engine.radio import ModemTiming, Radio, SimCard

IMEI = "356938035643809"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the configuration asks of the modem."""

    slot: str
    apn: str
    add_default_route: bool = True


class Modem(BearerKeeper):
    """Keeps the bearer as the configuration asks; every change starts from a detached modem."""

    def __init__(
        self,
        radio: Radio,
        sims: Mapping[str, SimCard],
        timing: ModemTiming,
        notify: Callable[[str, str], None],
        *,
        locked: bool = False,
    ) -> None:
        super().__init__(radio)
        self._sims = sims
        self._timing = timing
        self._notify = notify  # (topics, message): the device's log
        self._selection: Selection | None = None
        self._locked = locked  # the SIM wants its PIN: it is there and cannot register
        self._registered = False

    @property
    def default_route(self) -> bool:
        """Whether the bearer carries the default route."""
        return self.wants_default_route and self.bearer is not None

    @property
    def wants_default_route(self) -> bool:
        """Whether a bearer that comes up is to carry it."""
        return self._selection is not None and self._selection.add_default_route

    def select(self, selection: Selection) -> None:
        """Follow the configuration; the same selection again changes nothing."""
        if selection == self._selection:
            return
        moved = self._selection is not None and selection.slot != self._selection.slot
        self._selection = selection
        self._forget_bearer()
        self._registered = False
        self.absent = moved or self.absent
        self._changed.set()
        if self._task is None:
            self._power_on()

    async def _keep(self) -> None:
        if self.absent:
            await asyncio.sleep(self._timing.absent_s)
            self.absent = False
        selection = self._selection
        sim = self._sims.get(selection.slot) if selection else None
        if selection is None or sim is None or self._locked:
            return  # no SIM, or one without its PIN: nothing will ever register
        while True:
            await asyncio.sleep(self._timing.attach_s)
            self._registered = True
            if not await self._attach(sim, selection.apn):
                await asyncio.sleep(self._timing.retry_s)

    async def _attach(self, sim: SimCard, apn: str) -> bool:
        """One attachment, until it is lost; False when it was refused."""
        try:
            await self._hold(sim, apn)
        except AttachRefusedError as refusal:
            self._notify("lte,error", f"lte1 could not acquire data connection: {refusal}")
            return False
        return True

    def _attached(self) -> None:
        self._notify("interface,info", "lte1 link up")

    def _lost(self) -> None:
        self._notify("interface,info", "lte1 link down")

    def monitor(self) -> dict[str, str]:
        """Figures as `/interface lte monitor lte1 once` gives them. Raises `ScriptError`."""
        if self.absent or self._selection is None:
            raise ScriptError("no such item")
        sim = self._sims.get(self._selection.slot)
        figures = {"status": self._status(sim), "model": "EG18-EA", "revision": "EG18EAPAR01A14M4G"}
        if sim is None:
            return figures
        if self._locked:
            return figures | {"pin-status": "waiting for primary PIN", "imei": IMEI}
        if self._registered:
            figures |= {"current-operator": sim.plmn, "data-class": "LTE"}
        if self.bearer is not None:
            uptime = int(time.monotonic() - self.connected_at)
            figures["session-uptime"] = duration_text(uptime)
        figures |= {"imei": IMEI, "imsi": sim.imsi, "iccid": sim.iccid}
        if self._registered:
            figures |= {"rssi": "-69dBm", "rsrp": "-97dBm", "rsrq": "-9dB", "sinr": "17dB"}
        return figures

    def _status(self, sim: SimCard | None) -> str:
        if self.bearer is not None:
            return "running"
        # `searching` and `pin required` were seen in no capture: a driver goes by known words only
        if sim is None:
            return "SIM not inserted"
        if self._locked:
            return "pin required"
        return "registered" if self._registered else "searching"
