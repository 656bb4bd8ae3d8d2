"""What is read of OpenWrt and RutOS, and what is planned from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.radio import SimCard
from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.modems.base import ModemDriver
from rekamatan.modems.registry import platforms
from tests.contract.openwrt_case import INDOSAT, SIMS, driver_of, every, switch_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.openwrt_case import Driver, RunningRouter


def test_driver_keeps_the_contract(driver: Driver) -> None:
    assert isinstance(driver, ModemDriver)
    assert driver.platform in platforms()


@every
def test_identify(driver: Driver, kind: str) -> None:
    versions = {"modemmanager": "23.05.3", "qmi": "22.03.5", "rutos": "RUTX_R_00.07.06.10"}
    assert driver.identify().version == versions[kind]


def test_unknown_firmware(boot: Callable[..., RunningRouter], kind: str) -> None:
    driver = driver_of(boot(version="RUT9XX_R_00.06.08.6" if kind == "rutos" else "18.06.1"))
    with pytest.raises(NotSupportedError, match="correct platform in site_modem"):
        driver.identify()
    driver.close()


@every
def test_read_state(driver: Driver, kind: str) -> None:
    state = driver.read_state()
    assert (state.profile, state.apn, state.sim_slot) == ("indosat", "indosatgprs", "1")
    assert (state.plmn, state.imsi, state.iccid) == (
        "51001",
        INDOSAT.sim.imsi,
        INDOSAT.sim.iccid,
    )
    assert (state.registered, state.roaming) == (True, False)
    assert state.wan_ip
    assert state.wan_ip.startswith("10.64.0.")
    assert (state.wan_if, state.default_route_via) == ("wwan0", "wwan0")
    strengths = {"modemmanager": -98.0, "qmi": -94.0, "rutos": -90.0}
    assert driver.signal().rsrp_dbm == strengths[kind]


def test_backup_and_raw_are_without_secrets(twin: RunningRouter, driver: Driver) -> None:
    section = twin.section("1")
    for option in ("password", "pincode"):
        twin.console(f"uci set network.{section}.{option}='pw-in-clear'")
    twin.console("uci commit network")
    text = driver.backup()
    assert "config interface 'lan'" in text
    assert "pw-in-clear" not in text
    assert "pw-in-clear" not in driver.read_state().raw


def test_plan_is_empty_when_nothing_differs(driver: Driver) -> None:
    plan = driver.render(INDOSAT, driver.read_state(), "run-1")
    assert plan.empty
    assert plan.before == plan.after


def test_plan_shows_the_difference(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    section = twin.section("2")
    assert f"uci set network.{section}.apn='internet'" in plan.commands
    assert plan.commands[-1] == f"ifup {section}"
    assert "gsmctl -Y" not in plan.commands  # never blindly
    assert (plan.previous, plan.target) == ("indosat", "telkomsel")
    assert "SIM slot: 1" in plan.before
    assert "SIM slot: 2" in plan.after


def test_no_sim(boot: Callable[..., RunningRouter]) -> None:
    driver = driver_of(boot(sims={}))
    state = driver.read_state()
    assert state.registered is False
    assert (state.imsi, state.iccid, state.plmn, state.wan_ip) == (None, None, None, None)
    driver.close()


@every
def test_sim_taken_out_and_put_back(twin: RunningRouter, driver: Driver) -> None:
    loop = twin._loop
    loop.call_soon_threadsafe(twin.device.modem.take_sim, "1")
    twin.wait_for(lambda: driver.read_state().registered is False, "still registered")
    loop.call_soon_threadsafe(twin.device.modem.put_sim, "1", SimCard(**SIMS["1"]))
    twin.wait_attached()
    assert driver.read_state().imsi == INDOSAT.sim.imsi


@every
def test_pin_locked(boot: Callable[..., RunningRouter]) -> None:
    twin = boot(pins={"1": "1234"})
    driver = driver_of(twin)
    state = driver.read_state()
    assert (state.registered, state.imsi, state.wan_ip) == (False, None, None)
    assert state.iccid == INDOSAT.sim.iccid
    section = twin.section("1")
    twin.console(f"uci set network.{section}.pincode=1234; uci commit network; ifup {section}")
    twin.wait_attached()
    assert driver.read_state().registered
    driver.close()


def test_restarting_modem_reads_as_unknown(boot: Callable[..., RunningRouter]) -> None:
    twin = boot(absent_seconds=30.0)
    twin.wait_attached()
    twin._loop.call_soon_threadsafe(twin.device.modem.choose_slot, "2")
    twin.wait_for(lambda: twin.device.modem.absent, "not restarting")
    driver = driver_of(twin, patience_s=0.0)
    state = driver.read_state()
    assert (state.registered, state.imsi, state.sim_slot, state.wan_ip) == (None,) * 4
    with pytest.raises(DeviceError):
        driver.render(INDOSAT, state, "run-1")
    driver.close()


@pytest.mark.parametrize("kind", ["rutos"], indirect=True)
def test_device_that_switches_its_sim_by_itself(twin: RunningRouter, driver: Driver) -> None:
    twin.console("uci set sim_switch.@sim_switch[0].enabled=1; uci commit sim_switch")
    with pytest.raises(DeviceError, match="own SIM switch is on"):
        switch_plan(driver)
