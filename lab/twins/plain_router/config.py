"""What the routers of one site are told: `/etc/rekamatan-twin.json`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.twins.engine import config
from lab.twins.engine.radio import SimCard

if TYPE_CHECKING:
    from lab.twins.engine.sgsnemu import CarrierPort


@dataclass(frozen=True, slots=True)
class RouterConfig:
    """One router: a cable to the recording server, a radio to one carrier."""

    port: str  # the LAN side's device
    address: str  # on that device: the server's next hop
    apn: str
    sim: SimCard


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """All plain routers of one site; one machine of the lab plays them."""

    identity: str
    flash: Path
    carriers: dict[str, CarrierPort]
    routers: tuple[RouterConfig, ...]
    attach_s: float = 2.0
    retry_s: float = 5.0


def parse(document: dict[str, Any]) -> SiteConfig:
    """Build from parsed JSON; unknown keys are errors."""
    given = dict(document)
    rows = [{**row, "sim": SimCard(**row["sim"])} for row in given.pop("routers")]
    return SiteConfig(
        flash=Path(given.pop("flash")),
        carriers=config.carrier_ports(given),
        routers=tuple(RouterConfig(**row) for row in rows),
        attach_s=float(given.pop("attach_seconds", 2.0)),
        **given,
    )


def load(path: Path) -> SiteConfig:
    """Read a configuration file. Raises `ValueError` naming the file and the key."""
    return config.load(path, parse)
