"""The modem as `mmcli` and `qmicli` show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.twins.routeros7.values import ScriptError

if TYPE_CHECKING:
    from lab.twins.vyos.device import Device

OPERATORS = {"51001": "INDOSATOOREDOO", "51010": "TELKOMSEL"}
NO_MODEM = "error: couldn't find modem"
_RULE = "-----------------------------"


def _figures(device: Device) -> dict[str, str] | None:
    try:
        return None if device.modem.absent else device.modem.monitor()
    except ScriptError:
        return None


def modem(device: Device) -> str:
    """`mmcli --modem any`; the state is coloured even into a pipe, as on the device."""
    figures = _figures(device)
    if figures is None:
        return NO_MODEM
    sim = device.config.sims.get(device.slot)
    rows = [("General", [("path", "/org/freedesktop/ModemManager1/Modem/0")])]
    rows.append(("Hardware", [("manufacturer", "QUALCOMM INCORPORATED"), ("model", "EM7455")]))
    rows.append(("Status", _status(device, figures)))
    network = figures.get("current-operator", "")
    states = [("registration", "home" if network else "searching")] if sim else []
    names = [("operator id", network), ("operator name", OPERATORS.get(network, network))]
    rows.append(("3GPP", [("imei", "356938035643809"), *(names if network else []), *states]))
    rows.append(("SIM", _sims(device)))
    return _table(rows)


def _status(device: Device, figures: dict[str, str]) -> list[tuple[str, str]]:
    if device.slot not in device.config.sims:
        return [("state", "\x1b[31mfailed\x1b[0m"), ("failed reason", "sim-missing")]
    if device.config.pin_locked:
        return [("lock", "sim-pin (3)"), ("state", "\x1b[31mlocked\x1b[0m")]
    registered = "registered" if "current-operator" in figures else "searching"
    state = "connected" if device.modem.bearer else registered
    found = [("state", f"\x1b[32m{state}\x1b[0m"), ("power state", "on")]
    if "current-operator" in figures:
        found += [("access tech", "lte"), ("signal quality", "58% (recent)")]
    return found


def _sims(device: Device) -> list[tuple[str, str]]:
    root = "/org/freedesktop/ModemManager1/SIM/"
    found = [("primary sim path", root + device.slot)]
    for at, slot in enumerate(("1", "2")):
        held = root + slot if slot in device.config.sims else "none"
        active = " (active)" if slot == device.slot else ""
        found.append(("sim slot paths" if at == 0 else "", f"slot {slot}: {held}{active}"))
    return found


def sim(device: Device) -> str:
    """`mmcli --sim any`."""
    figures = _figures(device)
    if figures is None or "imsi" not in figures:
        return "error: couldn't find SIM"
    known = [("active", "yes"), ("imsi", figures["imsi"]), ("iccid", figures["iccid"])]
    path = f"/org/freedesktop/ModemManager1/SIM/{device.slot}"
    return _table([("General", [("path", path)]), ("Properties", known)])


def signal(device: Device) -> str:
    """`show interfaces wwan wwan0 signal`: qmicli without its headline."""
    figures = _figures(device)
    if figures is None or "rsrp" not in figures:
        return "Command not supported by Modem"
    lines = ["LTE:"]
    for name, key in (("RSSI", "rssi"), ("RSRQ", "rsrq"), ("RSRP", "rsrp"), ("SNR", "sinr")):
        value = re.match(r"-?[\d.]+", figures.get(key, "0"))
        unit = "dBm" if key in {"rssi", "rsrp"} else "dB"
        lines.append(f"{name}: '{value[0] if value else ''} {unit}'")
    return "\n".join([*lines, "Band Information:", "Radio Interface:   'lte'"])


def _table(rows: list[tuple[str, list[tuple[str, str]]]]) -> str:
    lines = []
    for section, pairs in rows:
        lines.append(f"  {_RULE}")
        for at, (key, value) in enumerate(pairs):
            head = section if at == 0 else ""
            name = f"{key}:" if key else " "
            lines.append(f"  {head:<9}| {name:>17} {value}")
    return "\n".join(lines)
