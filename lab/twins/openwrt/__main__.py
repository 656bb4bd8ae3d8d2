"""Run one twin: `python3 -m lab.twins.openwrt --config /etc/rekamatan-twin.json`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from lab.twins.engine import serving
from lab.twins.openwrt.config import Kind, TwinConfig
from lab.twins.openwrt.device import Device
from lab.twins.openwrt.ssh_front import UnixFront

if TYPE_CHECKING:
    from pathlib import Path


def front_of(device: Device) -> UnixFront:
    """Its shell, over SSH."""
    return UnixFront(device, device.config.host_key_file)


def main(kind: Kind | None = None) -> None:
    """Parse arguments and serve.

    Args:
        kind: what the router is; as the configuration says when not given.
    """

    def load(path: Path) -> TwinConfig:
        config = TwinConfig.load(path)
        return dataclasses.replace(config, kind=kind) if kind else config

    serving.main(load, Device, front_of)


if __name__ == "__main__":
    main()
