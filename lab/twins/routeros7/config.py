"""What a twin is told about itself: `/etc/rekamatan-twin.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.twins.engine import config
from lab.twins.engine.config import ConsoleConfig

if TYPE_CHECKING:
    from pathlib import Path

VERSION_7 = "7.24 (stable)"
VERSION_6 = "6.49.10 (long-term)"


@dataclass(frozen=True, slots=True)
class TwinConfig(ConsoleConfig):
    """One twin."""

    serial: str = "TWIN00000001"
    save_delay_s: float = 1.0
    startup_s: float = 3.0
    scheduler_allowed: bool = True  # device-mode
    version: str = VERSION_7
    pin_locked: bool = False  # the SIM wants a PIN that nobody gave


parse = TwinConfig.parse


def load(path: Path, version: str = VERSION_7) -> TwinConfig:
    """Read a configuration file; `version` where it names none.

    Raises:
        ValueError: naming the file and the key.
    """
    return config.load(path, lambda document: parse({"version": version, **document}))
