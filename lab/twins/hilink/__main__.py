"""Run one twin: `python3 -m lab.twins.hilink --config /etc/rekamatan-twin.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.engine import config, serving
from lab.twins.hilink.config import TwinConfig, parse
from lab.twins.hilink.device import Device
from lab.twins.hilink.web import WebFront

if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path) -> TwinConfig:
    """Read a configuration file. Raises `ValueError` naming the file and the key."""
    return config.load(path, parse)


if __name__ == "__main__":
    serving.main(load, Device, WebFront)
