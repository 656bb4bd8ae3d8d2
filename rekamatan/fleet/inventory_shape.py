"""Is every key there and of the right kind, and does every name lead somewhere?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rekamatan.config import Carrier, ModemEntry, Policy, ProfileEntry, Resolver
from rekamatan.fleet.inventory_files import Problem
from rekamatan.fleet.inventory_upkeep import (  # noqa: TC001 - as below
    Application,
    BackupPlace,
    DataVolume,
    LanService,
    Ups,
)
from rekamatan.models import (  # noqa: TC001 - resolved at run time to read the fields
    Endpoint,
    Limits,
    Outlet,
    Sim,
)
from rekamatan.modems.registry import platforms
from rekamatan.plain import Place, errors_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.fleet.inventory import Host, Inventory

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # also a host name and a certificate's CN
CODE = re.compile(r"\d\d\.\d\d\.\d\d")
MAX_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Vpn:
    """`data_centre_vpn`."""

    network: str
    address: str
    port: int = 51820
    interface: str = "wg0"


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """One entry of `link_profiles`: planning numbers."""

    down_kbps: float
    up_kbps: float
    rtt_ms: float
    jitter_ms: float
    mean_loss_percent: float


@dataclass(frozen=True, slots=True)
class SharedVariables:
    """What every district must say once."""

    carriers: dict[str, Carrier]
    wan_profiles: dict[str, ProfileEntry]
    thresholds: dict[str, Limits]
    link_profiles: dict[str, LinkProfile]
    data_centre_address: str
    data_centre_names: tuple[str, ...]
    data_centre_ingest_url: str
    data_centre_endpoints: tuple[Endpoint, ...]
    data_centre_dns: Resolver
    data_centre_vpn: Vpn
    data_centre_ntp: str = ""
    rekamatan_backup: BackupPlace = "data_centre"
    rekamatan_shutdown_after_s: int = 300
    rekamatan_application: Application | None = None
    rekamatan_application_services: tuple[LanService, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteVariables:
    """What every site must say."""

    site_code: str
    site_name: str
    site_seat: str
    site_latitude: float
    site_longitude: float
    site_lan: str
    site_vpn_address: str
    site_modem: ModemEntry
    site_sims: dict[str, Sim]
    site_wan_profile: str
    site_link_profiles: dict[str, str]
    site_limits: dict[str, str] = field(default_factory=dict)
    site_modem_outlet: Outlet | None = None
    rekamatan_application: Application | None = None  # the district's, or this office's own
    site_power_ups: Ups | None = None
    site_backup_directory: str = ""
    site_data_volume: DataVolume | None = None


def shape_problems(inventory: Inventory) -> Iterator[Problem]:
    """Missing keys, mistyped values."""
    yield from _shape(inventory.district, SharedVariables)
    yield from _shape(inventory.district, Policy)
    for site in inventory.sites:
        if any(document.name.startswith("host_vars/") for document in site.documents):
            yield from _shape(site, SiteVariables)
        else:
            file = f"host_vars/{site.name}/site.yml"
            fix = f"write it, after the model of another site, or remove {site.name} from hosts.yml"
            yield Problem(file, 0, "file", f"site {site.name} has no variables", fix)


def reference_problems(inventory: Inventory, profile: str | None) -> Iterator[Problem]:
    """Names that lead nowhere: carriers, limits, link profiles, platforms, SIMs."""
    district = inventory.district
    for name, entry in _table(district, "wan_profiles").items():
        for key, table in (("carrier", "carriers"), ("limits", "thresholds")):
            value = entry.get(key) if isinstance(entry, dict) else None
            yield from _unknown(district, f"wan_profiles.{name}.{key}", value, table)
    yield from _limits(district)
    if profile is not None and profile not in _table(district, "wan_profiles"):
        yield from _unknown(district, "wan_profiles", profile, "wan_profiles")
        profile = None  # one error about its name, not one more from each site
    for site in inventory.sites:
        yield from _site_references(site, profile)


def identity_problems(inventory: Inventory) -> Iterator[Problem]:
    """Names and codes of sites: form, duplicates, hosts that are only half there."""
    district_code = str(inventory.district.get("district_code") or "")
    for site in inventory.sites:
        if not SLUG.fullmatch(site.name):
            reason = f"{site.name!r} is not usable as host name and certificate name"
            yield Problem("hosts.yml", 0, site.name, reason, "use a-z, 0-9 and hyphens")
        code = site.get("site_code")
        if isinstance(code, str) and not (CODE.fullmatch(code) and code.startswith(district_code)):
            fix = f"write the Kemendagri code, such as {district_code or '14.07'}.01"
            yield site.problem("site_code", f"{code!r} is not a code of this district", fix)
    yield from duplicates(inventory, "site_code", "give each site its own Kemendagri code")
    yield from _half_hosts(inventory)


def duplicates(inventory: Inventory, key: str, fix: str) -> Iterator[Problem]:
    """A value of `key` that more than one site has; told at each site after the first."""
    first: dict[Any, str] = {}
    for site in inventory.sites:
        value = site.get(key)
        if not isinstance(value, str):
            continue
        if value in first:
            yield site.problem(key, f"{value} is already used by {first[value]}", fix)
        first.setdefault(value, site.name)


def _shape(host: Host, kind: type) -> Iterator[Problem]:
    if any(document.problems and not document.data for document in host.documents):
        return  # a file of this host could not be read: that is told, what it would say is not
    fields = kind.__dataclass_fields__  # type: ignore[attr-defined]
    variables = host.variables
    given = {key: variables[key] for key in fields if key in variables}
    for error in errors_in(kind, given, Place(host.name)):
        yield host.problem(error.action, error.reason, error.hint)


def _table(host: Host, key: str) -> dict[str, Any]:
    value = host.get(key)
    return value if isinstance(value, dict) else {}


def _unknown(host: Host, key: str, value: object, table: str) -> Iterator[Problem]:
    known = _table(host, table)
    if isinstance(value, str) and known and value not in known:
        fix = f"use one of: {', '.join(known)}; or add it to {table}"
        yield host.problem(key, f"{value!r} is not in {table}", fix)


def _limits(district: Host) -> Iterator[Problem]:
    for name, limits in _table(district, "thresholds").items():
        for key, value in (limits if isinstance(limits, dict) else {}).items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue  # told by the shape check
            place = f"thresholds.{name}.{key}"
            if value <= 0:
                yield district.problem(
                    place, f"{value} lets nothing pass", "write a number above 0"
                )
            if key == "loss_percent" and value >= MAX_PERCENT:
                yield district.problem(place, f"{value} % lets everything pass", "stay below 100")
            if key == "baseline_ratio" and value > 1:
                fix = "write a share such as 0.7"
                yield district.problem(place, f"{value} asks for more than the baseline", fix)


def _site_references(site: Host, profile: str | None) -> Iterator[Problem]:
    platform = site.get("site_modem.platform")
    if isinstance(platform, str) and platform not in platforms():
        fix = f"use one of: {', '.join(platforms())}"
        yield site.problem("site_modem.platform", f"{platform!r} is not a known platform", fix)
    for name in _table(site, "site_sims"):
        yield from _unknown(site, f"site_sims.{name}", name, "wan_profiles")
    for key, table in (("site_link_profiles", "link_profiles"), ("site_limits", "thresholds")):
        for name, value in _table(site, key).items():
            yield from _unknown(site, f"{key}.{name}", name, "site_sims")
            yield from _unknown(site, f"{key}.{name}", value, table)
    yield from _missing_sim(site, "site_wan_profile", site.get("site_wan_profile"))
    if profile is not None and profile != site.get("site_wan_profile"):
        yield from _missing_sim(site, "site_sims", profile)


def _missing_sim(site: Host, key: str, profile: object) -> Iterator[Problem]:
    if isinstance(profile, str) and profile not in _table(site, "site_sims"):
        reason = f"site {site.name} has no SIM card for profile {profile!r}"
        fix = f"add site_sims.{profile} with slot, iccid and imsi, or choose another profile"
        yield site.problem(key, reason, fix)


def _half_hosts(inventory: Inventory) -> Iterator[Problem]:
    """Variables without a host, and groups that must have one."""
    if not inventory.sites:
        fix = "list the sites under all.children.sites.hosts"
        yield Problem("hosts.yml", 0, "all.children.sites", "no site", fix)
    if len(inventory.data_centre) != 1:
        reason = f"{len(inventory.data_centre)} hosts in group data_centre"
        fix = "list exactly one, pusat, under all.children.data_centre.hosts"
        yield Problem("hosts.yml", 0, "all.children.data_centre", reason, fix)
    for document in inventory.documents:
        folder, _, rest = document.name.partition("/")
        name = rest.partition("/")[0].removesuffix(".yml")
        if folder == "host_vars" and name not in inventory.host_names:
            reason = f"no host {name!r} in hosts.yml: nobody reads this file"
            yield Problem(document.name, 0, "file", reason, "add the host, or correct the name")
