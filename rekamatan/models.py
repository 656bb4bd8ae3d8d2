"""Plain typed data shared by every part. No behaviour beyond what the data itself says.

Units are in the names: `_ms` milliseconds, `_s` seconds, `_kbps` kilobits (1000 bits) per second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Auth = Literal["none", "pap", "chap"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a healthy link of one WAN profile looks like. A VSAT is not sick at 700 ms."""

    loss_percent: float
    rtt_ms: float
    jitter_ms: float
    throughput_floor_kbps: float
    mtu: int
    clock_offset_ms: float = 1000.0
    handshake_age_s: float = 180.0
    baseline_ratio: float = 0.7


@dataclass(frozen=True, slots=True)
class Sim:
    """A SIM card as planned for a site: where it sits and what it must say it is."""

    slot: str  # the platform's own word: "up" | "down" | "a" | "1" ...
    iccid: str
    imsi: str


@dataclass(frozen=True, slots=True)
class WanProfile:
    """Carrier + APN + auth + accepted PLMNs + MTU + SIM, resolved for one site."""

    name: str  # "telkomsel"
    carrier: str
    apn: str
    plmns: tuple[str, ...]  # ("51010", "51020"): MCC+MNC
    sim: Sim
    limits: Limits
    auth: Auth = "none"
    username: str = ""  # the password is a secret: never in this record
    mtu: int = 1400
    attach_timeout_s: int = 60
    outage_budget_s: int = 180


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A named TCP service at the data centre that must answer through the WAN."""

    name: str
    host: str
    port: int
    tls: bool = True


@dataclass(frozen=True, slots=True)
class DataCentre:
    """Where records go and what the gate probes."""

    ping_host: str
    endpoints: tuple[Endpoint, ...]
    ingest_url: str  # "https://ingest.dukcapil.example:443"
    receipt_public_key: str  # Ed25519, base64 of the 32 raw bytes
    dns_name: str  # a name the site's resolver must answer
    dns_server: str = ""  # empty: the system's resolver
    ntp_server: str = ""


@dataclass(frozen=True, slots=True)
class ModemAccess:
    """How the recording server reaches the modem over the LAN."""

    platform: str  # "routeros7"
    host: str
    host_key: str  # "ssh-ed25519 AAAA..." pinned; "" only for platforms without SSH
    username: str = "rekamatan"
    read_username: str = "rekamatan-read"
    port: int = 22
    interface: str = "lte1"


@dataclass(frozen=True, slots=True)
class Outlet:
    """A switched outlet that feeds the modem and nothing else."""

    kind: Literal["shelly1", "shelly2"]  # the generation decides the HTTP interface
    host: str
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """Desired state of one site, as written to /etc/rekamatan/site.json (no secrets)."""

    slug: str
    code: str  # Kemendagri code, "14.07.01"
    name: str
    lan: str  # CIDR of the office LAN, "192.168.101.0/24"
    modem: ModemAccess
    profiles: dict[str, WanProfile]
    data_centre: DataCentre
    initial_profile: str
    tunnel_interface: str = "wg0"  # "" = no tunnel
    change_order_required: bool = True
    # lines of allowed_signers(5): whose signed orders count; empty: the order's number is enough
    change_order_signers: tuple[str, ...] = ()
    modem_outlet: Outlet | None = None
    # site -> profile -> card, of the whole district: names a card that was put into another office
    district_sims: dict[str, dict[str, Sim]] = field(default_factory=dict)
    store_and_forward: Literal["allowed", "online_only"] = "allowed"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the device says it is."""

    platform: str
    model: str
    version: str
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Radio figures; a field the device does not give is None, never invented."""

    rssi_dbm: float | None = None
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None


@dataclass(frozen=True, slots=True)
class ModemState:
    """One normalised reading of a modem, the same for every platform."""

    platform: str
    sim_slot: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    plmn: str | None = None
    operator: str | None = None
    registered: bool | None = None
    roaming: bool | None = None
    rat: str | None = None
    signal: Signal = field(default_factory=Signal)
    profile: str | None = None  # name of the active APN profile on the device
    apn: str | None = None
    wan_if: str | None = None
    wan_ip: str | None = None
    default_route_via: str | None = None
    raw: str = ""  # device text for evidence, secrets redacted


class Rollback(StrEnum):
    """Who can bring the old profile back when the switch process is dead."""

    DEVICE = "device"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class PendingRollback:
    """A live timer on the device that will bring the old profile back."""

    plan_id: str
    remaining_s: float | None  # None where the device does not tell
    fired: bool = False


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """A pure diff: what the device would be told, and how to undo it.

    `commands` and `undo` are device text, ready to send, without secrets (`{{secret}}` markers are
    filled in at the last moment by the driver). Empty `commands` means nothing differs.
    """

    plan_id: str  # run id, [a-z0-9-], <= 24 characters: it names objects on the device
    target: str  # profile name
    previous: str  # profile name that undo brings back
    commands: tuple[str, ...]
    undo: tuple[str, ...]
    before: str = ""  # human-readable state for --diff
    after: str = ""

    @property
    def empty(self) -> bool:
        """True when the device is already as desired."""
        return not self.commands


class Verdict(StrEnum):
    """What the gate decides."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    DEGRADED = "degraded"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Probe:
    """One measurement. `ok` None = could not be measured here (says why in detail)."""

    # "registration", "route", "dns", "ping.loss", "ping.rtt", "ping.jitter", "tcp.<endpoint>",
    # "mtu", "tunnel", "clock", "canary.receipt", "canary.throughput"
    name: str
    ok: bool | None
    value: float | str | None = None
    unit: str = ""
    limit: float | str | None = None
    detail: str = ""
    essential: bool = (
        True  # an essential probe that fails makes the verdict `fail`, else `degraded`
    )


