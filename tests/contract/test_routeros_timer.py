"""The timer on a RouterOS modem: its parts, the rights it needs, and what is known of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from tests.contract.twin_case import active, driver_of, switch_plan

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


def test_confirm_leaves_other_scheduler_entries(twin: RunningTwin, driver: RouterosDriver) -> None:
    twin.console("/system scheduler add name=wanrb-mine interval=1d on-event=keep")
    driver.arm(switch_plan(driver), LONG)
    driver.confirm("run-1")
    assert twin.console(":put [:len [/system scheduler find]]") == "1"


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


def test_arm_is_refused_when_device_mode_forbids_it(boot: Callable[..., RunningTwin]) -> None:
    driver = driver_of(boot(scheduler_allowed=False))
    with pytest.raises(NotSupportedError, match="device-mode"):
        driver.arm(switch_plan(driver), LONG)
    driver.close()


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
    driver: RouterosDriver, faults: Faults, ignored: str, reason: str
) -> None:
    faults.ignore = [ignored]
    with pytest.raises(DeviceError, match=reason):
        driver.arm(switch_plan(driver), LONG)
    faults.ignore = []
    assert driver.pending() is None


def test_script_the_device_marks_invalid(
    twin: RunningTwin, driver: RouterosDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.twins.routeros7.checking.valid", lambda *_: False)
    with pytest.raises(DeviceError, match="invalid"):
        driver.arm(switch_plan(driver), LONG)
    assert twin.console(":put [:len [/system script find]]") == "0"


def test_confirm_that_does_not_remove(driver: RouterosDriver, faults: Faults) -> None:
    driver.arm(switch_plan(driver), LONG)
    faults.ignore = ["scheduler remove"]
    with pytest.raises(ApplyError, match="still on the modem"):
        driver.confirm("run-1")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("not enough permissions (9)", "cannot be read"),
        ("", "cannot be read"),
        ("  mode: home\n  scheduler: no\n", "forbids its scheduler"),
        ("  mode: advanced\n  flagged: yes\n  scheduler: yes\n", "forbids its scheduler"),
    ],
)
def test_device_mode_is_known_before_arming(
    twin: RunningTwin, driver: RouterosDriver, faults: Faults, answer: str, reason: str
) -> None:
    faults.answers = {"device-mode": answer}
    with pytest.raises(NotSupportedError, match=reason):
        driver.arm(switch_plan(driver), LONG)
    assert twin.console(":put [:len [/system script find]]") == "0"


def test_firmware_before_device_mode_is_armed(driver: RouterosDriver, faults: Faults) -> None:
    faults.answers = {"device-mode": "bad command name device-mode (line 1 column 9)"}
    driver.arm(switch_plan(driver), LONG)
    assert driver.pending() is not None


def test_account_that_lacks_a_policy_does_not_arm(
    twin: RunningTwin, driver: RouterosDriver
) -> None:
    twin.console("/user group add name=narrow policy=ssh,read,write,test,policy,sensitive")
    twin.console('/user set [find name="rekamatan"] group=narrow')
    with pytest.raises(NotSupportedError, match="lacks policy reboot"):
        driver.arm(switch_plan(driver), LONG)
    assert twin.console(":put [:len [/system scheduler find]]") == "0"


def test_timer_that_was_due_is_not_confirmed(
    twin: RunningTwin, driver: RouterosDriver, faults: Faults
) -> None:
    faults.timers_dead = True
    plan = switch_plan(driver)
    driver.arm(plan, 60)
    driver.apply(plan)
    twin.advance(60 + 31)
    with pytest.raises(DeviceError, match="was due and did not fire"):
        driver.confirm("run-1")
    assert driver.pending() is not None, "the timer was taken away all the same"
    driver.revert(plan)
    assert driver.pending() is None


def test_time_left_does_not_follow_the_routers_clock(
    twin: RunningTwin, driver: RouterosDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no battery: the router booted in 1970, and NTP answers through the new carrier
    driver.arm(switch_plan(driver), LONG)
    now = twin.device.clock.now()
    monkeypatch.setattr(twin.device.clock, "now", lambda: now.replace(year=now.year + 56))
    pending = driver.pending()
    assert pending is not None
    assert pending.remaining_s is not None
    assert LONG - 20 < pending.remaining_s <= LONG
    driver.confirm("run-1")
