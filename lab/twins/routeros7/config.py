"""What a twin is told about itself: `/etc/rekamatan-twin.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.twins.engine.radio import SimCard
from lab.twins.engine.sgsnemu import CarrierPort
from lab.twins.routeros7.modem import ModemTiming

VERSION_7 = "7.24 (stable)"
VERSION_6 = "6.49.10 (long-term)"


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the factory settings make it."""

    password: str
    group: str = "full"


@dataclass(frozen=True, slots=True)
class Initial:
    """What the LTE side is set to on a fresh device."""

    profile: str = "default"
    sim_slot: str = "up"
    apn: str = "internet"


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
    save_delay_s: float = 1.0
    startup_s: float = 3.0
    scheduler_allowed: bool = True  # device-mode
    version: str = VERSION_7
    pin_locked: bool = False  # the SIM wants a PIN that nobody gave


def load(path: Path, version: str = VERSION_7) -> TwinConfig:
    """Read a configuration file; `version` where it names none.

    Raises:
        ValueError: naming the file and the key.
    """
    try:
        return parse({"version": version, **json.loads(path.read_text(encoding="utf-8"))})
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
