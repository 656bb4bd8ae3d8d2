"""The timer on OpenWrt and RutOS: armed, fired, raced for its mark, cut off at every moment."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, DeviceError
from tests.contract.openwrt_case import NEW, OLD, driver_of, every, settled_on, switch_plan
from tests.contract.suite import LONG_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.engine.faults import Faults
    from tests.contract.openwrt_case import Driver, RunningRouter


def test_pending_tells_plan_and_time(driver: Driver) -> None:
    driver.arm(switch_plan(driver), LONG_S)
    pending = driver.pending()
    assert pending is not None
    assert (pending.plan_id, pending.fired) == ("run-1", False)
    assert pending.remaining_s is not None
    assert LONG_S - 30 < pending.remaining_s <= LONG_S + 1


def test_arm_again_restarts_the_time(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, 4)
    driver.arm(plan, LONG_S)
    pending = driver.pending()
    assert pending is not None
    assert pending.remaining_s is not None
    assert pending.remaining_s > 100
    driver.apply(plan)
    time.sleep(5)  # longer than the first timer: it must be gone
    assert twin.selected() == NEW


def test_second_run_is_not_stacked_on_a_pending_one(driver: Driver) -> None:
    driver.arm(switch_plan(driver), LONG_S)
    for other in ("run-10", "run"):
        with pytest.raises(DeviceError, match="wanrb-run-1"):
            driver.arm(switch_plan(driver, other), LONG_S)
    driver.confirm("run-10")  # another run's confirm leaves it
    assert driver.pending() is not None
    driver.revert(switch_plan(driver, "run-10"))  # and so does its revert
    pending = driver.pending()
    assert pending is not None
    assert pending.plan_id == "run-1"


def test_confirm_is_idempotent(driver: Driver) -> None:
    driver.arm(switch_plan(driver), LONG_S)
    driver.confirm("run-1")
    driver.confirm("run-1")
    assert driver.pending() is None


def test_timer_fires(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, 3)
    driver.apply(plan)
    settled_on(twin, OLD)
    twin.wait_for(lambda: fired(driver), "no evidence of firing")
    with pytest.raises(DeviceError, match="fired before"):
        driver.confirm("run-1")
    driver.revert(plan)
    assert driver.pending() is None


def fired(driver: Driver) -> bool:
    pending = driver.pending()
    return pending is not None and pending.fired


@every
def test_timer_fires_while_the_modem_restarts(boot: Callable[..., RunningRouter]) -> None:
    twin = boot(absent_seconds=4.0)
    twin.wait_attached()
    driver = driver_of(twin, patience_s=15.0)
    plan = switch_plan(driver)
    driver.arm(plan, 2)
    with contextlib.suppress(ApplyError):  # it may see the slot brought back under its hands
        driver.apply(plan)
    settled_on(twin, OLD)
    driver.close()


def test_timer_fires_over_a_power_cut(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    settled_on(twin, NEW)
    twin.power_cut()
    twin.boot()
    settled_on(twin, OLD)
    twin.wait_for(lambda: fired(driver), "no evidence of firing")


@every
@pytest.mark.parametrize("moment", ["firing", "network.new", "gsmctl -Y|set-primary|uim-switch"])
def test_power_cut_while_firing(
    twin: RunningRouter, driver: Driver, faults: Faults, moment: str
) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, 3)
    driver.apply(plan)
    settled_on(twin, NEW)
    faults.ignore = [moment]  # from here the script gets no further
    twin.wait_for(lambda: "reverting" in twin.console("logread") or moment == "firing",
                  "did not fire")  # fmt: skip
    time.sleep(1.5 if moment == "firing" else 0.2)
    twin.power_cut()
    faults.ignore = []
    twin.boot()
    settled_on(twin, OLD)


@every
def test_confirm_that_races_with_firing(driver: Driver, faults: Faults) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, 2)
    faults.answers = {"rm .*pending": ""}  # the confirm comes, and the timer takes the mark first
    time.sleep(3)
    with pytest.raises(DeviceError, match="fired before"):
        driver.confirm("run-1")


@pytest.mark.parametrize(
    ("ignored", "reason"),
    [
        ("^cat$", "does not read back|wake up|not found|can't"),
        ("ln -sf", "hook"),
        ("^cp ", "saved configuration"),
        ("^mv .*pending.new", "mark"),
        ("start-stop-daemon .*-m", "does not run"),
    ],
)
def test_timer_that_is_not_there(
    twin: RunningRouter, faults: Faults, ignored: str, reason: str
) -> None:
    driver = driver_of(twin, patience_s=2.0)
    plan = switch_plan(driver)
    faults.ignore = [ignored]
    with pytest.raises(DeviceError, match=reason):
        driver.arm(plan, LONG_S)
    faults.ignore = []
    assert driver.pending() is None
    assert twin.selected() == OLD
    driver.close()


def test_timer_that_never_fires_is_found_while_arming(twin: RunningRouter, faults: Faults) -> None:
    driver = driver_of(twin, patience_s=3.0)
    faults.timers_dead = True
    with pytest.raises(DeviceError, match="does not wake up"):
        driver.arm(switch_plan(driver), LONG_S)
    assert driver.pending() is None
    driver.close()


def test_confirm_that_does_not_remove(driver: Driver, faults: Faults) -> None:
    driver.arm(switch_plan(driver), LONG_S)
    faults.ignore = ["^rm "]
    with pytest.raises(ApplyError, match="still on the modem"):
        driver.confirm("run-1")


@pytest.mark.parametrize("kind", ["rutos"], indirect=True)
def test_timer_does_not_toggle_on_an_unknown_slot(
    twin: RunningRouter, driver: Driver, faults: Faults
) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    settled_on(twin, NEW)
    faults.answers = {"gsmctl -T": "Timeout"}
    twin.advance(LONG_S + 1)
    twin.wait_for(lambda: "reverting" in twin.console("logread"), "did not fire")
    time.sleep(2.5)  # more than one look
    assert (twin.device.modem.slot, twin.device.modem.index) == ("2", 1)
    faults.answers = {}
    settled_on(twin, OLD)
    # the slot is told before the restart is: until then the old bearer passes for the new one
    twin.wait_for(lambda: twin.device.modem.index >= 2, "the modem did not restart")
    assert twin.device.modem.index == 2
