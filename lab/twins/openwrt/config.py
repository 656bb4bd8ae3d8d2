"""What a twin is told about itself: `/etc/rekamatan-twin.json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from lab.twins.engine.config import ConsoleConfig, Initial

Kind = Literal["modemmanager", "qmi", "rutos"]


@dataclass(frozen=True, slots=True)
class TwinConfig(ConsoleConfig):
    """One twin. `pins`: slot -> PIN of a locked card."""

    FRESH: ClassVar[Initial] = Initial(profile="", sim_slot="1")

    kind: Kind = "modemmanager"
    pins: dict[str, str] = field(default_factory=dict)
    save_delay_s: float = 1.0
    version: str = ""
    detached: bool = True  # False: a BusyBox without start-stop-daemon
    slots: int = 2  # 1: the board has no second slot to select


parse = TwinConfig.parse
