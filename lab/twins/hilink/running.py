"""A HiLink twin inside the running process, on a loopback port: for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.twins.engine.running import RunningDevice
from lab.twins.hilink import config
from lab.twins.hilink.device import Device
from lab.twins.hilink.web import WebFront

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from lab.twins.engine.radio import SimCard

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


class RunningHilink(RunningDevice[Device]):
    """A booted twin with its radio in memory.

    Args:
        directory: the flash lives here and survives `power_cut` and `boot`.
        faults: what goes wrong.
        overrides: keys of the twin's configuration.
    """

    front: WebFront

    def __init__(self, directory: Path, faults: Faults | None = None, **overrides: object) -> None:
        super().__init__(directory / "hilink-flash", {**DEFAULTS, **overrides}, APNS, faults)

    def _make(self, document: dict[str, Any]) -> Device:
        return Device(config.parse(document), self.radio, self._faults)

    def _make_front(self) -> WebFront:
        self.front = WebFront(self.device)
        return self.front

    async def _power_cut(self) -> None:
        # The web server waits for what it is still answering: the device is dead before that.
        await self.device.power_cut()
        await self.front.stop()

    def active(self) -> tuple[str, bool]:
        """Profile in use and data switch, as the device itself has them."""
        return self.device.active, self.device.data_on

    def change_card(self, card: SimCard | None, *, pin_locked: bool = False) -> None:
        """Somebody at the tray."""
        self._call(lambda: self.device.change_card(card, pin_locked=pin_locked))
