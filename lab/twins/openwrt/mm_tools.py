"""`mmcli` of ModemManager 1.20 over the twin's modem, in the layouts of the real program."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.twins.openwrt.modem import Modem
    from lab.twins.openwrt.shell import Program, Shell
    from lab.twins.openwrt.streams import Streams

ROOT = "/org/freedesktop/ModemManager1"
DEVICE = "/sys/devices/platform/soc/usb1/1-1"
NONE = "--"
SIGNAL = {"rssi": "-67.00", "rsrp": "-98.00", "rsrq": "-11.00", "snr": "8.40"}


def _state(modem: Modem) -> str:
    if modem.sim is None:
        return "failed"
    if modem.locked:
        return "locked"
    if modem.bearer is not None:
        return "connected"
    return "registered" if modem.registered else "searching"


def modem_document(modem: Modem, slots: int) -> dict[str, Any]:
    """What `mmcli -m any -J` prints, as data."""
    sim = modem.sim if not modem.locked else None
    registered = modem.registered and sim is not None
    paths = [f"{ROOT}/SIM/{modem.index * 2 + n}" for n in range(slots)]
    placed = [p if modem.sim_in(str(n + 1)) else "/" for n, p in enumerate(paths)]
    active = int(modem.slot) - 1
    return {"modem": {
        "3gpp": {
            "enabled-locks": [],
            "imei": "860000000000000",
            "operator-code": sim.plmn if sim and registered else NONE,
            "operator-name": sim.carrier.upper() if sim and registered else NONE,
            "registration-state": "home" if registered else "searching" if sim else NONE,
        },
        "dbus-path": f"{ROOT}/Modem/{modem.index}",
        "generic": {
            "access-technologies": ["lte"] if registered else [],
            "bearers": [f"{ROOT}/Bearer/{modem.index}"] if modem.bearer else [],
            "device": DEVICE,
            "drivers": ["option", "qmi_wwan"],
            "equipment-identifier": "860000000000000",
            "manufacturer": "QUALCOMM INCORPORATED",
            "model": "QUECTEL Mobile Broadband Module",
            "power-state": "on",
            "primary-port": "cdc-wdm0",
            "primary-sim-slot": modem.slot if slots > 1 else NONE,
            "revision": "EG25GGBR07A08M2G",
            "signal-quality": {"recent": "yes", "value": "58" if registered else "0"},
            "sim": paths[active] if modem.sim is not None else NONE,
            "sim-slots": placed if slots > 1 else [],
            "state": _state(modem),
            "state-failed-reason": NONE if modem.sim else "sim-missing",
            "unlock-required": "sim-pin" if modem.locked else NONE,
        },
    }}  # fmt: skip


def _sim_document(modem: Modem, path: str) -> dict[str, Any] | None:
    sim = modem.sim
    number = modem.index * 2 + int(modem.slot) - 1
    if sim is None or path not in {"any", str(number), f"{ROOT}/SIM/{number}"}:
        return None
    known = not modem.locked
    return {"sim": {"dbus-path": f"{ROOT}/SIM/{number}", "properties": {
        "active": "yes",
        "iccid": sim.iccid,
        "imsi": sim.imsi if known else NONE,
        "operator-code": sim.imsi[:5] if known else NONE,
        "operator-name": sim.carrier.upper() if known else NONE,
    }}}  # fmt: skip


def _signal_document(modem: Modem, rate: str) -> dict[str, Any]:
    empty = dict.fromkeys(("error-rate", "rsrp", "rsrq", "snr"), NONE)
    shown = modem.registered and rate != "0"
    lte = empty | {"rssi": NONE} | (SIGNAL if shown else {})
    gsm = {"error-rate": NONE, "rssi": NONE}
    return {"modem": {"signal": {
        "5g": empty, "gsm": gsm, "lte": lte,
        "refresh": {"rate": rate},
        "umts": gsm | {"ecio": NONE, "rscp": NONE},
    }}}  # fmt: skip


def _bearer_document(modem: Modem, path: str) -> dict[str, Any] | None:
    if modem.bearer is None or path not in {str(modem.index), f"{ROOT}/Bearer/{modem.index}"}:
        return None
    return {"bearer": {
        "dbus-path": f"{ROOT}/Bearer/{modem.index}",
        "ipv4-config": {"address": modem.bearer.address, "dns": list(modem.bearer.dns),
                        "method": "static", "mtu": "1400", "prefix": "32"},
        "properties": {"apn": modem.request.apn if modem.request else NONE, "ip-type": "ipv4"},
        "status": {"connected": "yes", "interface": "wwan0", "suspended": "no"},
    }}  # fmt: skip


def key_values(document: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """`-K`: dotted keys; a list has a length and numbered values."""
    found: list[tuple[str, str]] = []
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found += key_values(value, f"{name}.")
        elif isinstance(value, list) and value:
            found.append((f"{name}.length", str(len(value))))
            found += [(f"{name}.value[{n}]", item) for n, item in enumerate(value, 1)]
        else:
            found.append((name, value or NONE))
    return found


def _print(document: dict[str, Any], arguments: list[str], io: Streams) -> int:
    if "-J" in arguments or "--output-json" in arguments:
        io.say(json.dumps(document, separators=(",", ":")))
        return 0
    pairs = key_values(document)
    width = max(len(key) for key, _ in pairs)
    io.out += [f"{key:<{width}} : {value}\n" for key, value in pairs]
    return 0


def _option(arguments: list[str], *names: str) -> str | None:
    """Value of `-m X`, `--modem=X`, `--modem X`."""
    for at, word in enumerate(arguments):
        name, marked, value = word.partition("=")
        if name in names:
            return value if marked else next(iter(arguments[at + 1 :]), "")
    return None


async def _mmcli(sh: Shell, arguments: list[str], io: Streams) -> int:
    modem = sh.device.modem
    if "-L" in arguments or "--list-modems" in arguments:
        return _list(modem, arguments, io)
    if (path := _option(arguments, "-b", "--bearer")) is not None:
        document = _bearer_document(modem, path)
        return _print(document, arguments, io) if document else _lack(io, "couldn't find bearer")
    if (path := _option(arguments, "-i", "--sim")) is not None:
        document = None if modem.absent else _sim_document(modem, path)
        return _print(document, arguments, io) if document else _lack(io, "couldn't find SIM")
    if (path := _option(arguments, "-m", "--modem")) is None:
        return _lack(io, "no actions specified")
    known = {"any", str(modem.index), f"{ROOT}/Modem/{modem.index}", DEVICE}
    if modem.absent or path not in known:
        return _lack(io, "couldn't find modem")
    return _modem(sh, arguments, io)


def _modem(sh: Shell, arguments: list[str], io: Streams) -> int:
    device = sh.device
    slots = device.config.slots
    if (slot := _option(arguments, "--set-primary-sim-slot")) is not None:
        if slots < 2:  # noqa: PLR2004 - one slot is nothing to choose from
            refusal = "Core.Unsupported: Cannot switch sim: operation not supported"
        elif not re.fullmatch(f"[1-{slots}]", slot):
            refusal = "Core.InvalidArgs: Requested SIM slot number is out of bounds"
        else:
            device.modem.choose_slot(slot)
            io.say("successfully requested primary SIM switch in modem")
            return 0
        error = f"GDBus.Error:org.freedesktop.ModemManager1.Error.{refusal}"
        return _lack(io, f"couldn't request primary SIM switch: '{error}'")
    if (rate := _option(arguments, "--signal-setup")) is not None:
        device.signal_rate = rate
        io.say("Successfully setup signal quality information polling")
        return 0
    if "--signal-get" in arguments:
        return _print(_signal_document(device.modem, device.signal_rate), arguments, io)
    return _print(modem_document(device.modem, slots), arguments, io)


def _list(modem: Modem, arguments: list[str], io: Streams) -> int:
    paths = [] if modem.absent else [f"{ROOT}/Modem/{modem.index}"]
    if "-J" in arguments:
        io.say(json.dumps({"modem-list": paths}, separators=(",", ":")))
    else:
        io.out += [f"    {path} [QUALCOMM INCORPORATED] EG25-G\n" for path in paths]
        if not paths:
            io.say("No modems were found")
    return 0


def _lack(io: Streams, reason: str) -> int:
    io.complain(f"error: {reason}")
    return 1


PROGRAMS: dict[str, Program] = {"mmcli": _mmcli}
