"""`uqmi` and `qmicli` over the twin's modem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lab.twins.openwrt.system_tools import blob

if TYPE_CHECKING:
    from lab.twins.openwrt.modem import Modem
    from lab.twins.openwrt.shell import Program, Shell
    from lab.twins.openwrt.streams import Streams

DEVICE = "/dev/cdc-wdm0"
SIGNAL = {"type": "lte", "rssi": -71, "rsrq": -9, "rsrp": -94, "snr": 70}


def _serving(modem: Modem) -> dict[str, Any]:
    sim = modem.sim
    if sim is None or not modem.registered:
        return {"registration": "searching" if sim else "not_registered", "roaming": True}
    return {
        "registration": "registered",
        "plmn_mcc": int(sim.plmn[:3]),
        "plmn_mnc": int(sim.plmn[3:]),
        "plmn_description": sim.carrier.upper(),
        "roaming": False,
    }


def _answer(modem: Modem, question: str) -> object:
    """What uqmi prints; a string where it could not do it."""
    sim = modem.sim
    card = {
        "card_application_state": "pin1_or_upin_pin_required" if modem.locked else "ready",
        "pin1_status": "enabled_not_verified" if modem.locked else "disabled",
        "pin1_verify_tries": 3,
        "pin1_unlock_tries": 10,
    }
    readable = sim is not None and not modem.locked
    answers: dict[str, object] = {
        "--get-serving-system": _serving(modem),
        "--get-signal-info": SIGNAL if modem.registered else "Information unavailable",
        "--get-data-status": "connected" if modem.bearer else "disconnected",
        "--get-imsi": sim.imsi if sim and readable else "UIM uninitialized",
        "--get-iccid": sim.iccid if sim else "UIM uninitialized",
        "--uim-get-sim-state": card if sim else "UIM uninitialized",
        "--get-pin-status": card if sim else "UIM uninitialized",
        "--get-imei": "860000000000000",
    }
    return answers.get(question)


async def _uqmi(sh: Shell, arguments: list[str], io: Streams) -> int:
    words = iter(arguments)
    device, questions = "", []
    for word in words:
        if word in {"-d", "-t"}:
            value = next(words, "")
            device = value if word == "-d" else device
        elif word.startswith("--"):
            questions.append(word)
    if not device:
        io.complain("No device given")
        return 1
    if device != DEVICE or sh.device.modem.absent:
        io.complain(f"Failed to open device {device}")
        return 1
    for question in questions:
        answer = _answer(sh.device.modem, question)
        if answer is None:
            io.complain(f"uqmi: unrecognized option: {question.lstrip('-')}")
            return 1
        io.say(blob(answer))
    return 0


async def _qmicli(sh: Shell, arguments: list[str], io: Streams) -> int:
    modem = sh.device.modem
    if DEVICE not in arguments or modem.absent:
        io.complain(f"error: couldn't create QmiDevice: Error opening file {DEVICE}")
        return 1
    question = next((w for w in arguments if w.startswith("--")), "")
    if question == "--uim-get-slot-status":
        return _slots(modem, sh.device.config.slots, io)
    if match := re.fullmatch(r"--uim-switch-slot=(\d+)", question):
        if sh.device.config.slots < 2 or not 1 <= int(match[1]) <= sh.device.config.slots:  # noqa: PLR2004 - one slot is no choice
            io.complain("error: couldn't switch slots: QMI protocol error (48): 'InvalidArgument'")
            return 1
        modem.choose_slot(match[1])
        io.say(f"[{DEVICE}] Successfully switched slots")
        return 0
    io.complain("error: no actions specified")
    return 1


def _slots(modem: Modem, slots: int, io: Streams) -> int:
    if slots < 2:  # noqa: PLR2004
        io.complain("error: couldn't get slot status: QMI protocol error (94): 'NotSupported'")
        return 1
    io.say(f"[{DEVICE}] Successfully got slots status")
    io.say(f"[{DEVICE}] {slots} physical slots found:")
    for number in range(1, slots + 1):
        card, active = modem.sim_in(str(number)), str(number) == modem.slot
        io.say(f"  Physical slot {number}:")
        io.say(f"     Card status: {'present' if card else 'absent'}")
        io.say(f"     Slot status: {'active' if active else 'inactive'}")
        io.out += ["    Logical slot: 1\n"] if active else []
        if card:
            io.say(f"           ICCID: {card.iccid}")
            io.say("        Protocol: uicc\n        Num apps: 0\n        Is eUICC: no")
    return 0


PROGRAMS: dict[str, Program] = {"uqmi": _uqmi, "qmicli": _qmicli}
