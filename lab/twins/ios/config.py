"""What a twin is told about itself: `/etc/rekamatan-twin.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lab.twins.engine.radio import SimCard
from lab.twins.engine.sgsnemu import CarrierPort
from lab.twins.routeros7.config import Account, Initial
from lab.twins.routeros7.modem import ModemTiming


@dataclass(frozen=True, slots=True)
class TwinConfig:
    """One twin."""

    identity: str
    lan_address: str
    lan_prefix: int
    host_key_file: Path
    flash: Path
    users: dict[str, Account]
    sims: dict[str, SimCard]
    carriers: dict[str, CarrierPort] = field(default_factory=dict)
    initial: Initial = field(default_factory=Initial)
    timing: ModemTiming = field(default_factory=ModemTiming)
    listen_port: int = 22
    serial: str = "TWIN00000001"
    version: str = "17.09.04a"
    unit: str = "0/2/0"
    # where APN profiles are kept: in the modem, or as `profile id` in the configuration
    keeps: Literal["nvram", "config"] = "nvram"
    archive: bool = True  # without it no revert timer
    pin_locked: bool = False  # the SIM wants a PIN that nobody gave
    minute_s: float = 60.0  # how long a minute of the revert timer is


def load(path: Path) -> TwinConfig:
    """Read a configuration file. Raises `ValueError` naming the file and the key."""
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path}: {type(error).__name__}: {error}"
        raise ValueError(message) from error


def parse(document: dict[str, Any]) -> TwinConfig:
    """Build from parsed JSON; unknown keys are errors."""
    given = dict(document)
    attach_s = float(given.pop("attach_seconds", 2.0))
    timing = ModemTiming(
        attach_s=attach_s,
        absent_s=float(given.pop("absent_seconds", attach_s / 2)),
        retry_s=float(given.pop("retry_seconds", 5.0)),
    )
    return TwinConfig(
        users={name: Account(**user) for name, user in given.pop("users").items()},
        sims={slot: SimCard(**sim) for slot, sim in given.pop("sims").items()},
        carriers={name: CarrierPort(**port) for name, port in given.pop("carriers", {}).items()},
        initial=Initial(**given.pop("initial", {})),
        host_key_file=Path(given.pop("host_key_file")),
        flash=Path(given.pop("flash")),
        timing=timing,
        **given,
    )
