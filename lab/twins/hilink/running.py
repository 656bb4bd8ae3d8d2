"""A HiLink twin inside the running process, on a loopback port: for tests."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from lab.twins.engine.radio import MemoryRadio
from lab.twins.hilink import config
from lab.twins.hilink.device import Device
from lab.twins.hilink.web import WebFront

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from lab.twins.engine.radio import SimCard

T = TypeVar("T")

PASSWORD = "halaman-7Q"  # noqa: S105 - of the twin
CARD = {
    "iccid": "8962100000000000025",
    "imsi": "510100000000025",
    "carrier": "telkomsel",
    "plmn": "51010",
}
# One card, two APNs of its carrier: what a modem with a single tray can be switched between.
APNS = {"telkomsel": {"internet", "ktp.telkomsel"}}
DEFAULTS: dict[str, Any] = {
    "identity": "kubu",
    "lan_address": "127.0.0.1",
    "attach_seconds": 0.05,
    "retry_seconds": 0.1,
    "disconnect_seconds": 0.2,
    "reboot_seconds": 0.5,
    "save_delay_s": 0.05,
    "users": {"admin": {"password": PASSWORD}},
    "sims": {"": CARD},
    "initial": {"profile": "internet", "apn": "internet"},
}


class RunningHilink:
    """A booted twin with its radio in memory.

    Args:
        directory: the flash lives here and survives `power_cut` and `boot`.
        faults: what goes wrong.
        overrides: keys of the twin's configuration.
    """

    def __init__(self, directory: Path, faults: Faults | None = None, **overrides: object) -> None:
        flash = directory / "hilink-flash"
        flash.mkdir(exist_ok=True)
        self._document = {**DEFAULTS, **overrides, "flash": str(flash)}
        self._faults = faults
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self.boot()

    def boot(self) -> None:
        """Power on; the port stays the same over boots."""
        self._call(self._boot)

    async def _boot(self) -> None:
        self.radio = MemoryRadio(APNS)
        twin_config = config.parse(json.loads(json.dumps(self._document)))
        self.device = Device(twin_config, self.radio, self._faults)
        await self.device.start()
        self.front = WebFront(self.device)
        self.port = await self.front.start("127.0.0.1", self.port)

    def power_cut(self) -> None:
        """Power off at once: unsaved configuration is lost."""
        self._call(self._power_cut)

    async def _power_cut(self) -> None:
        await self.device.power_cut()
        await self.front.stop()

    def close(self) -> None:
        """End everything."""
        self.power_cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def active(self) -> tuple[str, bool]:
        """Profile in use and data switch, as the device itself has them."""
        return self.device.active, self.device.data_on

    def change_card(self, card: SimCard | None, *, pin_locked: bool = False) -> None:
        """Somebody at the tray."""
        self._call(lambda: self.device.change_card(card, pin_locked=pin_locked))

    def lose_bearer(self) -> None:
        """The network drops the bearer."""
        self._loop.call_soon_threadsafe(self.radio.lose)

    def wait_for(self, condition: Callable[[], bool], what: str, within_s: float = 10.0) -> None:
        """Wait for something about the device. Raises `TimeoutError` naming it."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            time.sleep(0.02)

    def wait_attached(self) -> None:
        """Wait until a bearer is up."""
        self.wait_for(lambda: self.device.dialer.bearer is not None, "the bearer did not come up")

    def wait_saved(self) -> None:
        """Wait until flash holds the running configuration."""
        self.wait_for(lambda: not self.device.store.saving, "the configuration was not saved")

    def _call(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(timeout=30)
