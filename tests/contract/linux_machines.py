"""The Linux gateways of the contract tests: their cards, carriers and connections."""

from __future__ import annotations

import atexit
import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from lab import images
from lab.twins.harness import SIMS
from lab.twins.linux import machine
from lab.twins.linux.container import Gateway, possible
from tests.contract.bench import Situation, profile

PASSWORD = "switch-pw-7Q"  # noqa: S105 - of the twin alone
SIM = SIMS["up"]
INDOSAT = profile("indosat", "indosatgprs", SIM, "")
OTHER = profile("telkomsel", "internet", SIM, "")
PAID = profile("paid", "vpn.telkomsel", SIM, "", auth="pap", username="kubu")
APNS = {SIM["plmn"]: ["indosatgprs", "internet", "vpn.telkomsel", "corrected"]}
CARD = {"iccid": SIM["iccid"], "imsi": SIM["imsi"], "plmn": SIM["plmn"], "operator": "Indosat"}
HOME_UUID = "6c1f9f6e-8e0b-5c3c-8f0a-7d1c00000001"
CONNECTIONS = {
    "wan-indosat.nmconnection": machine.connection(
        INDOSAT.name, INDOSAT.apn, HOME_UUID, INDOSAT.sim.iccid
    )
}
FOLDER = "/etc/NetworkManager/system-connections"
TROUBLED: dict[Situation, dict[str, Any]] = {
    Situation.NO_SIM: {"card": None, "apns": APNS},
    Situation.PIN_LOCKED: {"card": CARD | {"pin": "1234"}, "apns": APNS},
}
SLOTTED_SIM = SIMS["down"]
SLOTTED_CARD = {
    "iccid": SLOTTED_SIM["iccid"],
    "imsi": SLOTTED_SIM["imsi"],
    "plmn": SLOTTED_SIM["plmn"],
    "operator": "Telkomsel",
}
FIRST_SLOT = profile(INDOSAT.name, INDOSAT.apn, SIM, "1")
SECOND_SLOT = profile("telkomsel", "internet", SLOTTED_SIM, "2")
ONE_CARD: dict[str, Any] = {"card": CARD, "apns": APNS}
TWO_SLOTS: dict[str, Any] = {
    "cards": [CARD, SLOTTED_CARD],
    "apns": {CARD["plmn"]: [FIRST_SLOT.apn], SLOTTED_CARD["plmn"]: [SECOND_SLOT.apn]},
}
# The machine is of the host's own release; of another one's daemons nothing was ever measured.
MEASURED_SUITE = "bookworm"
_NUMBERS = itertools.count(1)


def new_gateway(modem: dict[str, Any]) -> Gateway:
    """A machine that has never booted."""
    if reason := possible():
        pytest.skip(f"the Linux gateway is a container: {reason}")
    if (suite := images.host_suite()) != MEASURED_SUITE:
        pytest.skip(f"the daemons were measured as of Debian {MEASURED_SUITE}, not of {suite}")
    name = f"rekamatan-gateway-{os.getpid()}-{next(_NUMBERS)}"
    folder = Path(tempfile.mkdtemp(prefix="rkmt-"))
    gateway = Gateway(name, folder, modem, CONNECTIONS, PASSWORD)
    atexit.register(gateway.remove)
    return gateway


def connected_as(name: str, apn: str) -> str:
    """A WAN connection that someone made by hand."""
    uuid = "0b0b0b0b-8e0b-5c3c-8f0a-7d1c00000002"
    return machine.connection(name, apn, uuid, SIM["iccid"]).replace(f"id=wan-{name}", f"id={name}")
