"""A twin inside the running process, on a loopback port: for tests and the bench."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from lab.twins.engine.clock import TwinClock
from lab.twins.engine.radio import MemoryRadio
from lab.twins.engine.ssh_server import SshFront, write_host_key
from lab.twins.routeros7 import config
from lab.twins.routeros7.device import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from lab.twins.engine.faults import Faults

T = TypeVar("T")

APNS = {"indosat": {"indosatgprs"}, "telkomsel": {"internet"}}
SIMS = {
    "up": {
        "iccid": "8962010000000000017",
        "imsi": "510010000000017",
        "carrier": "indosat",
        "plmn": "51001",
    },
    "down": {
        "iccid": "8962100000000000025",
        "imsi": "510100000000025",
        "carrier": "telkomsel",
        "plmn": "51010",
    },
}
DEFAULTS: dict[str, Any] = {
    "identity": "kubu",
    "lan_address": "127.0.0.1",
    "lan_prefix": 8,
    "attach_seconds": 0.05,
    "absent_seconds": 0.05,
    "retry_seconds": 0.1,
    "save_delay_s": 0.05,
    "startup_s": 0.3,
    "users": {
        "rekamatan": {"password": "switch-pw-7Q", "group": "full"},
        "rekamatan-read": {"password": "read-pw-7Q", "group": "read"},
    },
    "initial": {"profile": "indosat", "sim_slot": "up", "apn": "indosatgprs"},
}


class RunningTwin:
    """A booted RouterOS twin with a radio in memory; for another platform override `_make`.

    Args:
        directory: flash and host key live here and survive `power_cut` and `boot`.
        faults: what goes wrong.
        overrides: keys of the twin's configuration.
    """

    def __init__(self, directory: Path, faults: Faults | None = None, **overrides: object) -> None:
        self._flash = directory / "flash"
        self._flash.mkdir(exist_ok=True)
        self.host_key_file = directory / "host_key"
        self._document = {"sims": SIMS, **DEFAULTS, **overrides}
        self._document |= {"flash": str(self._flash), "host_key_file": str(self.host_key_file)}
        self._faults = faults
        self._clock = TwinClock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._front: SshFront | None = None
        self.port = 0
        self.boot()

    @property
    def host_key(self) -> str:
        """The public host key, as it is pinned."""
        public = self._front.public_key if self._front else ""
        return " ".join(public.split()[:2])

    def boot(self) -> None:
        """Power on; the port stays the same over boots."""
        write_host_key(self.host_key_file)
        self._call(self._boot)

    async def _boot(self) -> None:
        self.radio = MemoryRadio(APNS)
        self.device = self._make(json.loads(json.dumps(self._document)))
        await self.device.start()
        self._front = SshFront(self.device, self.host_key_file)
        self.port = await self._front.start("127.0.0.1", self.port)

    def _make(self, document: dict[str, Any]) -> Device:
        """The device that has been told `document`, not yet booted."""
        return Device(config.parse(document), self.radio, self._faults, self._clock)

    def power_cut(self) -> None:
        """Power off at once: unsaved configuration is lost."""
        self._call(self._power_cut)

    async def _power_cut(self) -> None:
        if self._front is not None:
            await self._front.stop()
        await self.device.power_cut()

    def close(self) -> None:
        """End everything."""
        self.power_cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def console(self, line: str, username: str = "rekamatan") -> str:
        """Run a line at the device's own console, past SSH."""
        return self._call(lambda: self.device.execute(username, line))

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

    def advance(self, seconds: float) -> None:
        """Push the device's clock on: what falls due in that time happens now."""
        self._loop.call_soon_threadsafe(self._clock.advance, seconds)

    def change_host_key(self) -> None:
        """Another host key, as after a reset or on a device that took this one's place."""
        self.power_cut()
        self.host_key_file.unlink()
        self.boot()

    @property
    def attached(self) -> bool:
        """Whether a bearer is up."""
        return self.device.modem.bearer is not None

    @property
    def gaps(self) -> int:
        """How often the bearer went away since the last boot."""
        return self.device.modem.gaps

    def wait_attached(self) -> None:
        """Wait until a bearer is up."""
        self.wait_for(lambda: self.attached, "the bearer did not come up")

    def wait_saved(self) -> None:
        """Wait until flash holds what survives a power cut."""
        self.wait_for(lambda: not self.device.store.saving, "the configuration was not saved")

    def _call(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(timeout=30)
