"""One reading of a RouterOS modem, from the answers to its queries. Pure: text in, state out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.models import ModemState, Signal
from rekamatan.modems.routeros_parse import (
    Figures,
    Row,
    first,
    parse_monitor,
    parse_print,
)
from rekamatan.modems.routeros_text import error_in
from rekamatan.modems.routeros_values import number
from rekamatan.modems.text_sections import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

# Words seen in captures of attached modems; every other wording counts as not attached.
ATTACHED = frozenset({"connected", "running", "registered", "call in progress"})
_REGISTERED, _ROAMING = "registered", "roaming"
_PLMN_DIGITS = (5, 6)
_NOT_THERE = frozenset("XI")  # disabled, invalid
_VIA = re.compile(r"\bvia\s.*?(\S+)$")  # "reachable via  lte1", "recursive via 10.0.0.1 ether5"


def device_profiles(raw: str) -> dict[str, Row]:
    """APN profiles on the device, by name, from a reading's text."""
    rows = parse_print(from_text(raw).get("profiles", ""))
    return {row.values["name"]: row for row in rows if "name" in row.values}


def state_of(platform: str, interface: str, answers: Mapping[str, str]) -> ModemState:
    """What the answers say; a field they do not tell is None.

    Args:
        platform: the driver's name.
        interface: the LTE interface, "lte1".
        answers: label -> text; labels as in `templates/modems/<platform>/read.j2`, missing ones
            count as empty.
    """
    raw, figures = to_text(answers), parse_monitor(answers.get("monitor", ""))
    row = _first_row(answers.get("interface", ""))
    imsi, operator = first(figures, "imsi"), first(figures, "current-operator")
    return ModemState(
        platform=platform,
        sim_slot=_slot(answers.get("slot", "")),
        iccid=(first(figures, "iccid", "uicc") or "").rstrip("fF") or None,
        imsi=imsi,
        plmn=_plmn(operator, imsi),
        operator=operator,
        registered=_registered(figures),
        roaming=_roaming(figures),
        rat=first(figures, "access-technology", "data-class"),
        signal=signal_of(figures),
        profile=row.get("apn-profiles"),
        apn=_apn(raw, row.get("apn-profiles")),
        wan_if=interface if row else None,
        wan_ip=_address(answers.get("address", "")),
        default_route_via=default_route(answers.get("route", "")),
        raw=raw,
    )


def signal_of(figures: Figures) -> Signal:
    """Radio figures without their units; on a 5G-only carrier there are the `nr-` ones alone.

    `signal-strengh` is how the device itself spells it for modems that give nothing else.
    """
    return Signal(
        rssi_dbm=number(first(figures, "rssi", "signal-strengh", "signal-strength")),
        rsrp_dbm=number(first(figures, "rsrp", "nr-rsrp")),
        rsrq_db=number(first(figures, "rsrq", "nr-rsrq")),
        sinr_db=number(first(figures, "sinr", "nr-sinr")),
    )


def default_route(text: str) -> str | None:
    """Where the active default route with the least distance leads.

    The interface, where the device tells it beside the next hop (RouterOS 6: `gateway-status=...
    reachable via lte1`); else the gateway as printed.
    """
    active = [
        row.values
        for row in parse_print(text)
        if "A" in row.flags and row.values.get("dst-address") == "0.0.0.0/0" and _main(row)
    ]
    if not active:
        return None
    nearest = min(active, key=lambda values: number(values.get("distance")) or 0)
    via = _VIA.search(nearest.get("gateway-status", ""))
    return via[1] if via else nearest.get("gateway")


def _main(row: Row) -> bool:
    """Whether a route is in the table the router itself uses, not one of policy routing."""
    return "routing-mark" not in row.values and row.values.get("routing-table", "main") == "main"


def _apn(raw: str, profile: str | None) -> str | None:
    active = device_profiles(raw).get(profile or "")
    return active.values.get("apn") if active else None


def _first_row(text: str) -> dict[str, str]:
    rows = parse_print(text)
    return rows[0].values if rows else {}


def _slot(text: str) -> str | None:
    return None if error_in(text) else text.strip() or None


def _address(text: str) -> str | None:
    """The first address in use, without its prefix length."""
    for row in parse_print(text):
        if not _NOT_THERE & set(row.flags) and (address := row.values.get("address")):
            return address.partition("/")[0]
    return None


def _plmn(operator: str | None, imsi: str | None) -> str | None:
    """The network's number where the modem tells it, else the home network of the SIM."""
    if operator and operator.isdigit() and len(operator) in _PLMN_DIGITS:
        return operator
    return imsi[:5] if imsi and imsi[:5].isdigit() else None


def _registered(figures: Figures) -> bool | None:
    """MBIM modems have no registration-status; older ones have no status."""
    if registration := first(figures, "registration-status"):
        return registration.lower().startswith((_REGISTERED, _ROAMING))
    status = first(figures, "status")
    return None if status is None else status.lower() in ATTACHED


def _roaming(figures: Figures) -> bool | None:
    registration = first(figures, "registration-status")
    return _ROAMING in registration.lower() if registration and _registered(figures) else None
