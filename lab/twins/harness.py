"""A twin inside the running process, on a loopback port: for tests and the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.twins.engine.clock import TwinClock
from lab.twins.engine.running import RunningDevice
from lab.twins.engine.ssh_server import SshFront
from lab.twins.routeros7 import config
from lab.twins.routeros7.device import Device

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults

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


class RunningTwin(RunningDevice[Device]):
    """A booted RouterOS twin with a radio in memory; for another platform override `_make`.

    Args:
        directory: flash and host key live here and survive `power_cut` and `boot`.
        faults: what goes wrong.
        overrides: keys of the twin's configuration.
    """

    def __init__(self, directory: Path, faults: Faults | None = None, **overrides: object) -> None:
        self.host_key_file = directory / "host_key"
        self._clock = TwinClock()
        self._front: SshFront | None = None
        document = {"sims": SIMS, **DEFAULTS, **overrides}
        document["host_key_file"] = str(self.host_key_file)
        super().__init__(directory / "flash", document, APNS, faults)

    @property
    def host_key(self) -> str:
        """The public host key, as it is pinned."""
        public = self._front.public_key if self._front else ""
        return " ".join(public.split()[:2])

    def _make(self, document: dict[str, Any]) -> Device:
        return Device(config.parse(document), self.radio, self._faults, self._clock)

    def _make_front(self) -> SshFront:
        self._front = SshFront(self.device, self.host_key_file)
        return self._front

    async def _power_cut(self) -> None:
        if self._front is not None:
            await self._front.stop()
        await self.device.power_cut()

    def console(self, line: str, username: str = "rekamatan") -> str:
        """Run a line at the device's own console, past SSH."""
        return self._call(lambda: self.device.execute(username, line))

    def advance(self, seconds: float) -> None:
        """Push the device's clock on: what falls due in that time happens now."""
        self._loop.call_soon_threadsafe(self._clock.advance, seconds)

    def change_host_key(self) -> None:
        """Another host key, as after a reset or on a device that took this one's place."""
        self.power_cut()
        self.host_key_file.unlink()
        self.boot()

    @property
    def gaps(self) -> int:
        """How often the bearer went away since the last boot."""
        return self.device.modem.gaps
