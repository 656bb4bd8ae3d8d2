"""The carrier behind the modem: the APNs it knows, and the interface that a bearer appears on."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from typing import TYPE_CHECKING

from lab.twins.linux.at_modem import RefusedError
from lab.twins.linux.sysfs import NETWORK_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.twins.linux.at_modem import Card

_TUN = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_TUN_NO_PACKET_INFO = 0x1001  # IFF_TUN | IFF_NO_PI


class Carrier:
    """Gives an address to who names an APN it knows.

    The interface is there always and has a carrier while a bearer is up, as hardware's.

    Args:
        apns: network -> those it knows; others are refused.
    """

    def __init__(self, apns: Mapping[str, list[str]]) -> None:
        self._apns = apns
        self._given = 0
        self._tun: int | None = None
        there = subprocess.run(
            ["ip", "link", "show", NETWORK_PORT], capture_output=True, check=False
        )
        if there.returncode:
            subprocess.run(["ip", "tuntap", "add", "dev", NETWORK_PORT, "mode", "tun"], check=True)

    def attach(self, card: Card, apn: str) -> str:
        """Another address each time, as from a real core. Raises `RefusedError`."""
        if apn not in self._apns.get(card.plmn, ()):
            raise RefusedError
        self.detach()
        self._tun = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
        wanted = struct.pack("16sH", NETWORK_PORT.encode(), _TUN_NO_PACKET_INFO)
        fcntl.ioctl(self._tun, _TUNSETIFF, wanted)
        self._given = self._given % 60 + 1
        return f"10.64.0.{4 * self._given + 1}"

    def detach(self) -> None:
        """No bearer, no carrier on the interface."""
        if self._tun is not None:
            os.close(self._tun)
            self._tun = None
