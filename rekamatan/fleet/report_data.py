"""What a report is made of: the rollout's heading and one file per site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rekamatan.errors import ConfigError
from rekamatan.fleet.ledger import SiteState
from rekamatan.models import GateResult, SwitchOutcome
from rekamatan.plain import Place, as_mapping, from_plain, parse_json
from rekamatan.wan.sightings import Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Records:
    """Counts of one site's own ledger."""

    captured: int = 0
    sent: int = 0
    acknowledged: int = 0


@dataclass(frozen=True, slots=True)
class Recording:
    """What the enrolment workstations of one site saw during the rollout, end to end."""

    captured: int = 0
    acknowledged: int = 0
    lost: int = 0
    largest_gap_s: float = 0.0  # longest time between two records stored on the LAN


@dataclass(frozen=True, slots=True)
class SiteReport:
    """Everything the report says about one site."""

    slug: str
    code: str
    name: str
    latitude: float
    longitude: float
    state: SiteState
    outcome: SwitchOutcome | None = None
    before: GateResult | None = None
    after: GateResult | None = None
    records: Records | None = None
    recording: Recording | None = None
    carriers: tuple[Sighting, ...] = ()  # as they were last heard from this office

    @property
    def outage_s(self) -> float | None:
        """Seconds without the data centre during the switch; None when it was not measured."""
        return self.outcome.outage_s if self.outcome else None

    @property
    def captured(self) -> int | None:
        """Records captured: counted at the workstations if they counted, else by the server."""
        source = self.recording or self.records
        return source.captured if source else None

    @property
    def acknowledged(self) -> int | None:
        """Records acknowledged by the data centre, counted where `captured` is."""
        source = self.recording or self.records
        return source.acknowledged if source else None


@dataclass(frozen=True, slots=True)
class Rollout:
    """One change order applied to the sites of a district."""

    district: str
    profile: str
    change_order: str
    started: str
    finished: str
    sites: tuple[SiteReport, ...]

    @property
    def verified(self) -> tuple[SiteReport, ...]:
        """The sites that are done."""
        return tuple(site for site in self.sites if site.state is SiteState.VERIFIED)

    @property
    def open_sites(self) -> tuple[SiteReport, ...]:
        """The sites somebody still has to look at."""
        return tuple(site for site in self.sites if site.state is not SiteState.VERIFIED)

    @property
    def lost(self) -> int | None:
        """Records lost in all; None when no workstation counted."""
        counted = [site.recording.lost for site in self.sites if site.recording]
        return sum(counted) if counted else None

    @property
    def largest_gap_s(self) -> float | None:
        """The longest gap between two records anywhere; None when no workstation counted."""
        gaps = [site.recording.largest_gap_s for site in self.sites if site.recording]
        return max(gaps) if gaps else None


def read_rollout(directory: Path) -> Rollout:
    """Read rollout.json, sites/*.json and, if it is there, workstations.json.

    Raises:
        ConfigError: a file is missing, not JSON, or holds a value that cannot be.
    """
    heading = _object(directory / "rollout.json", "run playbooks/report.yml to collect it")
    place = Place(str(directory / "rollout.json"))
    workstations: Mapping[str, Any] = {}
    if (directory / "workstations.json").exists():
        workstations = _object(directory / "workstations.json", "")
    files = sorted((directory / "sites").glob("*.json"))
    if not files:
        hint = "run playbooks/report.yml to collect the sites"
        raise ConfigError(str(directory / "sites"), "files", "no site was collected", hint)
    sites = [_site(file, workstations, directory) for file in files]
    return Rollout(
        district=_text(heading, "district", place),
        profile=_text(heading, "profile", place),
        change_order=_text(heading, "change_order", place),
        started=_text(heading, "started", place),
        finished=_text(heading, "finished", place),
        sites=tuple(sorted(sites, key=lambda site: (site.code, site.slug))),
    )


def probe_value(gate: GateResult | None, name: str) -> float | None:
    """The number a probe measured; None when there is none."""
    for probe in gate.probes if gate else ():
        if probe.name == name and isinstance(probe.value, int | float):
            return float(probe.value)
    return None


def probe_limit(gate: GateResult | None, name: str) -> float | None:
    """The limit a probe was judged by; None when there is none."""
    for probe in gate.probes if gate else ():
        if probe.name == name and isinstance(probe.limit, int | float):
            return float(probe.limit)
    return None


def _site(file: Path, workstations: Mapping[str, Any], directory: Path) -> SiteReport:
    content, place = _object(file, ""), Place(str(file))
    who = as_mapping(content.get("site"), place.at("site"))
    at = place.at("site")
    slug = _text(who, "slug", at)
    counts = content.get("records")
    seen = workstations.get(slug)
    return SiteReport(
        slug=slug,
        code=_text(who, "code", at),
        name=_text(who, "name", at),
        latitude=from_plain(float, who.get("latitude"), at.at("latitude")),
        longitude=from_plain(float, who.get("longitude"), at.at("longitude")),
        state=from_plain(SiteState, content.get("state"), place.at("state")),
        outcome=_known(SwitchOutcome, content.get("outcome"), place.at("outcome")),
        before=_known(GateResult, content.get("before"), place.at("before")),
        after=_known(GateResult, content.get("after"), place.at("after")),
        records=_known(Records, counts, place.at("records")),
        recording=_known(Recording, seen, Place(str(directory / "workstations.json"), slug)),
        carriers=_carriers(content.get("survey"), place.at("survey")),
    )


def _carriers(value: object, place: Place) -> tuple[Sighting, ...]:
    """The site's sightings in order of profile; an older site tells none."""
    heard = from_plain(dict[str, Sighting], value or {}, place)
    return tuple(heard[name] for name in sorted(heard))


def _known(kind: type[T], value: object, place: Place) -> T | None:
    """Read `kind` if it is there; keys it does not have are somebody else's and left alone."""
    if value is None:
        return None
    known = kind.__dataclass_fields__  # type: ignore[attr-defined]
    given = {key: item for key, item in as_mapping(value, place).items() if key in known}
    return from_plain(kind, given, place)


def _text(content: Mapping[str, Any], key: str, place: Place) -> str:
    return from_plain(str, content.get(key, ""), place.at(key))


def _object(path: Path, hint: str) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(str(path), "read", error.strerror or "unreadable", hint) from None
    return as_mapping(parse_json(text, str(path)), Place(str(path)))
