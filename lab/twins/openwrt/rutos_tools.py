"""`gsmctl` and the `gsm` objects of RutOS 7 over the twin's modem."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.openwrt.modem import Modem
    from lab.twins.openwrt.shell import Program, Shell
    from lab.twins.openwrt.streams import Streams

SIGNAL = {"rssi": -63, "rsrp": -90, "rsrq": -8, "sinr": 18}
_HOME, _SEARCHING, _NOT = (1, "Registered, home"), (2, "Searching"), (0, "Not registered")


def information(modem: Modem) -> dict[str, Any]:
    """What `gsmctl --info` prints, as data; a key the modem has no value for is not there."""
    sim = modem.sim
    number, text = _HOME if modem.registered else _SEARCHING if sim else _NOT
    cache: dict[str, Any] = {
        "sim": int(modem.slot),
        "imei": "863100000000000",
        "firmware": "EG06ELAR04A04M4G_01.003.01.003",
        "reg_stat": number,
        "reg_stat_str": text,
    }
    if sim is not None:
        cache |= {"iccid": sim.iccid, "pin_state_str": "SIM PIN" if modem.locked else "OK"}
        cache |= {} if modem.locked else {"imsi": sim.imsi}
    if sim is not None and modem.registered:
        cache |= {f"{key}_value": value for key, value in SIGNAL.items()}
        cache |= {"operator": sim.carrier.upper(), "net_mode_str": "LTE", "band_str": "LTE B3"}
        cell = {"cellid": "29954840", "mcc": sim.plmn[:3], "mnc": sim.plmn[3:], "bandwidth": "15"}
        cache["cell_info"] = [cell]
    return {"cache": cache}


def _short(modem: Modem, letter: str) -> str | None:
    """Answers of the one-letter options; None for one that is not known."""
    cache = information(modem)["cache"]
    signal = "\n".join(f"{key.upper()}: {SIGNAL[key]}" for key in ("rssi", "rsrp", "sinr", "rsrq"))
    answers = {
        "q": signal if modem.registered else "N/A",
        "o": cache.get("operator", "N/A"),
        "t": cache.get("net_mode_str", "N/A"),
        "j": "connected" if modem.bearer else "disconnected",
        "P": "Attached" if modem.bearer else "Detached",
        "T": modem.slot,
        "L": modem.slot,
        "z": "Inserted" if modem.sim else "Not inserted",
        "u": cache.get("pin_state_str", "N/A"),
        "J": cache.get("iccid", "N/A"),
        "x": cache.get("imsi", "N/A"),
        "i": cache["imei"],
        "y": cache["firmware"],
    }
    return answers.get(letter)


async def _gsmctl(sh: Shell, arguments: list[str], io: Streams) -> int:
    modem = sh.device.modem
    if not arguments:
        io.complain("Usage: gsmctl [options]")
        return 1
    if modem.absent:
        io.say("ERROR: modem is not available")
        return 1
    if arguments == ["-Y"]:
        modem.choose_slot("2" if modem.slot == "1" else "1")  # a toggle, whatever is meant
        io.say("OK")
        return 0
    if arguments == ["--info"]:
        io.say(json.dumps(information(modem), indent=2))
        return 0
    for word in arguments:
        answer = _short(modem, word.removeprefix("-"))
        if answer is None:
            io.complain(f"gsmctl: unrecognized option: {word.lstrip('-')}")
            return 1
        io.say(answer)
    return 0


def objects(modem: Modem) -> dict[str, Callable[[str], dict[str, Any] | None]]:
    """The modem's objects on ubus."""

    def gsm(method: str) -> dict[str, Any] | None:
        if method == "info":
            return information(modem)
        return {"index": int(modem.slot)} if method == "get_sim_slot" else None

    return {"gsm.modem0": gsm}


async def _mwan3(sh: Shell, arguments: list[str], io: Streams) -> int:
    if arguments[:1] != ["interfaces"]:
        io.complain("Syntax: mwan3 [command]")
        return 1
    io.say("Interface status:")
    for name in sh.device.netifd.names():
        status = sh.device.netifd.status(name) or {}
        if name.startswith("mob") and not name.endswith("_4"):
            state = "online 00h:00m:40s, uptime 19h:02m:51s and tracking is active"
            shown = state if status.get("up") else "offline and tracking is not enabled"
            io.say(f" interface {name} is {shown}")
    return 0


PROGRAMS: dict[str, Program] = {"gsmctl": _gsmctl, "mwan3": _mwan3}
