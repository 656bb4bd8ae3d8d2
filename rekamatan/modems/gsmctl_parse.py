"""Output of RutOS' `gsmctl` to data.

`gsmctl --info` and `ubus call gsm.modem0 info` print the same record, nested differently from one
firmware to the next: keys are looked for wherever they stand. `reg_stat` is 3GPP's: 1 home, 5
roaming.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rekamatan.models import Signal
from rekamatan.modems.openwrt_parse import clean, json_in
from rekamatan.modems.radio import Radio, number, plmn_of, told

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIGURE = re.compile(r"^\s*(RSSI|RSRP|SINR|RSRQ)\s*[:=]\s*(\S.*)$", re.IGNORECASE)
_BARE = re.compile(r"^\s*(-\d+)\s*(?:dBm)?\s*$", re.IGNORECASE)
_SLOT = re.compile(r"^\s*(?:sim\s*)?([1-4])\s*$", re.IGNORECASE)
_DIGITS = re.compile(r"\d{10,22}")
_HOME, _ROAMING = 1, 5
_REGISTRATIONS = range(11)
_NOT_MINE = ("neighbour", "neighbor", "ca_info", "ca_signal")  # other cells' figures
_LOCKED = ("pin", "puk", "required", "locked", "blocked")


def parse_information(text: str) -> Radio:
    """`gsmctl --info`; an empty reading when there is no JSON in the text."""
    document = json_in(text)
    records = list(_records(document))

    def value(*keys: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        return next((r[k] for k in keys for r in records if told(r.get(k)) is not None), None)

    if not records:
        return Radio()
    registered, roaming = _registration(
        value("reg_stat"), value("reg_stat_str", "operator_state", "netstate")
    )
    slot = told(value("sim"))
    return Radio(
        sim_slot=slot if slot and slot.isdigit() else None,
        iccid=_digits(value("iccid")),
        imsi=_digits(value("imsi")),
        plmn=plmn_of(value("mcc"), value("mnc")),
        operator=told(value("operator", "provider_name")),
        registered=registered,
        roaming=roaming,
        rat=told(value("net_mode_str", "net_mode", "conntype")),
        signal=Signal(
            rssi_dbm=number(value("rssi_value", "rssi")),
            rsrp_dbm=number(value("rsrp_value", "rsrp")),
            rsrq_db=number(value("rsrq_value", "rsrq")),
            sinr_db=number(value("sinr_value", "sinr")),
        ),
        trouble=_trouble(value("pin_state_str", "pin_state")),
    )


def _records(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - whatever JSON holds
    """Every object in the document, outer ones first."""
    if isinstance(value, dict):
        yield {k: v for k, v in value.items() if not isinstance(v, dict | list)}
        for key, inner in value.items():
            if not key.startswith(_NOT_MINE):
                yield from _records(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _records(inner)


def _registration(number_: Any, text: Any) -> tuple[bool | None, bool | None]:  # noqa: ANN401
    """Registered, and roaming, from the number, else from the words."""
    code = told(number_)
    if code and code.isdigit() and int(code) in _REGISTRATIONS:
        registered = int(code) in {_HOME, _ROAMING}
        return registered, int(code) == _ROAMING if registered else None
    words = (told(text) or "").lower()
    if not words:
        return None, None
    registered = words.startswith("registered")
    return registered, "roaming" in words if registered else None


def _digits(value: Any) -> str | None:  # noqa: ANN401
    match = _DIGITS.match(told(value) or "")
    return match[0] if match else None


def _trouble(state: Any) -> str:  # noqa: ANN401
    words = (told(state) or "").lower()
    if words.startswith(("not ", "ok", "ready", "inserted")):
        return ""
    return f"the SIM is locked ({state})" if any(word in words for word in _LOCKED) else ""


def parse_signal(text: str) -> Signal:
    """`gsmctl -q`: four labelled lines, or the bare RSSI of old firmware."""
    figures: dict[str, float | None] = {}
    for line in clean(text).splitlines():
        if match := _FIGURE.match(line):
            figures[match[1].upper()] = number(match[2])
        elif bare := _BARE.match(line):
            figures.setdefault("RSSI", float(bare[1]))
    return Signal(
        rssi_dbm=figures.get("RSSI"),
        rsrp_dbm=figures.get("RSRP"),
        rsrq_db=figures.get("RSRQ"),
        sinr_db=figures.get("SINR"),
    )


def parse_slot(text: str) -> str | None:
    """`gsmctl -T`: the active SIM slot; None for anything that is no slot."""
    lines = [line for line in clean(text).splitlines() if line.strip()]
    match = _SLOT.match(lines[0]) if len(lines) == 1 else None
    return match[1] if match else None


def parse_digits(text: str) -> str | None:
    """`gsmctl -J` or `-x`: an ICCID or IMSI."""
    return _digits(clean(text).strip().rstrip("fF"))
