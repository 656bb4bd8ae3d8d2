"""Profiles, access and driver for the HiLink twin of these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.hilink.running import CARD, PASSWORD
from rekamatan.models import Limits, ModemAccess, Sim, WanProfile
from rekamatan.modems.hilink import HilinkDriver

if TYPE_CHECKING:
    from lab.twins.hilink.running import RunningHilink
    from rekamatan.models import ChangePlan

LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
SIM = Sim("", CARD["iccid"], CARD["imsi"])


def profile(name: str, apn: str, **more: object) -> WanProfile:
    """A profile of the one card in the modem."""
    plmns = (CARD["plmn"],)
    return WanProfile(name, "telkomsel", apn, plmns, SIM, LIMITS, attach_timeout_s=6, **more)  # type: ignore[arg-type]


INTERNET = profile("internet", "internet")
KTP = profile("ktp", "ktp.telkomsel")


def access(twin: RunningHilink) -> ModemAccess:
    return ModemAccess("hilink", "127.0.0.1", "", username="admin", port=twin.port)


def driver_of(twin: RunningHilink, password: str = PASSWORD, **more: object) -> HilinkDriver:
    return HilinkDriver(access(twin), password, {"vpnapn": "geheim$1<&"}, **more)  # type: ignore[arg-type]


def switch_plan(driver: HilinkDriver) -> ChangePlan:
    return driver.render(KTP, driver.read_state(), "run-1")
