"""What a twin is told about itself: `/etc/rekamatan-twin.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.twins.engine.config import ConsoleConfig


@dataclass(frozen=True, slots=True)
class TwinConfig(ConsoleConfig):
    """One twin."""

    serial: str = "TWIN00000001"
    version: str = "1.5-rolling-202410210007"
    interface: str = "wwan0"
    # what an unconfirmed commit-confirm does; releases before 1.5 know `reboot` only
    revert: Literal["reload", "reboot"] = "reload"
    bracketed_paste: bool = False  # a bash that announces it before every prompt
    pin_locked: bool = False  # the SIM wants a PIN that nobody gave
    minute_s: float = 60.0  # how long a minute of commit-confirm is


parse = TwinConfig.parse
