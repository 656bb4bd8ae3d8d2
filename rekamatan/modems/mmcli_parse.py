"""Output of `mmcli` to data: JSON (`-J`), key-value (`-K`), and the tables for people.

Keys are those of `-K`. Measured on mmcli 1.20.4: every value is a string, `--` where there is none,
and the table colours the state even into a pipe. Until 1.8 the table's values stand in quotes.
"""

from __future__ import annotations

import re
from typing import Any

from rekamatan.models import Signal
from rekamatan.modems.openwrt_parse import clean, json_in
from rekamatan.modems.radio import Radio, number, told

Figures = dict[str, list[str]]
_KEY_VALUE = re.compile(r"^([a-z][\w.-]*?)(?:\.value\[\d+\])?\s*: (.*)$")
_TABLE_LINE = re.compile(r"^\s*([\w/][\w /]*?)?\s*\|\s*([\w/ -]+?): (.*)$")
_TABLE_MORE = re.compile(r"^\s*\|\s+(.+)$")
_SLOT = re.compile(r"slot (\d+): (\S+)( \(active\))?")
_ERROR = re.compile(r"^error: (.*)$|^(No modems were found)", re.MULTILINE)
# `-csfb-not-preferred` carries data; `-sms-only` does not
_REGISTERED = re.compile(r"(home|roaming)(?:-csfb-not-preferred)?")
_UNREGISTERED = frozenset(
    {"idle", "searching", "denied", "emergency-only", "home-sms-only", "roaming-sms-only"}
)
# LTE first: with 5G beside it, LTE is the anchor on which the modem is registered.
_TECHNOLOGIES = ("lte", "5g", "umts", "gsm", "evdo", "cdma1x")
# (group, label) of a table -> key of `-K`
_LABELS = {
    ("general", "path"): "dbus-path",
    ("hardware", "model"): "modem.generic.model",
    ("hardware", "firmware revision"): "modem.generic.revision",
    ("system", "primary port"): "modem.generic.primary-port",
    ("status", "state"): "modem.generic.state",
    ("status", "failed reason"): "modem.generic.state-failed-reason",
    ("status", "lock"): "modem.generic.unlock-required",
    ("status", "access tech"): "modem.generic.access-technologies",
    ("status", "connected"): "bearer.status.connected",
    ("status", "interface"): "bearer.status.interface",
    ("3gpp", "operator id"): "modem.3gpp.operator-code",
    ("3gpp", "operator code"): "modem.3gpp.operator-code",
    ("3gpp", "operator name"): "modem.3gpp.operator-name",
    ("3gpp", "registration"): "modem.3gpp.registration-state",
    ("sim", "primary sim path"): "modem.generic.sim",
    ("sim", "sim slot paths"): "modem.generic.sim-slots",
    ("bearer", "paths"): "modem.generic.bearers",
    ("bearers", "paths"): "modem.generic.bearers",
    ("properties", "active"): "sim.properties.active",
    ("properties", "imsi"): "sim.properties.imsi",
    ("properties", "iccid"): "sim.properties.iccid",
    ("properties", "operator id"): "sim.properties.operator-code",
    ("properties", "apn"): "bearer.properties.apn",
    ("ipv4 configuration", "address"): "bearer.ipv4-config.address",
    ("signal", "refresh rate"): "modem.signal.refresh.rate",
}
_SIGNAL_LABELS = {"s/n": "snr"}


def error_in(text: str) -> str | None:
    """The error mmcli printed, if it is one."""
    match = _ERROR.search(clean(text))
    return (match[1] or match[2]) if match else None


def parse(text: str) -> Figures:
    """Values by key, `--` left out; a key with several values keeps all."""
    document = json_in(text)
    if isinstance(document, dict):
        found: Figures = {}
        _flatten(document, "", found)
        return found
    lines = clean(text).splitlines()
    if any(_TABLE_LINE.match(line) for line in lines):
        return _table(lines)
    return _key_values(lines)


