"""OpenWrt with ModemManager, over SSH; proto qmi has its own tests in `tests.contract.openwrt`."""

from __future__ import annotations

from rekamatan.modems.openwrt import OpenwrtDriver
from tests.contract.openwrt_bench import SlotCommand, openwrt_bench

_IN_PROGRESS = (
    "error: couldn't request primary SIM switch: "
    "'GDBus.Error:org.freedesktop.ModemManager1.Error.Core.InProgress: in progress'"
)
_UNSUPPORTED = _IN_PROGRESS.replace("InProgress: in progress", "Unsupported: Cannot switch sim")

BENCH = openwrt_bench(
    OpenwrtDriver,
    "modemmanager",
    unknown_firmware="18.06.1",
    slot=SlotCommand("set-primary-sim-slot", refused=_UNSUPPORTED, busy=_IN_PROGRESS),
    version="23.05.3",
    reading="uci show",
    interface="wwan",
)
