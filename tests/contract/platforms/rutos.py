"""Teltonika RutOS 7, over SSH."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rekamatan.modems.rutos import RutosDriver
from tests.contract.bench import Bench, Situation
from tests.contract.openwrt_case import INDOSAT, PAID, PASSWORD, TELKOMSEL, found_as

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ModemAccess
    from tests.contract.openwrt_case import RunningRouter


def start(directory: Path, situation: Situation, faults: Faults) -> RunningRouter:
    old = {"version": "RUT9XX_R_00.06.08.6"} if situation is Situation.UNKNOWN_FIRMWARE else {}
    return found_as(directory, "rutos", situation, faults, **old)


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> RutosDriver:
    as_root = dataclasses.replace(access, username="root")
    return RutosDriver(as_root, password, apn_passwords, patience_s=8.0, settle_s=1)


BENCH = Bench(
    platform="rutos",
    start=start,
    connect=connect,
    password=PASSWORD,
    home=INDOSAT,
    away=TELKOMSEL,
    paid=PAID,
    version="RUTX_R_00.07.06.10",
    reading="gsmctl --info",
    switching=("uci batch", "uci commit", "^ifdown", "gsmctl -Y", "^ifup"),
    refusals={
        "uci set .*apn": "uci: Invalid argument",
        "uci batch": "uci: Parse error",
        "uci commit": "uci: I/O error",
        "^ifup": "Command failed: Permission denied",
        "gsmctl -Y": "ERROR: modem is not available",
    },
    busy={"gsmctl -Y": "Timeout"},
    arming=(
        "^cat$",
        "^ln ",
        "^cp ",
        "^echo run-1",
        "^mv .*pending.new",
        "start-stop-daemon .*-m",
    ),
    confirming=("^rm ",),
    interface="mob1s1a1",
)
