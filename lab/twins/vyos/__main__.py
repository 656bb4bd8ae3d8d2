"""Run one twin: `python3 -m lab.twins.vyos --config /etc/rekamatan-twin.json`."""

from __future__ import annotations

from lab.twins.engine import serving
from lab.twins.engine.terminal import TerminalFront
from lab.twins.vyos.config import TwinConfig
from lab.twins.vyos.device import Device


def front_of(device: Device) -> TerminalFront:
    """Its console, over SSH."""
    return TerminalFront(device, device.config.host_key_file)


if __name__ == "__main__":
    serving.main(TwinConfig.load, Device, front_of)
