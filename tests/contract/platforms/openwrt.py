"""OpenWrt with ModemManager, over SSH; proto qmi has its own tests in `tests.contract.openwrt`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rekamatan.modems.openwrt import OpenwrtDriver
from tests.contract.bench import Bench, Situation
from tests.contract.openwrt_case import INDOSAT, PAID, PASSWORD, TELKOMSEL, found_as

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ModemAccess
    from tests.contract.openwrt_case import RunningRouter

_SLOT = "set-primary-sim-slot"
_IN_PROGRESS = (
    "error: couldn't request primary SIM switch: "
    "'GDBus.Error:org.freedesktop.ModemManager1.Error.Core.InProgress: in progress'"
)
_UNSUPPORTED = _IN_PROGRESS.replace("InProgress: in progress", "Unsupported: Cannot switch sim")


def start(directory: Path, situation: Situation, faults: Faults) -> RunningRouter:
    other = {"version": "18.06.1"} if situation is Situation.UNKNOWN_FIRMWARE else {}
    return found_as(directory, "modemmanager", situation, faults, **other)


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> OpenwrtDriver:
    as_root = dataclasses.replace(access, username="root")
    return OpenwrtDriver(as_root, password, apn_passwords, patience_s=8.0, settle_s=1)


BENCH = Bench(
    platform="openwrt",
    start=start,
    connect=connect,
    password=PASSWORD,
    home=INDOSAT,
    away=TELKOMSEL,
    paid=PAID,
    version="23.05.3",
    reading="uci show",
    switching=("uci batch", "uci commit", "^ifdown", _SLOT, "^ifup"),
    refusals={
        "uci set .*apn": "uci: Invalid argument",
        "uci batch": "uci: Parse error",
        "uci commit": "uci: I/O error",
        "^ifup": "Command failed: Permission denied",
        _SLOT: _UNSUPPORTED,
    },
    busy={_SLOT: _IN_PROGRESS},
    arming=(
        "^cat$",
        "^ln ",
        "^cp ",
        "^echo run-1",
        "^mv .*pending.new",
        "start-stop-daemon .*-m",
    ),
    confirming=("^rm ",),
    interface="wwan",
)
