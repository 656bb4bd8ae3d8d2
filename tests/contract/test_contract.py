"""What every platform's driver must do, against its twin, over the real protocol.

The suite is policy-free as a driver is: it plants a situation, drives, and looks at the device past
the driver. What a device cannot be or do stands in its bench with the reason, and a driver asked
for it must say `NotSupportedError`. The timer is in `test_contract_timer`, what goes wrong on the
way and a device that lies in `test_contract_trouble`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError
from rekamatan.models import Rollback
from rekamatan.modems.base import ModemDriver
from rekamatan.modems.registry import driver_class, platforms
from tests.contract.bench import APN_PASSWORD, benches, settled, until
from tests.contract.suite import LONG_S, RUN, skip_unless, switch

if TYPE_CHECKING:
    from tests.contract.bench import Bench, Twin


# the bench itself


def test_every_platform_has_a_bench() -> None:
    assert set(benches()) == set(platforms())


def test_driver_keeps_the_contract(bench: Bench, driver: ModemDriver) -> None:
    assert isinstance(driver, ModemDriver)
    assert driver.platform == bench.platform
    assert type(driver) is driver_class(bench.platform)


# reading


def test_identify(bench: Bench, driver: ModemDriver) -> None:
    identity = driver.identify()
    assert (identity.platform, identity.version) == (bench.platform, bench.version)
    assert identity.model


def test_read_state(bench: Bench, driver: ModemDriver) -> None:
    state = driver.read_state()
    home = bench.home
    registered = None if "radio" in bench.cannot else True
    assert (state.platform, state.profile) == (bench.platform, home.name)
    assert state.registered is registered
    assert state.apn in {home.apn, None}
    # a slot where there is one to choose; identifiers where the device gives them, never others
    assert state.sim_slot == (None if "SIM" in bench.cannot else home.sim.slot or None)
    assert state.plmn in {*home.plmns, None}
    assert state.imsi in {home.sim.imsi, None}
    assert state.iccid in {home.sim.iccid, None}
    assert state.imsi or state.iccid or "SIM" in bench.cannot, "no way to know which SIM this is"
    assert state.wan_ip
    assert state.wan_if or "interface" in bench.cannot
    assert state.default_route_via or "interface" in bench.cannot


def test_reading_changes_nothing(twin: Twin, driver: ModemDriver) -> None:
    before = twin.shown()
    driver.identify()
    driver.read_state()
    driver.pending()
    driver.backup()
    assert twin.shown() == before


def test_signal(bench: Bench, driver: ModemDriver) -> None:
    skip_unless(bench, "signal")
    signal = driver.signal()
    assert signal.rsrp_dbm is not None
    assert -140 <= signal.rsrp_dbm <= -40
    assert driver.read_state().signal == signal


def test_backup_is_kept_without_secrets(bench: Bench, driver: ModemDriver) -> None:
    text = driver.backup()
    assert bench.home.apn in text
    assert bench.password not in text
    assert APN_PASSWORD not in text


# planning


def test_plan_is_empty_when_nothing_differs(bench: Bench, driver: ModemDriver) -> None:
    plan = driver.render(bench.home, driver.read_state(), RUN)
    assert plan.empty
    assert (plan.commands, plan.undo) == ((), ())
    assert plan.before == plan.after


def test_plan_shows_the_difference(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    before = twin.shown()
    plan = switch(bench, driver)
    assert plan.commands
    assert plan.undo
    assert (plan.plan_id, plan.previous, plan.target) == (RUN, bench.home.name, bench.away.name)
    assert bench.home.name in plan.before
    assert bench.away.name in plan.after
    assert plan.before != plan.after
    assert twin.shown() == before, "planning touched the device"


def test_plan_is_pure(bench: Bench, driver: ModemDriver) -> None:
    state = driver.read_state()
    assert driver.render(bench.away, state, RUN) == driver.render(bench.away, state, RUN)


# the switch


def test_apply_without_a_timer(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    plan = switch(bench, driver)
    driver.apply(plan)
    settled(twin, bench.away)
    assert driver.read_state().profile == bench.away.name
    driver.apply(plan)  # again: nothing differs any more
    settled(twin, bench.away)


def test_revert_is_idempotent(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    plan = switch(bench, driver)
    if driver.rollback is Rollback.DEVICE:
        driver.arm(plan, LONG_S)
    driver.apply(plan)
    settled(twin, bench.away)
    driver.revert(plan)
    settled(twin, bench.home)
    assert driver.pending() is None
    driver.revert(plan)
    assert twin.is_on(bench.home)
    assert driver.render(bench.home, driver.read_state(), "run-2").empty


def test_wrong_apn_gives_no_address(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    skip_unless(bench, "APN")
    wrong = dataclasses.replace(bench.away, apn="no-such-apn")
    plan = driver.render(wrong, driver.read_state(), RUN)
    driver.apply(plan)
    until(lambda: twin.is_on(wrong), "the wrong APN in use")
    until(lambda: driver.read_state().registered is True, "registered")
    state = driver.read_state()
    assert (state.wan_ip, state.default_route_via) == (None, None)
    driver.revert(plan)
    settled(twin, bench.home)


def test_correcting_the_active_profile_can_be_undone(
    bench: Bench, twin: Twin, driver: ModemDriver
) -> None:
    skip_unless(bench, "APN")
    corrected = dataclasses.replace(bench.home, apn="corrected")
    plan = driver.render(corrected, driver.read_state(), RUN)
    if driver.rollback is Rollback.DEVICE:
        driver.arm(plan, LONG_S)
    driver.apply(plan)
    until(lambda: twin.is_on(corrected), "corrected")
    driver.revert(plan)
    settled(twin, bench.home)


def test_apn_password_reaches_the_device_and_nobody_else(
    bench: Bench, twin: Twin, driver: ModemDriver
) -> None:
    if bench.paid is None:
        pytest.skip(f"{bench.platform}: {bench.cannot['APN']}")
    plan = driver.render(bench.paid, driver.read_state(), RUN)
    driver.apply(plan)
    until(lambda: twin.apn_password(bench.paid) == APN_PASSWORD, "the password on the device")
    shown = (repr(plan), driver.read_state().raw, driver.backup())
    assert not [text for text in shown if APN_PASSWORD in text]


def test_apn_password_that_is_missing(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    if bench.paid is None:
        pytest.skip(f"{bench.platform}: {bench.cannot['APN']}")
    before = twin.shown()
    poor = bench.connect(bench.access(twin), bench.password, {})
    plan = driver.render(bench.paid, driver.read_state(), RUN)
    with pytest.raises(ApplyError, match="vault_apn_passwords"):
        poor.apply(plan)
    poor.close()
    assert twin.shown() == before
