"""Inventory variables to the desired state of one site, and that state as a file, no secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rekamatan import paths
from rekamatan.errors import ConfigError
from rekamatan.models import (
    Auth,
    DataCentre,
    Endpoint,
    Limits,
    ModemAccess,
    Outlet,
    Sim,
    Site,
    WanProfile,
)
from rekamatan.plain import Place, as_mapping, from_plain, parse_json, to_plain
from rekamatan.site_checks import check_site, network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Carrier:
    """One entry of `carriers`."""

    name: str
    plmns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """One entry of `wan_profiles`: what all sites share of a profile."""

    carrier: str
    apn: str
    limits: str
    auth: Auth = "none"
    username: str = ""
    mtu: int = 1400
    attach_timeout_s: int = 60
    outage_budget_s: int = 180


@dataclass(frozen=True, slots=True)
class ModemEntry:
    """`site_modem`; the host is the first address of the LAN unless it says otherwise."""

    platform: str
    interface: str = "lte1"
    host: str = ""
    port: int = 22
    username: str = "rekamatan"
    read_username: str = "rekamatan-read"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the district demands; an absent key means the stricter choice about change orders."""

    rekamatan_change_order_required: bool = True
    rekamatan_change_order_signers: tuple[str, ...] = ()
    rekamatan_store_and_forward: Literal["allowed", "online_only"] = "allowed"


@dataclass(frozen=True, slots=True)
class Resolver:
    """`data_centre_dns`: a name that must be answered, and by which server ("" = the system's)."""

    name: str
    server: str = ""


def site_from_variables(variables: Mapping[str, Any], *, source: str) -> Site:
    """The desired state of the site whose merged Ansible variables these are.

    Args:
        variables: inventory variables of one host, templates resolved.
        source: what to call them in errors, usually "inventory host kubu".

    Raises:
        ConfigError: names the source, the key, what is wrong and the fix.
    """
    place = Place(source)
    policy = _policy(variables, place)
    site = Site(
        slug=_text(variables, "inventory_hostname", place),
        code=_text(variables, "site_code", place),
        name=_text(variables, "site_name", place),
        lan=_text(variables, "site_lan", place),
        modem=_modem(variables, place),
        profiles=_profiles(variables, place),
        data_centre=_data_centre(variables, place),
        initial_profile=_text(variables, "site_wan_profile", place),
        tunnel_interface=_tunnel(variables, place),
        change_order_required=policy.rekamatan_change_order_required,
        change_order_signers=policy.rekamatan_change_order_signers,
        store_and_forward=policy.rekamatan_store_and_forward,
        modem_outlet=_outlet(variables, place),
        district_sims=_district_sims(variables, place),
    )
    check_site(site, place)
    return site


def site_to_json(site: Site) -> str:
    """`site` as the text of /etc/rekamatan/site.json; the same site gives the same bytes."""
    return json.dumps(to_plain(site), indent=2, ensure_ascii=False) + "\n"


