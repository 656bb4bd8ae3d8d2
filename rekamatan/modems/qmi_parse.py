"""Output of `uqmi` (JSON) and `qmicli` (indented text) to data.

uqmi prints a JSON string instead of an object when it could not do something. An integer `snr` is
in tenths of a decibel, as the modem gives it; newer versions print a float in decibels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from rekamatan.models import Signal
from rekamatan.modems.openwrt_parse import clean, json_in
from rekamatan.modems.radio import Radio, number, plmn_of, told

_LINE = re.compile(r"^\s*(\[\d+\]|[\w][\w ()/-]*?): ?'?(.*?)'?$")
_SLOT = re.compile(r"^Physical slot (\d+)$")
# LTE first: with 5G beside it, LTE is the anchor on which the modem is registered.
_TECHNOLOGIES = ("lte", "5g", "wcdma", "umts", "gsm", "hdr", "cdma")
_REGISTRATION = {
    "registered": True,
    "not_registered": False,
    "not-registered": False,
    "searching": False,
    "not-registered-searching": False,
    "registering_denied": False,
    "registration_denied": False,
    "registration-denied": False,
}
_PIN_STATES = ("pin1_or_upin_pin_required", "puk1_or_upin_puk_required", "pin1_blocked")


@dataclass(frozen=True, slots=True)
class Slots:
    """SIM slots as `qmicli --uim-get-slot-status` lists them."""

    active: str | None = None
    iccids: dict[str, str] = field(default_factory=dict)
    count: int = 0


def uqmi_dict(text: str) -> dict[str, Any]:
    """An answer that should be an object; empty when uqmi printed an error string instead."""
    document = json_in(text)
    return document if isinstance(document, dict) else {}


def uqmi_text(text: str) -> str | None:
    """An answer that should be a string: `"connected"`, an IMSI."""
    document = json_in(text)
    return told(document) if isinstance(document, str) else None


def uqmi_digits(text: str) -> str | None:
    """An IMSI or ICCID; None for an error string."""
    value = (uqmi_text(text) or "").rstrip("fF")
    return value if value.isdigit() else None


def uqmi_signal(text: str) -> Signal:
    """`--get-signal-info`."""
    figures = uqmi_dict(text)
    snr = figures.get("snr")
    tenths = isinstance(snr, int) and not isinstance(snr, bool)
    return Signal(
        rssi_dbm=number(figures.get("rssi", figures.get("signal"))),
        rsrp_dbm=number(figures.get("rsrp")),
        rsrq_db=number(figures.get("rsrq")),
        sinr_db=snr / 10 if tenths and isinstance(snr, int) else number(snr),
    )


def uqmi_radio(serving: str, signal: str, imsi: str, iccid: str, card: str) -> Radio:
    """The answers of uqmi as one reading."""
    network, sim = uqmi_dict(serving), uqmi_dict(card)
    trouble = _trouble(card, sim)
    registered = _REGISTRATION.get(str(network.get("registration", "")))
    on_air = uqmi_dict(signal)
    return Radio(
        iccid=uqmi_digits(iccid),
        imsi=uqmi_digits(imsi),
        plmn=plmn_of(network.get("plmn_mcc"), network.get("plmn_mnc")),
        operator=_name(network.get("plmn_description")),
        registered=False if trouble else registered,
        roaming=network.get("roaming") if registered else None,
        rat=told(on_air.get("type")) or _interface(network.get("radio_interface")),
        signal=uqmi_signal(signal),
        trouble=trouble,
    )


def _name(value: object) -> str | None:
    """An operator's name; some modems give it packed, and unpacked as text it is no name at all."""
    text = told(value)
    return text if text and text.isprintable() and "\ufffd" not in text else None


def _interface(value: object) -> str | None:
    """The first of `radio_interface`, which newer versions of uqmi list."""
    return told(value[0]) if isinstance(value, list) and value else None


def _trouble(card: str, sim: dict[str, Any]) -> str:
    state = str(sim.get("card_application_state", ""))
    if state in _PIN_STATES or sim.get("pin1_status") in {"blocked", "permanently_blocked"}:
        return f"the SIM is locked ({state or sim.get('pin1_status')})"
    error = uqmi_text(card) or ""
    return "the SIM does not answer (no card?)" if "uninitialized" in error.lower() else ""


def qmicli_slots(text: str) -> Slots:
    """`--uim-get-slot-status`; nothing active when the text is something else."""
    number_of, active, iccids, count = "", None, {}, 0
    for line in clean(text).splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        key, value = match[1].strip(), match[2].strip()
        if slot := _SLOT.match(key):
            number_of, count = slot[1], count + 1
        elif key == "Slot status" and value == "active":
            active = number_of
        elif key == "ICCID" and told(value):
            iccids[number_of] = value.rstrip("fF")
    return Slots(active, iccids, count)


def qmicli_radio(text: str) -> Radio:
    """`--nas-get-serving-system` and `--nas-get-signal-info`, alone or one after the other."""
    values: dict[str, str] = {}
    group = ""
    for line in clean(text).splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        key, value = match[1].strip().lower(), match[2].strip()
        group = "" if value and line[:1] in " \t" and key in _PLAIN else group
        if not value:
            group = key
        values.setdefault(f"{group}.{key}" if group else key, value)
    return _radio(values)


_PLAIN = frozenset({"registration state", "cs", "ps", "selected network", "roaming status",
                    "radio interfaces",
                    "3gpp cell id", "lte tracking area code"})  # fmt: skip


def _radio(values: dict[str, str]) -> Radio:
    listed = [v for k, v in values.items() if k.endswith(("[0]", "radio interfaces"))]
    radios = [value for value in listed if value.lower() in _TECHNOLOGIES]
    roaming = values.get("roaming status")
    signal = Signal()
    for technology in _TECHNOLOGIES:
        keys = (f"{technology}.{key}" for key in ("rssi", "rsrp", "rsrq", "snr"))
        signal = Signal(*(number(values.get(key)) for key in keys))
        if signal != Signal():
            break
    return Radio(
        plmn=plmn_of(values.get("current plmn.mcc"), values.get("current plmn.mnc")),
        operator=told(values.get("current plmn.description")),
        registered=_REGISTRATION.get(values.get("registration state", "")),
        roaming=None if roaming is None else roaming == "on",
        rat=radios[0] if radios else None,
        signal=signal,
    )
