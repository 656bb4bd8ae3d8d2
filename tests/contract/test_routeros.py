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
from tests.contract.twin_case import INDOSAT, PASSWORD, TELKOMSEL, access, driver_of, profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.twins.engine.faults import Faults
    from lab.twins.harness import RunningTwin
    from rekamatan.models import ChangePlan
    from rekamatan.modems.routeros7 import Routeros7Driver

LONG = 600


@pytest.fixture
def twin(router: RunningTwin) -> RunningTwin:
    return router


@pytest.fixture
def driver(twin: RunningTwin) -> Iterator[Routeros7Driver]:
    opened = driver_of(twin, patience_s=8.0)
    yield opened
    opened.close()


def active(twin: RunningTwin) -> tuple[str, str]:
    """Profile and slot as the device itself has them."""
    name = twin.console(':put [/interface lte get [find name="lte1"] apn-profiles]')
    return name, twin.console(":put [/interface lte settings get sim-slot]")


def switch_plan(driver: Routeros7Driver, plan_id: str = "run-1") -> ChangePlan:
    return driver.render(TELKOMSEL, driver.read_state(), plan_id)


def settled_on(twin: RunningTwin, name: str, slot: str) -> None:
    """Wait until profile and slot are these and the bearer is up on them."""
    twin.wait_for(lambda: active(twin) == (name, slot), f"not on {name}/{slot}")
    twin.wait_attached()


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


def test_plan_shows_the_difference(driver: Routeros7Driver) -> None:
    plan = switch_plan(driver)
    assert plan.commands[1:] == (
        '/interface lte set [find name="lte1"] apn-profiles="telkomsel"',
        '/interface lte settings set sim-slot="down"',
    )
    assert (plan.previous, plan.target) == ("indosat", "telkomsel")
    assert "SIM slot: up" in plan.before
    assert "SIM slot: down" in plan.after


def test_apply_moves_profile_sim_and_bearer(twin: RunningTwin, driver: Routeros7Driver) -> None:
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


def test_confirm_leaves_other_scheduler_entries(twin: RunningTwin, driver: Routeros7Driver) -> None:
    twin.console("/system scheduler add name=wanrb-mine interval=1d on-event=keep")
    driver.arm(switch_plan(driver), LONG)
    driver.confirm("run-1")
    assert twin.console(":put [:len [/system scheduler find]]") == "1"


def test_wrong_apn_stays_registered_without_address(
    twin: RunningTwin, driver: Routeros7Driver
) -> None:
    wrong = profile("telkomsel", "no-such-apn", "down")
    plan = driver.render(wrong, driver.read_state(), "run-1")
    driver.apply(plan)
    attempt = (TELKOMSEL.sim.imsi, "no-such-apn")
    twin.wait_for(lambda: attempt in twin.radio.attempts, "no attempt with the new SIM")
    assert "219" in twin.console('/log print where message~"cause 219"')
    state = driver.read_state()
    assert (state.registered, state.wan_ip, state.default_route_via) == (True, None, None)


def test_timer_fires_while_the_modem_restarts(boot: Callable[..., RunningTwin]) -> None:
    # lte1 is away for longer than the timer: the first firing cannot set it, a later one does
    twin = boot(absent_seconds=4.0)
    twin.wait_attached()
    driver = driver_of(twin, patience_s=8.0)
    plan = switch_plan(driver)
    driver.arm(plan, 2)
    driver.apply(plan)
    twin.wait_for(lambda: active(twin) == ("indosat", "up"), "not brought back", within_s=20)
    twin.wait_for(lambda: driver.pending() is not None, "no evidence of firing")
    driver.close()


def test_power_cut_loses_what_was_not_saved(boot: Callable[..., RunningTwin]) -> None:
    twin = boot(save_delay_s=0.3)
    twin.console("/system identity set name=changed")
    twin.power_cut()
    time.sleep(0.6)  # past the moment of saving, had the power stayed on
    twin.boot()
    assert twin.console(":put [/system identity get name]") == "kubu"


def test_arm_is_refused_when_device_mode_forbids_it(boot: Callable[..., RunningTwin]) -> None:
    driver = driver_of(boot(scheduler_allowed=False))
    with pytest.raises(NotSupportedError, match="device-mode"):
        driver.arm(switch_plan(driver), LONG)
    driver.close()


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


def test_error_text_with_exit_status_zero(driver: Routeros7Driver, faults: Faults) -> None:
    plan = switch_plan(driver)
    faults.answers = {"settings set": "failure: SIM slot is busy"}
    with pytest.raises(ApplyError, match="SIM slot is busy"):
        driver.apply(plan)


def test_setting_that_silently_does_nothing(driver: Routeros7Driver, faults: Faults) -> None:
    plan = switch_plan(driver)
    faults.ignore = ["set .*apn-profiles"]
    with pytest.raises(ApplyError, match="accepted but not applied: apn-profiles is indosat"):
        driver.apply(plan)


@pytest.mark.parametrize(
    ("ignored", "reason"),
    [
        ("scheduler add .*startup", "1 of 2 scheduler entries"),
        ("scheduler add .*interval=600s", "1 of 2 scheduler entries"),
        ("source=.*sim-slot", "does not read back"),
        ("script add", "does not read back|no such item"),
    ],
)
def test_timer_that_is_not_there(
    driver: Routeros7Driver, faults: Faults, ignored: str, reason: str
) -> None:
    faults.ignore = [ignored]
    with pytest.raises(DeviceError, match=reason):
        driver.arm(switch_plan(driver), LONG)
    faults.ignore = []
    assert driver.pending() is None


def test_script_the_device_marks_invalid(
    twin: RunningTwin, driver: Routeros7Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.twins.routeros7.checking.valid", lambda _: False)
    with pytest.raises(DeviceError, match="invalid"):
        driver.arm(switch_plan(driver), LONG)
    assert twin.console(":put [:len [/system script find]]") == "0"


def test_confirm_that_does_not_remove(driver: Routeros7Driver, faults: Faults) -> None:
    driver.arm(switch_plan(driver), LONG)
    faults.ignore = ["scheduler remove"]
    with pytest.raises(ApplyError, match="still on the modem"):
        driver.confirm("run-1")
