"""What is RouterOS's own, beyond the contract: its words, its script, its read account."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rekamatan.errors import (
    ApplyError,
    DeviceError,
    DeviceLoginError,
    NotSupportedError,
)
from rekamatan.modems.registry import open_driver
from rekamatan.modems.routeros7 import Routeros7Driver
from tests.contract.twin_case import (
    INDOSAT,
    PASSWORD,
    TELKOMSEL,
    access,
    active,
    driver_of,
    profile,
    settled_on,
    switch_plan,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.twins.engine.faults import Faults
    from lab.twins.harness import RunningTwin
    from rekamatan.modems.routeros import RouterosDriver

LONG = 600


@pytest.fixture
def twin(router: RunningTwin) -> RunningTwin:
    return router


@pytest.fixture
def driver(twin: RunningTwin) -> Iterator[RouterosDriver]:
    opened = driver_of(twin, patience_s=8.0)
    yield opened
    opened.close()


def test_read_account_reads_and_cannot_write(twin: RunningTwin) -> None:
    reader = open_driver(access(twin), "read-pw-7Q", {}, read_only=True)
    plan = dataclasses.replace(
        reader.render(TELKOMSEL, reader.read_state(), "run-1"),
        commands=("/interface lte settings set sim-slot=down",),
    )
    with pytest.raises(ApplyError, match="not enough permissions"):
        reader.apply(plan)
    assert active(twin) == ("indosat", "up")
    reader.close()


def test_plan_shows_the_difference(driver: RouterosDriver) -> None:
    plan = switch_plan(driver)
    assert plan.commands[1:] == (
        '/interface lte set [find name="lte1"] apn-profiles="telkomsel"',
        '/interface lte settings set sim-slot="down"',
    )
    assert (plan.previous, plan.target) == ("indosat", "telkomsel")
    assert "SIM slot: up" in plan.before
    assert "SIM slot: down" in plan.after


def test_apply_moves_profile_sim_and_bearer(twin: RunningTwin, driver: RouterosDriver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG)
    driver.apply(plan)
    settled_on(twin, "telkomsel", "down")
    assert twin.radio.attempts[-1] == (TELKOMSEL.sim.imsi, "internet")
    driver.confirm("run-1")
    assert driver.pending() is None
    state = driver.read_state()
    assert (state.profile, state.plmn) == ("telkomsel", "51010")
    assert driver.render(TELKOMSEL, state, "run-2").empty


def test_wrong_apn_stays_registered_without_address(
    twin: RunningTwin, driver: RouterosDriver
) -> None:
    wrong = profile("telkomsel", "no-such-apn", "down")
    plan = driver.render(wrong, driver.read_state(), "run-1")
    driver.apply(plan)
    attempt = (TELKOMSEL.sim.imsi, "no-such-apn")
    twin.wait_for(lambda: attempt in twin.radio.attempts, "no attempt with the new SIM")
    assert "219" in twin.console('/log print where message~"cause 219"')
    state = driver.read_state()
    assert (state.registered, state.wan_ip, state.default_route_via) == (True, None, None)


def test_power_cut_loses_what_was_not_saved(boot: Callable[..., RunningTwin]) -> None:
    twin = boot(save_delay_s=0.3)
    twin.console("/system identity set name=changed")
    twin.power_cut()
    time.sleep(0.6)  # past the moment of saving, had the power stayed on
    twin.boot()
    assert twin.console(":put [/system identity get name]") == "kubu"


def test_host_key_of_another_type_than_pinned(twin: RunningTwin) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    other = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    driver = open_driver(access(twin, other), PASSWORD, {})
    with pytest.raises(DeviceLoginError, match="another host key"):
        driver.identify()


def test_no_sim(boot: Callable[..., RunningTwin]) -> None:
    driver = driver_of(boot(sims={}))
    state = driver.read_state()
    assert state.registered is False
    assert (state.imsi, state.iccid, state.plmn, state.wan_ip) == (None, None, None, None)
    driver.close()


def test_restarting_modem_reads_as_unknown(boot: Callable[..., RunningTwin]) -> None:
    twin = boot(absent_seconds=30.0)
    twin.wait_attached()
    twin.console("/interface lte settings set sim-slot=down")
    driver = driver_of(twin, patience_s=0.0)
    state = driver.read_state()
    assert (state.registered, state.profile, state.sim_slot) == (None, None, "down")
    with pytest.raises(DeviceError, match="is not there"):
        driver.render(INDOSAT, state, "run-1")
    driver.close()


def test_error_text_with_exit_status_zero(driver: RouterosDriver, faults: Faults) -> None:
    plan = switch_plan(driver)
    faults.answers = {"settings set": "failure: SIM slot is busy"}
    with pytest.raises(ApplyError, match="SIM slot is busy"):
        driver.apply(plan)


def test_setting_that_silently_does_nothing(driver: RouterosDriver, faults: Faults) -> None:
    plan = switch_plan(driver)
    faults.ignore = ["set .*apn-profiles"]
    with pytest.raises(ApplyError, match="accepted but not applied: apn-profiles is indosat"):
        driver.apply(plan)


@pytest.mark.parametrize(
    ("version", "menu"),
    [
        ("7.24 (stable)", "/interface lte settings"),
        ("6.49.10 (long-term)", "/system routerboard modem"),
        ("6.44.6 (long-term)", "/system routerboard sim"),
    ],
)
def test_sim_menu_is_probed_on_the_device(
    boot: Callable[..., RunningTwin], version: str, menu: str
) -> None:
    twin = boot(version=version)
    twin.wait_attached()
    driver = driver_of(twin, patience_s=8.0)
    state = driver.read_state()
    assert state.sim_slot == "up"
    plan = driver.render(TELKOMSEL, state, "run-1")
    assert plan.commands[-1] == f'{menu} set sim-slot="down"'
    assert plan.undo[-1] == f'{menu} set sim-slot="up"'
    driver.apply(plan)
    assert twin.console(f":put [{menu} get sim-slot]") == "down"
    driver.close()


def test_board_without_a_sim_menu(driver: RouterosDriver, faults: Faults) -> None:
    faults.answers = {"get sim-slot": "bad command name sim (line 1 column 27)"}
    state = driver.read_state()
    assert state.sim_slot is None
    with pytest.raises(NotSupportedError, match="no SIM slot to choose"):
        driver.render(TELKOMSEL, state, "run-1")


def test_other_major_version_is_refused(boot: Callable[..., RunningTwin]) -> None:
    twin = boot(version="6.49.10 (long-term)")
    driver = Routeros7Driver(access(twin), PASSWORD, {}, patience_s=8.0)
    with pytest.raises(NotSupportedError, match="is not routeros7"):
        driver.identify()
    driver.close()


def test_reading_of_6_before_ip_type_is_printed(boot: Callable[..., RunningTwin]) -> None:
    twin = boot(version="6.44.6 (long-term)", initial={"profile": "default", "sim_slot": "up"})
    twin.console('/interface lte apn add name="indosat" apn="indosatgprs"')
    twin.console('/interface lte set [find name="lte1"] apn-profiles="indosat"')
    driver = driver_of(twin, patience_s=8.0)
    plan = driver.render(INDOSAT, driver.read_state(), "run-1")
    assert plan.commands == ('/interface lte apn set [find name="indosat"] ip-type="ipv4"',)
    assert "ip-type" not in " ".join(plan.undo), "an empty value would be refused for ever"
    driver.apply(plan)
    assert driver.render(INDOSAT, driver.read_state(), "run-2").empty
    driver.close()
