"""Teltonika RutOS 7, over SSH."""

from __future__ import annotations

from rekamatan.modems.rutos import RutosDriver
from tests.contract.openwrt_bench import SlotCommand, openwrt_bench

BENCH = openwrt_bench(
    RutosDriver,
    "rutos",
    unknown_firmware="RUT9XX_R_00.06.08.6",
    slot=SlotCommand("gsmctl -Y", refused="ERROR: modem is not available", busy="Timeout"),
    version="RUTX_R_00.07.06.10",
    reading="gsmctl --info",
    interface="mob1s1a1",
)
