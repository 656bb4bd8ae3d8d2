"""Output of ModemManager's `mmcli` to data. Pure: text in, data out, tested with cases.

Three forms of the same facts: `-J` (JSON), `-K` (one `path : value` a line) and the form for
people, in which the state is coloured even when it goes into a pipe. All values are strings, and
`--` stands for what is not known.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rekamatan.models import ModemState, Signal

Facts = dict[str, Any]

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PAIR = re.compile(r"^([a-z0-9][\w.\[\]-]*)\s*: ?(.*)$")
_ITEM = re.compile(r"(.+)\.value\[(\d+)\]")
_COUNT = ".length"
_ROW = re.compile(r"^\s*(.*?)\s*\|\s*(.*)$")
_ERROR = re.compile(r"^(?:error: |Error: )(.*)$", re.MULTILINE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SLOT = re.compile(r"slot (\d+): (\S+)( \(active\))?")
_UNKNOWN = frozenset({"", "--", "n/a"})
_RADIOS = ("lte", "5g", "umts", "gsm", "evdo", "cdma1x")

# Section and label of the form for people -> path in the others.
_LABELS = {
    ("general", "path"): "dbus-path",
    ("hardware", "manufacturer"): "generic.manufacturer",
    ("hardware", "model"): "generic.model",
    ("hardware", "firmware revision"): "generic.revision",
    ("hardware", "equipment id"): "generic.equipment-identifier",
    ("system", "primary port"): "generic.primary-port",
    ("status", "lock"): "generic.unlock-required",
    ("status", "state"): "generic.state",
    ("status", "failed reason"): "generic.state-failed-reason",
    ("status", "power state"): "generic.power-state",
    ("status", "access tech"): "generic.access-technologies",
    ("3gpp", "imei"): "3gpp.imei",
    ("3gpp", "operator id"): "3gpp.operator-code",
    ("3gpp", "operator code"): "3gpp.operator-code",
    ("3gpp", "operator name"): "3gpp.operator-name",
    ("3gpp", "registration"): "3gpp.registration-state",
    ("sim", "primary sim path"): "generic.sim",
    ("bearer", "paths"): "generic.bearers",
    ("bearers", "paths"): "generic.bearers",
    ("properties", "imsi"): "properties.imsi",
    ("properties", "iccid"): "properties.iccid",
    ("properties", "operator id"): "properties.operator-code",
    ("properties", "operator name"): "properties.operator-name",
    ("properties", "apn"): "properties.apn",
    ("properties", "user"): "properties.user",
    ("status", "connected"): "status.connected",
    ("status", "interface"): "status.interface",
    ("ipv4 configuration", "address"): "ipv4-config.address",
    ("ipv4 configuration", "prefix"): "ipv4-config.prefix",
    ("ipv4 configuration", "gateway"): "ipv4-config.gateway",
    ("ipv4 configuration", "mtu"): "ipv4-config.mtu",
}
_LISTS = frozenset({"generic.access-technologies", "generic.bearers"})


def error_in(text: str) -> str | None:
    """The message of a failed command, which goes to standard error with exit status 1."""
    match = _ERROR.search(text)
    return match[1].strip() if match else None


def parse(text: str) -> Facts:
    """Facts below `modem`, `sim` or `bearer` of one object, whatever the form.

    Returns:
        Nested names as in the JSON form, without what is not known.

    Raises:
        ValueError: it is none of the three forms.
    """
    text = _ANSI.sub("", text).replace("\r\n", "\n").strip()
    if text.startswith("{"):
        return _from_json(text)
    if problem := error_in(text):
        raise ValueError(problem)
    if "|" in text:
        return _from_table(text)
    if any(_PAIR.match(line) for line in text.splitlines()):
        return _from_pairs(text)
    raise ValueError("this is no output of mmcli")


def _from_json(text: str) -> Facts:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not the JSON of mmcli: {error}") from error
    objects = [v for k, v in document.items() if k in {"modem", "sim", "bearer"}]
    known = _known(objects[0] if objects else document)
    return known if isinstance(known, dict) else {}


def _known(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Without what is not known; empty groups go too."""
    if isinstance(value, dict):
        kept = {key: _known(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {})}
    if isinstance(value, list):
        return [item for item in map(_known, value) if item is not None]
    if isinstance(value, str):
        return None if value.strip() in _UNKNOWN else value.strip()
    return value


def _from_pairs(text: str) -> Facts:
    facts: Facts = {}
    for line in text.splitlines():
        match = _PAIR.match(line.strip())
        if not match or match[2].strip() in _UNKNOWN or match[1].endswith(_COUNT):
            continue
        path = match[1].split(".", 1)[-1]
        if item := _ITEM.fullmatch(path):
            _put(facts, item[1], match[2].strip(), is_list=True)
        else:
            _put(facts, path, match[2].strip())
    return facts


