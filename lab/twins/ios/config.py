"""What a twin is told about itself: `/etc/rekamatan-twin.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.twins.engine.config import ConsoleConfig


@dataclass(frozen=True, slots=True)
class TwinConfig(ConsoleConfig):
    """One twin."""

    serial: str = "TWIN00000001"
    version: str = "17.09.04a"
    unit: str = "0/2/0"
    # where APN profiles are kept: in the modem, or as `profile id` in the configuration
    keeps: Literal["nvram", "config"] = "nvram"
    archive: bool = True  # without it no revert timer
    pin_locked: bool = False  # the SIM wants a PIN that nobody gave
    minute_s: float = 60.0  # how long a minute of the revert timer is


parse = TwinConfig.parse