def load_site(path: Path = paths.SITE_FILE) -> Site:
    """Read the desired state of this site back.

    Raises:
        ConfigError: the file is missing, not JSON, or holds a bad value.
    """
    place = Place(str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "provision this site first: scripts/pasang, or playbooks/provision.yml"
        raise ConfigError(str(path), "read", "no such file", hint) from None
    except OSError as error:
        raise ConfigError(
            str(path), "read", error.strerror or "unreadable", "run as root"
        ) from None
    site = from_plain(Site, parse_json(text, str(path)), place)
    check_site(site, place)
    return site


def _value(variables: Mapping[str, Any], key: str, place: Place, hint: str = "") -> object:
    if key not in variables:
        raise place.at(key).error("missing", hint or "add it to the inventory")
    return variables[key]


def _text(variables: Mapping[str, Any], key: str, place: Place, hint: str = "") -> str:
    text = from_plain(str, _value(variables, key, place, hint), place.at(key))
    if not text:
        raise place.at(key).error("empty", hint or "write its value")
    return text


def _modem(variables: Mapping[str, Any], place: Place) -> ModemAccess:
    entry = from_plain(ModemEntry, _value(variables, "site_modem", place), place.at("site_modem"))
    hint = "make the host keys: rekamatan secrets init"
    host_key = from_plain(
        str, _value(variables, "site_modem_host_key", place, hint), place.at("site_modem_host_key")
    )
    lan = network(_text(variables, "site_lan", place), place.at("site_lan"))
    return ModemAccess(
        platform=entry.platform,
        host=entry.host or str(lan.network_address + 1),
        host_key=" ".join(host_key.split()[:2]),  # type and key; the comment is nobody's business
        username=entry.username,
        read_username=entry.read_username,
        port=entry.port,
        interface=entry.interface,
    )


def _profiles(variables: Mapping[str, Any], place: Place) -> dict[str, WanProfile]:
    """The profiles for which this site has a SIM card."""
    sims = from_plain(dict[str, Sim], _value(variables, "site_sims", place), place.at("site_sims"))
    return {name: _profile(name, sim, variables, place) for name, sim in sims.items()}


def _profile(name: str, sim: Sim, variables: Mapping[str, Any], place: Place) -> WanProfile:
    entry = _entry(ProfileEntry, "wan_profiles", name, variables, place)
    carrier = _entry(Carrier, "carriers", entry.carrier, variables, place)
    overrides = from_plain(
        dict[str, str], variables.get("site_limits") or {}, place.at("site_limits")
    )
    limits = _entry(Limits, "thresholds", overrides.get(name, entry.limits), variables, place)
    return WanProfile(
        name=name,
        carrier=entry.carrier,
        apn=entry.apn,
        plmns=carrier.plmns,
        sim=sim,
        limits=limits,
        auth=entry.auth,
        username=entry.username,
        mtu=entry.mtu,
        attach_timeout_s=entry.attach_timeout_s,
        outage_budget_s=entry.outage_budget_s,
    )


def _entry(kind: type[T], table: str, name: str, variables: Mapping[str, Any], place: Place) -> T:
    """The entry `name` of a table such as `carriers`, read as `kind`."""
    entries = as_mapping(_value(variables, table, place), place.at(table))
    if name not in entries:
        known = ", ".join(map(str, entries))
        raise place.at(table).error(f"no entry {name!r}", f"add it, or use one of: {known}")
    return from_plain(kind, entries[name], place.at(table).at(name))


def _data_centre(variables: Mapping[str, Any], place: Place) -> DataCentre:
    resolver = from_plain(
        Resolver, _value(variables, "data_centre_dns", place), place.at("data_centre_dns")
    )
    endpoints = from_plain(
        tuple[Endpoint, ...],
        _value(variables, "data_centre_endpoints", place),
        place.at("data_centre_endpoints"),
    )
    return DataCentre(
        ping_host=_text(variables, "data_centre_address", place),
        endpoints=endpoints,
        ingest_url=_text(variables, "data_centre_ingest_url", place),
        receipt_public_key=_text(
            variables,
            "data_centre_receipt_public_key",
            place,
            "make the data centre's keys: rekamatan secrets init",
        ),
        dns_name=resolver.name,
        dns_server=resolver.server,
        ntp_server=from_plain(
            str, variables.get("data_centre_ntp", ""), place.at("data_centre_ntp")
        ),
    )


def _outlet(variables: Mapping[str, Any], place: Place) -> Outlet | None:
    value = variables.get("site_modem_outlet")
    return from_plain(Outlet, value, place.at("site_modem_outlet")) if value else None


def _district_sims(variables: Mapping[str, Any], place: Place) -> dict[str, dict[str, Sim]]:
    value = variables.get("district_sims") or {}
    return from_plain(dict[str, dict[str, Sim]], value, place.at("district_sims"))


def _tunnel(variables: Mapping[str, Any], place: Place) -> str:
    if not variables.get("data_centre_vpn"):
        return ""
    key = place.at("data_centre_vpn")
    vpn = as_mapping(variables["data_centre_vpn"], key)
    return from_plain(str, vpn.get("interface", "wg0"), key.at("interface"))


def _policy(variables: Mapping[str, Any], place: Place) -> Policy:
    given = {f.name: variables[f.name] for f in fields(Policy) if f.name in variables}
    return from_plain(Policy, given, place)
