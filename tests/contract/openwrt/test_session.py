"""Login and session of OpenWrt and RutOS: refused, not the pinned host, lost on the way."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ConfigError, DeviceLoginError, DeviceUnreachableError
from rekamatan.modems.registry import open_driver
from tests.contract.openwrt_case import NEW, PASSWORD, access, driver_of, settled_on, switch_plan

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from tests.contract.openwrt_case import Driver, RunningRouter


@pytest.mark.parametrize("command", ["uci batch", "uci commit", "SLOT", "ifup"])
def test_session_lost_while_applying(
    twin: RunningRouter, driver: Driver, faults: Faults, command: str
) -> None:
    plan = switch_plan(driver)
    faults.hang_up_after = [
        "gsmctl -Y|set-primary-sim-slot|uim-switch-slot" if command == "SLOT" else command
    ]
    driver.apply(plan)
    settled_on(twin, NEW)
    assert faults.hang_up_after == []


def test_session_lost_while_reading(driver: Driver, faults: Faults) -> None:
    driver.identify()
    faults.hang_up_after = ["uci show"]
    started = time.monotonic()
    with pytest.raises(DeviceUnreachableError):
        driver.read_state()
    assert time.monotonic() - started < 15, "a dead session was waited for"
    assert driver.read_state().profile == "indosat"


def test_login_refused(twin: RunningRouter) -> None:
    driver = driver_of(twin, "wrong-password")
    with pytest.raises(DeviceLoginError, match="refused the password") as caught:
        driver.identify()
    assert "wrong-password" not in str(caught.value)


def test_host_key_changed(twin: RunningRouter) -> None:
    pinned = access(twin)
    twin.power_cut()
    twin.host_key_file.unlink()
    twin.boot()
    with pytest.raises(DeviceLoginError, match="another host key"):
        open_driver(pinned, PASSWORD, {}).identify()


def test_no_host_key_pinned(twin: RunningRouter) -> None:
    unpinned = dataclasses.replace(access(twin), host_key="")
    with pytest.raises(ConfigError, match="host_key"):
        open_driver(unpinned, PASSWORD, {}).identify()


def test_modem_off(twin: RunningRouter) -> None:
    pinned = access(twin)
    twin.power_cut()
    with pytest.raises(DeviceUnreachableError, match="has power"):
        open_driver(pinned, PASSWORD, {}).identify()
