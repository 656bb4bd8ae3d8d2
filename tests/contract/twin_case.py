"""Profiles, access and driver for tests of what is RouterOS's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.harness import SIMS
from rekamatan.models import ModemAccess
from rekamatan.modems.routeros6 import Routeros6Driver
from rekamatan.modems.routeros7 import Routeros7Driver
from tests.contract import bench
from tests.contract.platforms.routeros7 import BENCH
from tests.contract.routeros_twin import INDOSAT, TELKOMSEL

if TYPE_CHECKING:
    from lab.twins.harness import RunningTwin
    from rekamatan.models import ChangePlan, WanProfile
    from rekamatan.modems.routeros import RouterosDriver

__all__ = [
    "INDOSAT",
    "PASSWORD",
    "TELKOMSEL",
    "access",
    "active",
    "driver_of",
    "profile",
    "settled_on",
    "switch_plan",
]
PASSWORD = BENCH.password


def profile(name: str, apn: str, slot: str, **more: object) -> WanProfile:
    """A WAN profile whose SIM is the one in the twin's slot."""
    return bench.profile(name, apn, SIMS[slot], slot, **more)


def access(twin: RunningTwin, host_key: str = "") -> ModemAccess:
    platform = "routeros6" if twin.device.edition.old_style else "routeros7"
    return ModemAccess(platform, "127.0.0.1", host_key or twin.host_key, port=twin.port)


def driver_of(twin: RunningTwin, password: str = PASSWORD, **more: object) -> RouterosDriver:
    reached = access(twin)
    driver = Routeros6Driver if reached.platform == "routeros6" else Routeros7Driver
    return driver(reached, password, {}, **more)  # type: ignore[arg-type]


def active(twin: RunningTwin) -> tuple[str, str]:
    """Profile and slot as the device itself has them."""
    name = twin.console(':put [/interface lte get [find name="lte1"] apn-profiles]')
    return name, twin.console(":put [/interface lte settings get sim-slot]")


def switch_plan(driver: RouterosDriver, plan_id: str = "run-1") -> ChangePlan:
    return driver.render(TELKOMSEL, driver.read_state(), plan_id)


def settled_on(twin: RunningTwin, name: str, slot: str) -> None:
    """Wait until profile and slot are these and the bearer is up on them."""
    twin.wait_for(lambda: active(twin) == (name, slot), f"not on {name}/{slot}")
    twin.wait_attached()
