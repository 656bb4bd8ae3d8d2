"""The way back that lives on the device: armed, seen, confirmed, fired. For every platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Rollback
from rekamatan.modems.registry import driver_class
from tests.contract.bench import Situation, settled, until
from tests.contract.suite import LONG_S, RUN, needs_device_timer, skip_unless, switch

if TYPE_CHECKING:
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin
    from tests.contract.suite import Find


def test_switch_and_confirm(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    plan = switch(bench, driver)
    driver.arm(plan, LONG_S)
    assert twin.is_on(bench.home), "arming is not applying"
    driver.apply(plan)
    settled(twin, bench.away)
    driver.confirm(RUN)
    assert driver.pending() is None
    twin.advance(LONG_S + 60)
    until(lambda: twin.attached, "the bearer")
    assert twin.is_on(bench.away), "a confirmed change was taken back"
    state = driver.read_state()
    assert state.profile == bench.away.name
    assert state.plmn in {*bench.away.plmns, None}
    assert driver.render(bench.away, state, "run-2").empty


def test_confirmed_change_survives_a_power_cut(
    bench: Bench, twin: Twin, driver: ModemDriver
) -> None:
    needs_device_timer(bench)
    plan = switch(bench, driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    settled(twin, bench.away)
    driver.confirm(RUN)
    twin.wait_saved()
    driver.close()
    twin.power_cut()
    twin.boot()
    settled(twin, bench.away)
    assert driver.pending() is None


def test_pending_tells_plan_and_time(bench: Bench, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    assert driver.pending() is None
    driver.arm(switch(bench, driver), LONG_S)
    pending = driver.pending()
    assert pending is not None
    assert (pending.plan_id, pending.fired) == (RUN, False)
    assert pending.remaining_s is None or LONG_S - 70 < pending.remaining_s <= LONG_S


def test_pending_is_seen_by_another_session(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    driver.arm(switch(bench, driver), LONG_S)
    driver.close()
    other = bench.driver(twin)
    pending = other.pending()
    other.close()
    assert pending is not None
    assert pending.plan_id == RUN


def test_arm_again_restarts_the_time(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    skip_unless(bench, "arm again")
    plan = switch(bench, driver)
    driver.arm(plan, bench.timer_s)
    driver.arm(plan, bench.timer_s + LONG_S)
    driver.apply(plan)
    twin.advance(bench.timer_s + 30)
    until(lambda: twin.attached, "the bearer")
    assert twin.is_on(bench.away)
    pending = driver.pending()
    assert pending is not None
    assert not pending.fired


def test_second_run_is_not_stacked_on_a_pending_one(bench: Bench, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    driver.arm(switch(bench, driver), LONG_S)
    for other in ("run-10", "run"):
        with pytest.raises(DeviceError, match=RUN):
            driver.arm(switch(bench, driver, other), LONG_S)
    pending = driver.pending()
    assert pending is not None
    assert pending.plan_id == RUN


def test_confirm_is_idempotent(bench: Bench, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    driver.arm(switch(bench, driver), LONG_S)
    driver.confirm(RUN)
    driver.confirm(RUN)
    assert driver.pending() is None


def test_revert_of_what_was_only_armed(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    plan = switch(bench, driver)
    driver.arm(plan, LONG_S)
    driver.revert(plan)
    assert driver.pending() is None
    settled(twin, bench.home)


def test_timer_fires(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    plan = switch(bench, driver)
    driver.arm(plan, bench.timer_s)
    driver.apply(plan)
    settled(twin, bench.away)
    driver.close()
    twin.advance(bench.timer_s + 1)
    settled(twin, bench.home)
    with pytest.raises(DeviceError):
        driver.confirm(RUN)
    assert twin.is_on(bench.home), "a late confirm changed something"
    driver.revert(plan)
    assert driver.pending() is None
    assert twin.is_on(bench.home)


def test_timer_does_not_fire_early(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    needs_device_timer(bench)
    plan = switch(bench, driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    twin.advance(LONG_S / 2)
    settled(twin, bench.away)
    assert driver.pending() is not None


@pytest.mark.parametrize("applied", [True, False])
def test_timer_fires_over_a_power_cut(
    bench: Bench, twin: Twin, driver: ModemDriver, *, applied: bool
) -> None:
    needs_device_timer(bench)
    plan = switch(bench, driver)
    driver.arm(plan, bench.timer_s)
    if applied:
        driver.apply(plan)
        settled(twin, bench.away)
    twin.wait_saved()
    driver.close()
    twin.power_cut()
    twin.boot()
    twin.advance(bench.timer_s + 1)
    settled(twin, bench.home)
    driver.revert(plan)
    assert driver.pending() is None


def test_device_without_a_timer_says_so(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    if driver_class(bench.platform).rollback is Rollback.DEVICE:
        pytest.skip(f"{bench.platform}: has a timer")
    before = twin.shown()
    with pytest.raises(NotSupportedError):
        driver.arm(switch(bench, driver), LONG_S)
    assert driver.pending() is None
    with pytest.raises(NotSupportedError):
        driver.confirm(RUN)
    assert twin.shown() == before


def test_forbidden_timer_is_refused_before_anything_is_touched(bench: Bench, find: Find) -> None:
    needs_device_timer(bench)
    skip_unless(bench, Situation.TIMER_FORBIDDEN)
    twin, driver = find(Situation.TIMER_FORBIDDEN)
    before = twin.shown()
    with pytest.raises(NotSupportedError) as caught:
        driver.arm(switch(bench, driver), LONG_S)
    assert caught.value.hint, "the error names no next step"
    assert twin.shown() == before
