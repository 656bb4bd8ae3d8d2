"""What a twin is told about itself: a file that `lab.modem` writes alike for every platform."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from lab.twins.engine.radio import ModemTiming, SimCard
from lab.twins.engine.sgsnemu import CarrierPort

if TYPE_CHECKING:
    from collections.abc import Callable

Config = TypeVar("Config")


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
class ConsoleConfig:
    """A twin with a console over SSH; each platform adds what is its own.

    `sims`: slot -> card. `carriers`: name -> the modem's port to its packet core.
    """

    FRESH: ClassVar[Initial] = Initial()  # where the file says nothing of it

    identity: str
    lan_address: str
    lan_prefix: int
    host_key_file: Path
    flash: Path
    users: dict[str, Account]
    sims: dict[str, SimCard]
    carriers: dict[str, CarrierPort]
    initial: Initial
    timing: ModemTiming
    listen_port: int = 22

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a configuration file. Raises `ValueError` naming the file and the key."""
        return load(path, cls.parse)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Build from parsed JSON; unknown keys are errors."""
        given = dict(document)
        return cls(
            users={name: Account(**user) for name, user in given.pop("users").items()},
            sims={slot: SimCard(**sim) for slot, sim in given.pop("sims").items()},
            carriers=carrier_ports(given),
            initial=dataclasses.replace(cls.FRESH, **given.pop("initial", {})),
            host_key_file=Path(given.pop("host_key_file")),
            flash=Path(given.pop("flash")),
            timing=_timing(given),
            **given,
        )


def load(path: Path, parse: Callable[[dict[str, Any]], Config]) -> Config:
    """Read a configuration file. Raises `ValueError` naming the file and the key."""
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path}: {type(error).__name__}: {error}"
        raise ValueError(message) from error


def carrier_ports(given: dict[str, Any]) -> dict[str, CarrierPort]:
    """Take the ports to the packet cores out of what is given."""
    return {name: CarrierPort(**port) for name, port in given.pop("carriers", {}).items()}


def _timing(given: dict[str, Any]) -> ModemTiming:
    attach_s = float(given.pop("attach_seconds", 2.0))
    return ModemTiming(
        attach_s=attach_s,
        absent_s=float(given.pop("absent_seconds", attach_s / 2)),
        retry_s=float(given.pop("retry_seconds", 5.0)),
    )
