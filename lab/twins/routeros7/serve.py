"""Serve one twin of a version on the LAN, with a real radio."""

from __future__ import annotations

from functools import partial

from lab.twins.engine import serving
from lab.twins.engine.ssh_server import SshFront
from lab.twins.routeros7.config import load
from lab.twins.routeros7.device import Device


def front_of(device: Device) -> SshFront:
    """Its console, over SSH."""
    return SshFront(device, device.config.host_key_file)


def main(version: str) -> None:
    """Parse arguments and serve; `version` where the configuration names none."""
    serving.main(partial(load, version=version), Device, front_of)
