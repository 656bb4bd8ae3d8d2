"""Profiles, access and driver for tests of what is RouterOS's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.harness import SIMS
from rekamatan.models import ModemAccess
from rekamatan.modems.routeros7 import Routeros7Driver
from tests.contract import bench
from tests.contract.platforms.routeros7 import BENCH, INDOSAT, TELKOMSEL

if TYPE_CHECKING:
    from lab.twins.harness import RunningTwin
    from rekamatan.models import WanProfile

__all__ = ["INDOSAT", "PASSWORD", "TELKOMSEL", "access", "driver_of", "profile"]
PASSWORD = BENCH.password


def profile(name: str, apn: str, slot: str, **more: object) -> WanProfile:
    """A WAN profile whose SIM is the one in the twin's slot."""
    return bench.profile(name, apn, SIMS[slot], slot, **more)


def access(twin: RunningTwin, host_key: str = "") -> ModemAccess:
    return ModemAccess("routeros7", "127.0.0.1", host_key or twin.host_key, port=twin.port)


def driver_of(twin: RunningTwin, password: str = PASSWORD, **more: object) -> Routeros7Driver:
    return Routeros7Driver(access(twin), password, {}, **more)  # type: ignore[arg-type]
