"""What a twin is told about itself: `/etc/rekamatan-twin.json`, the same keys as other twins'."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lab.twins.engine.config import carrier_ports
from lab.twins.engine.radio import SimCard

if TYPE_CHECKING:
    from lab.twins.engine.sgsnemu import CarrierPort

# Keys of other twins that mean nothing to a modem without SSH and without slots.
_NOT_OURS = ("host_key_file", "lan_prefix", "absent_seconds", "startup_s")

SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model does what models do differently."""

    password_type: Literal[0, 3, 4] = 4  # base64 twice, or SHA-256 bound to the token
    rsa_padding: Literal[0, 1] | None = 1  # PKCS#1 1.5, OAEP, or no encryption at all
    home_tokens: bool = False  # tokens stand in the home page (B310), else in SesTokInfo
    new_is_default: bool = False  # E5576: a profile that is made is the one in use at once
    redials: bool = False  # dials again by itself when the profile in use changes


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. A real modem attaches in 5-60 s; the lab is faster."""

    attach_s: float = 2.0
    retry_s: float = 5.0
    disconnect_s: float = 0.2
    reboot_s: float = 3.0
    session_s: float = 300.0


@dataclass(frozen=True, slots=True)
class TwinConfig:
    """One twin."""

    identity: str
    lan_address: str
    flash: Path
    username: str
    password: str
    sim: SimCard | None
    carriers: dict[str, CarrierPort] = field(default_factory=dict)
    profile: str = "default"
    apn: str = "internet"
    timing: Timing = field(default_factory=Timing)
    manner: Manner = field(default_factory=Manner)
    listen_port: int = 80
    serial: str = "TWINHILINK000001"
    save_delay_s: float = 1.0
    pin_locked: bool = False  # the card wants a PIN that nobody gave
    model: str = "B525s-65a"  # empty: a firmware that does not name it


def parse(document: dict[str, Any]) -> TwinConfig:
    """Build from parsed JSON; unknown keys are errors.

    The first account is the only one; the only card is that of the initial slot, or the first.
    """
    given = {key: value for key, value in document.items() if key not in _NOT_OURS}
    username, account = next(iter(given.pop("users").items()))
    if given.get("listen_port") == SSH_PORT:
        del given["listen_port"]  # what the lab tells every twin; this one has a page, no console
    sims = given.pop("sims")
    initial = given.pop("initial", {})
    card = sims.get(initial.get("sim_slot", ""), next(iter(sims.values()), None))
    timing = {
        name.removesuffix("econds"): float(given.pop(name))
        for name in [f"{what}_seconds" for what in ("attach", "retry", "disconnect", "reboot")]
        if name in given
    }
    return TwinConfig(
        username=username,
        password=account["password"],
        sim=SimCard(**card) if card else None,
        carriers=carrier_ports(given),
        profile=initial.get("profile", "default"),
        apn=initial.get("apn", "internet"),
        flash=Path(given.pop("flash")),
        timing=Timing(**timing, session_s=float(given.pop("session_s", 300.0))),
        manner=Manner(**given.pop("manner", {})),
        **given,
    )