@dataclass(frozen=True, slots=True)
class GateResult:
    """All probes of one run through one profile, and the decision."""

    verdict: Verdict
    probes: tuple[Probe, ...]
    profile: str
    started: str  # ISO 8601 UTC, a label
    duration_s: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreflightCheck:
    """One thing looked at before a switch; `blocking` and not ok refuses it, with `code`."""

    name: str  # "sim.iccid", "plmn", "signal", "power", "disk", "capture", "clock", ...
    ok: bool | None  # None = cannot be known here (says why in detail)
    code: str
    value: float | str | None = None
    unit: str = ""
    limit: float | str | None = None
    detail: str = ""
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One thing tried when neither profile worked."""

    name: str  # "reset_modem", "other_sim:vsat", "power_cycle", ...
    result: Literal["worked", "no_help", "not_here", "failed"]
    detail: str
    seconds: float


class SwitchState(StrEnum):
    """States of the WAN switch; each is journalled before the act it names."""

    PLANNED = "planned"
    PREFLIGHT = "preflight"
    ARMED = "armed"
    APPLIED = "applied"
    ATTACHED = "attached"
    GATED = "gated"
    CONFIRMING = "confirming"
    COMMITTED = "committed"
    REVERTING = "reverting"
    REVERTED = "reverted"
    STRANDED = "stranded"
    REFUSED = "refused"  # preflight said no: nothing was touched


@dataclass(frozen=True, slots=True)
class SwitchOutcome:
    """The truth about one switch, as the site knows it."""

    run_id: str
    site: str
    state: SwitchState
    target: str
    previous: str
    active: str | None  # profile that is active now; None = not known
    change_order: str
    reason: str  # one sentence, English; commands translate
    gate: GateResult | None
    baseline: GateResult | None
    outage_s: float | None  # seconds without the data centre; None = not measured
    started: str
    duration_s: float
    steps: tuple[tuple[str, float], ...] = ()  # (state, seconds since start)
    changed: bool = False  # False when the profile was already active and gated
    checks: tuple[PreflightCheck, ...] = ()  # what preflight found, go or no-go
    ladder: tuple[LadderStep, ...] = ()  # what was tried when neither profile worked
