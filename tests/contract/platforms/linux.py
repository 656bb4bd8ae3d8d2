"""Linux with ModemManager and NetworkManager, both real, over SSH. Needs root and podman."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rekamatan.modems.linux import LinuxDriver
from tests.contract.bench import Bench, Situation
from tests.contract.linux_machines import FIRST_SLOT, INDOSAT, OTHER, PAID, PASSWORD, SECOND_SLOT
from tests.contract.linux_twin import LinuxTwin

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess

_REFUSED = "Error: Connection activation failed: Not authorized to control networking."
_BUSY = "Error: Timeout expired (90 seconds)"


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> LinuxDriver:
    return LinuxDriver(access, password, apn_passwords, patience_s=20.0, settle_s=1)


_ONE_CARD = Bench(
    platform="linux",
    start=LinuxTwin.found_as,
    connect=connect,
    password=PASSWORD,
    home=INDOSAT,
    away=OTHER,
    paid=PAID,
    version="NetworkManager 1.42.4, ModemManager 1.20.4",
    reading="mmcli -L -J",
    switching=("connection load", "connection.autoconnect no", "connection up uuid"),
    refusals={
        "connection load": "Could not load file '/etc/NetworkManager/system-connections/x'",
        "connection.autoconnect no": "Error: Failed to modify connection 'wan-indosat': "
        "Insufficient privileges",
        "connection up uuid": _REFUSED,
    },
    busy={"connection up uuid": _BUSY},
    arming=(
        "/revert && chmod",
        "cat > .*wan.service",
        "cat > .*wan.timer",
        "cat > .*wan-boot.service",
        "systemctl enable",
        "--on-active=1",
        "mkdir -m 700",
        "pending.new",
        "systemctl start rekamatan-wan.timer",
    ),
    confirming=("rm /var/lib/rekamatan-wan/pending",),
    timer_s=12,
    interface="wwan0",
    cannot={
        "SIM": "ModemManager 1.20 has SIM slots on QMI and MBIM modems only; this one speaks AT",
        Situation.TIMER_FORBIDDEN: "systemd cannot be told to run no timers",
    },
)
# The AT modem has no slots, so what moves cards is measured on a modem service that has them.
SLOTTED = dataclasses.replace(
    _ONE_CARD, start=LinuxTwin.with_slots, home=FIRST_SLOT, away=SECOND_SLOT, paid=None, cannot={}
)
BENCH = dataclasses.replace(_ONE_CARD, slotted=SLOTTED)