def _flatten(value: Any, key: str, found: Figures) -> None:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(inner, f"{key}.{name}" if key else str(name), found)
    elif isinstance(value, list):
        for inner in value:
            _flatten(inner, key, found)
    elif (text := told(value)) is not None:
        found.setdefault(key, []).append(text)


def _key_values(lines: list[str]) -> Figures:
    found: Figures = {}
    for line in lines:
        match = _KEY_VALUE.match(line)
        if match and not match[1].endswith(".length") and (text := told(match[2])):
            found.setdefault(match[1], []).append(text)
    return found


def _table(lines: list[str]) -> Figures:
    found: Figures = {}
    group = key = ""
    for line in lines:
        if match := _TABLE_LINE.match(line):
            label = match[2].strip().lower()
            if match[1] or not label.startswith("slot "):
                group = (match[1] or group).strip().lower()
                key = _table_key(group, label)
                text: str | None = told(match[3].strip().strip("'"))
            else:
                text = line.partition("|")[2].strip()
        elif more := _TABLE_MORE.match(line):
            text = more[1].strip()
        else:
            continue
        if key and text:
            found.setdefault(key, []).append(text)
    return _slots_of_table(found)


def _table_key(group: str, label: str) -> str:
    if group in _TECHNOLOGIES:
        return f"modem.signal.{group}.{_SIGNAL_LABELS.get(label, label)}"
    return _LABELS.get((group, label), "")


def _slots_of_table(found: Figures) -> Figures:
    """The slots column as `-K` has it: paths, and the number of the active one."""
    slots = [m for text in found.get("modem.generic.sim-slots", []) if (m := _SLOT.search(text))]
    if slots:
        found["modem.generic.sim-slots"] = [match[2] for match in slots]
        if active := [match[1] for match in slots if match[3]]:
            found["modem.generic.primary-sim-slot"] = active
    return found


def first(figures: Figures, key: str) -> str | None:
    """The first value of a key."""
    return next(iter(figures.get(key, [])), None)


def signal_of(figures: Figures) -> Signal:
    """Radio figures of the first technology that has any."""
    for technology in _TECHNOLOGIES:
        prefix = f"modem.signal.{technology}."
        values = [first(figures, prefix + key) for key in ("rssi", "rsrp", "rsrq", "snr")]
        if any(values):
            return Signal(*(number(value) for value in values))
    return Signal()


def radio_of(modem: Figures, sim: Figures, signal: Figures) -> Radio:
    """The readings of `-m`, `-i` and `--signal-get` as one; an empty one is `not told`."""
    if not modem:
        return Radio()
    registration = first(modem, "modem.3gpp.registration-state")
    match = _REGISTERED.fullmatch(registration or "")
    trouble = _trouble(modem)
    technologies = modem.get("modem.generic.access-technologies", [])
    return Radio(
        sim_slot=slot_of(modem),
        iccid=first(sim, "sim.properties.iccid"),
        imsi=first(sim, "sim.properties.imsi"),
        plmn=first(modem, "modem.3gpp.operator-code"),
        operator=first(modem, "modem.3gpp.operator-name"),
        registered=_registered(registration, trouble),
        roaming=match[1] == "roaming" if match else None,
        rat=", ".join(technologies) or None,
        signal=signal_of(signal),
        trouble=trouble,
    )


def slot_of(modem: Figures) -> str | None:
    """The active slot, on a modem that has several to choose from."""
    slot = first(modem, "modem.generic.primary-sim-slot")
    return slot if slot and slot != "0" and modem.get("modem.generic.sim-slots") else None


def _registered(registration: str | None, trouble: str) -> bool | None:
    if _REGISTERED.fullmatch(registration or ""):
        return True
    return False if registration in _UNREGISTERED or trouble else None


def _trouble(modem: Figures) -> str:
    state = first(modem, "modem.generic.state")
    lock = first(modem, "modem.generic.unlock-required")
    if state == "locked":
        return f"the SIM is locked ({lock or 'reason not told'})"
    if state == "failed":
        reason = first(modem, "modem.generic.state-failed-reason")
        return f"the modem failed ({reason or 'reason not told'})"
    return ""
