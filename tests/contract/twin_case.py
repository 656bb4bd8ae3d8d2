"""Profiles, access and driver for the twin of these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.harness import DEFAULTS, SIMS
from rekamatan.models import Limits, ModemAccess, Sim, WanProfile
from rekamatan.modems.routeros7 import Routeros7Driver

if TYPE_CHECKING:
    from lab.twins.harness import RunningTwin

PASSWORD = DEFAULTS["users"]["rekamatan"]["password"]
LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)


def profile(name: str, apn: str, slot: str, **more: object) -> WanProfile:
    """A WAN profile whose SIM is the one in the twin's slot."""
    sim = Sim(slot=slot, iccid=str(SIMS[slot]["iccid"]), imsi=str(SIMS[slot]["imsi"]))
    plmns = (str(SIMS[slot]["plmn"]),)
    return WanProfile(name=name, carrier=name, apn=apn, plmns=plmns, sim=sim, limits=LIMITS, **more)  # type: ignore[arg-type]


INDOSAT = profile("indosat", "indosatgprs", "up")
TELKOMSEL = profile("telkomsel", "internet", "down")


def access(twin: RunningTwin, host_key: str = "") -> ModemAccess:
    return ModemAccess(
        platform="routeros7",
        host="127.0.0.1",
        host_key=host_key or twin.host_key,
        port=twin.port,
    )


def driver_of(twin: RunningTwin, password: str = PASSWORD, **more: object) -> Routeros7Driver:
    return Routeros7Driver(access(twin), password, {"vpnapn": "geheim$1"}, **more)  # type: ignore[arg-type]
