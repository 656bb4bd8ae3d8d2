"""The switch on OpenWrt and RutOS: applied, read back, confirmed or brought back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from tests.contract.openwrt_case import (
    NEW,
    OLD,
    TELKOMSEL,
    card,
    driver_of,
    every,
    settled_on,
    switch_plan,
)
from tests.contract.suite import LONG_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.engine.faults import Faults
    from lab.twins.openwrt.streams import Finished, Input
    from tests.contract.openwrt_case import Driver, RunningRouter


def test_apply_moves_profile_sim_and_bearer(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    settled_on(twin, NEW)
    assert twin.radio.attempts[-1] == (TELKOMSEL.sim.imsi, "internet")
    driver.confirm("run-1")
    assert driver.pending() is None
    state = driver.read_state()
    assert (state.profile, state.plmn) == ("telkomsel", "51010")
    assert driver.render(TELKOMSEL, state, "run-2").empty
    assert twin.device.processes.table() == []
    for path in ("/etc/rekamatan-wan", "/etc/rc.d/S19rekamatan-wan"):
        assert twin.device.files.node(path) is None


@every
def test_apply_twice_sends_nothing_twice(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.apply(plan)
    settled_on(twin, NEW)
    index = twin.device.modem.index
    driver.apply(plan)
    assert twin.selected() == NEW
    assert twin.device.modem.index == index, "the SIM was switched again"


def test_revert_brings_both_back_and_is_idempotent(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    driver.revert(plan)
    settled_on(twin, OLD)
    assert driver.pending() is None
    driver.revert(plan)
    assert twin.selected() == OLD


def test_wrong_apn_stays_registered_without_address(twin: RunningRouter, driver: Driver) -> None:
    wrong = card("telkomsel", "no-such-apn", "2")
    driver.apply(driver.render(wrong, driver.read_state(), "run-1"))
    attempt = (TELKOMSEL.sim.imsi, "no-such-apn")
    twin.wait_for(lambda: attempt in twin.radio.attempts, "no attempt with the new SIM")
    state = driver.read_state()
    assert (state.registered, state.wan_ip, state.default_route_via) == (True, None, None)


def test_correcting_the_active_profile_can_be_undone(driver: Driver) -> None:
    corrected = card("indosat", "internet", "1")
    plan = driver.render(corrected, driver.read_state(), "run-1")
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    assert driver.read_state().apn == "internet"
    driver.revert(plan)
    assert driver.read_state().apn == "indosatgprs"


def test_apn_password_is_filled_in_and_never_shown(twin: RunningRouter, driver: Driver) -> None:
    wanted = card("vpnapn", "vpn.telkomsel", "2", auth="pap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    assert "geheim" not in repr(plan)
    driver.apply(plan)
    section = twin.section("2")
    assert twin.console(f"uci get network.{section}.password") == "geheim'$1\n"
    assert "geheim" not in driver.read_state().raw
    driver.revert(plan)
    assert "Entry not found" in twin.console(f"uci get network.{section}.password")


def test_apn_password_is_in_no_argument(twin: RunningRouter, driver: Driver) -> None:
    """Arguments show in the router's process list; standard input does not."""
    lines = []
    run = twin.device.run

    async def recording(line: str, stdin: Input | None = None) -> Finished:
        lines.append(line)
        return await run(line, stdin)

    wanted = card("vpnapn", "vpn.telkomsel", "2", auth="pap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    twin.device.run = recording  # type: ignore[method-assign]
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    assert twin.apn_password(wanted) == "geheim'$1"
    assert "uci batch" in lines
    assert not [line for line in lines if "geheim" in line]


def test_apn_password_that_is_missing(driver: Driver) -> None:
    wanted = card("other", "x", "2", auth="chap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    with pytest.raises(ApplyError, match="vault_apn_passwords"):
        driver.apply(plan)


def test_confirmed_change_survives_a_power_cut(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    driver.confirm("run-1")
    twin.power_cut()
    twin.boot()
    settled_on(twin, NEW)
    assert driver.pending() is None


def test_board_without_a_slot_to_choose(boot: Callable[..., RunningRouter], kind: str) -> None:
    if kind == "rutos":
        pytest.skip("RutOS always tells a slot")
    twin = boot(slots=1)
    twin.wait_attached()
    driver = driver_of(twin)
    assert driver.read_state().sim_slot is None
    with pytest.raises(NotSupportedError, match="SIM slot 2"):
        switch_plan(driver)
    anywhere = dataclasses.replace(TELKOMSEL, sim=dataclasses.replace(TELKOMSEL.sim, slot=""))
    plan = driver.render(anywhere, driver.read_state(), "run-1")
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    assert driver.read_state().apn == "internet"
    driver.revert(plan)
    assert driver.read_state().profile == "indosat"
    driver.close()


@every
def test_foreign_uncommitted_changes_are_neither_committed_nor_lost(
    twin: RunningRouter, driver: Driver
) -> None:
    plan = switch_plan(driver)
    twin.console("uci set network.lan.ipaddr=192.0.2.1")
    with pytest.raises(DeviceError, match="uncommitted changes"):
        driver.arm(plan, LONG_S)
    with pytest.raises(DeviceError, match=r"uncommitted changes: lan\.ipaddr"):
        driver.apply(plan)
    with pytest.raises(DeviceError, match=r"uncommitted changes: lan\.ipaddr"):
        driver.restore_plan(driver.backup(), "indosat", "run-1")
    assert "192.0.2.1" in twin.console("uci changes network")
    assert "192.0.2.1" not in twin.console("cat /etc/config/network")


@every
def test_own_leftovers_of_a_lost_session_are_taken_back(
    twin: RunningRouter, driver: Driver
) -> None:
    plan = switch_plan(driver)
    section = twin.section("2")
    twin.console(f"uci set network.{section}.apn=half-typed")
    driver.apply(plan)
    settled_on(twin, NEW)
    assert twin.console("uci changes network") == ""


@pytest.mark.parametrize("kind", ["rutos"], indirect=True)
@pytest.mark.parametrize("told", ["Timeout", "N/A", "", "0"])
def test_toggle_is_not_sent_on_an_unknown_slot(
    twin: RunningRouter, faults: Faults, told: str
) -> None:
    driver = driver_of(twin, patience_s=2.0)
    plan = switch_plan(driver)
    faults.answers = {"gsmctl -T": told}
    with pytest.raises(ApplyError, match="did not come back"):
        driver.apply(plan)
    assert (twin.device.modem.slot, twin.device.modem.index) == ("1", 0)
    driver.close()