def _from_table(text: str) -> Facts:
    facts: Facts = {}
    section = label = ""
    for line in text.splitlines():
        match = _ROW.match(line)
        if not match:
            continue
        section = match[1].lower() or section
        head, colon, rest = match[2].partition(": ")
        # a second line of a list has no label: "slot 2: /org/..." or only the value
        if colon and not head.startswith("slot "):
            label = head.strip().lower()
        else:
            rest = match[2]
        # until version 1.8 the values of this form stand in quotes
        _put_labelled(facts, section, label, rest.strip().strip("'"))
    return facts


def _put_labelled(facts: Facts, section: str, label: str, value: str) -> None:
    if value in _UNKNOWN:
        return
    if (section, label) == ("sim", "sim slot paths"):
        if slot := _SLOT.search(value):
            _put(facts, "generic.sim-slots", slot[2], is_list=True)
            if slot[3]:
                _put(facts, "generic.primary-sim-slot", slot[1])
    elif section in {*_RADIOS} and label in {"rssi", "rsrp", "rsrq", "s/n", "rscp", "ecio"}:
        _put(facts, f"signal.{section}.{label.replace('s/n', 'snr')}", value)
    elif path := _LABELS.get((section, label)):
        for item in value.split(", ") if path in _LISTS else [value]:
            _put(facts, path, item, is_list=path in _LISTS)


def _put(facts: Facts, path: str, value: str, *, is_list: bool = False) -> None:
    *groups, name = path.split(".")
    for group in groups:
        facts = facts.setdefault(group, {})
        if not isinstance(facts, dict):
            return  # a name that is a value and a group at once: not ours
    if is_list:
        items = facts.setdefault(name, [])
        if isinstance(items, list):
            items.append(value)
    else:
        facts[name] = value


def parse_list(text: str) -> tuple[str, ...]:
    """Paths of `mmcli -L -J`; empty where there is no modem."""
    try:
        found = json.loads(text).get("modem-list", [])
    except (ValueError, AttributeError) as error:
        raise ValueError(error_in(text) or "not the JSON of mmcli -L") from error
    return tuple(str(path) for path in found)


def fact(facts: Facts, path: str) -> str | None:
    """One value by its path, None when it is not known."""
    value: Any = facts
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def facts_of(facts: Facts, path: str) -> tuple[str, ...]:
    """A list of values by its path; a single one is a list of one."""
    *groups, name = path.split(".")
    for group in groups:
        facts = facts.get(group, {}) if isinstance(facts, dict) else {}
    value = facts.get(name) if isinstance(facts, dict) else None
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str))


def number(text: str | None) -> float | None:
    """The number in `-98.00` or `-98.00 dBm`."""
    match = _NUMBER.search(text or "")
    return float(match[0]) if match else None


def parse_signal(facts: Facts) -> Signal:
    """Figures of `--signal-get`, of the first radio that has any."""
    radios = facts.get("signal")
    for name in _RADIOS:
        figures = radios.get(name) if isinstance(radios, dict) else None
        if not isinstance(figures, dict):
            continue
        found = Signal(
            rssi_dbm=number(fact(figures, "rssi")),
            rsrp_dbm=number(fact(figures, "rsrp")),
            rsrq_db=number(fact(figures, "rsrq")),
            sinr_db=number(fact(figures, "snr")),
        )
        if found != Signal():
            return found
    return Signal()


def parse_state(  # noqa: PLR0913 - one argument for each command asked
    modem: Facts,
    sim: Facts,
    bearer: Facts,
    signal: Facts,
    *,
    platform: str,
    profile: str | None = None,
    raw: str = "",
) -> ModemState:
    """One normalised reading; an object that was not there is an empty mapping.

    Args:
        modem: of `mmcli -m`.
        sim: of `mmcli -i`.
        bearer: of `mmcli -b`, of the connected bearer.
        signal: of `mmcli -m --signal-get`.
        platform: name of the platform that asked.
        profile: name of the active connection, which ModemManager does not know.
        raw: the texts, for evidence.
    """
    registration = fact(modem, "3gpp.registration-state")
    up = fact(bearer, "status.connected") == "yes"
    slot = fact(modem, "generic.primary-sim-slot")
    return ModemState(
        platform=platform,
        sim_slot=None if slot == "0" else slot,
        iccid=(fact(sim, "properties.iccid") or "").rstrip("fF") or None,
        imsi=fact(sim, "properties.imsi"),
        plmn=fact(modem, "3gpp.operator-code"),
        operator=fact(modem, "3gpp.operator-name"),
        registered=_registered(registration),
        roaming=None if not _registered(registration) else "roaming" in str(registration),
        rat="+".join(facts_of(modem, "generic.access-technologies")) or None,
        signal=parse_signal(signal),
        profile=profile,
        apn=fact(bearer, "properties.apn"),
        wan_if=fact(bearer, "status.interface"),
        wan_ip=fact(bearer, "ipv4-config.address") if up else None,
        raw=raw,
    )


def _registered(registration: str | None) -> bool | None:
    """`home`, `roaming` and their later kinds; `unknown` is not known."""
    if registration is None or registration == "unknown":
        return None
    return registration.startswith(("home", "roaming"))
