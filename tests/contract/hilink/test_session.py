"""Login and session of a HiLink modem: refused, ended, lost, busy, and with another device."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from lab.twins.hilink import xml
from lab.twins.hilink.running import PASSWORD
from rekamatan.errors import DeviceError, DeviceLoginError, DeviceUnreachableError
from rekamatan.modems.hilink_session import BusyError
from rekamatan.modems.registry import open_driver
from tests.contract.hilink_case import access, driver_of, switch_plan

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from lab.twins.hilink.running import RunningHilink
    from rekamatan.modems.hilink import HilinkDriver


def test_session_that_ended_is_opened_again(twin: RunningHilink, driver: HilinkDriver) -> None:
    driver.read_state()
    twin.front.end_sessions()
    assert driver.read_state().profile == "internet"
    plan = switch_plan(driver)
    twin.front.end_sessions()
    driver.apply(plan)
    assert twin.active() == ("ktp", True)


def test_logs_out(twin: RunningHilink, driver: HilinkDriver) -> None:
    driver.identify()
    driver.close()
    assert twin.front.requests[-1] == "POST user/logout"


@pytest.mark.parametrize("code", [108001, 108002, 108006])
def test_login_refused(
    twin: RunningHilink, faults: Faults, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    faults.answers = {"POST user/login": xml.error(code)}
    driver = driver_of(twin)
    with pytest.raises(DeviceLoginError, match=str(code)) as caught:
        driver.identify()
    assert caught.value.hint
    assert PASSWORD not in str(caught.value) + caplog.text


def test_wrong_password_is_tried_once_and_not_until_the_account_is_locked(
    twin: RunningHilink,
) -> None:
    driver = driver_of(twin, "salah-9X")
    for _ in range(5):
        with pytest.raises(DeviceLoginError, match="refused the password") as caught:
            driver.read_state()
        assert "salah-9X" not in str(caught.value)
    assert twin.front.requests.count("POST user/login") == 1


class Later:
    """A clock that is moved by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wall(self) -> object:
        raise NotImplementedError

    def boot_id(self) -> str:
        return "boot"


def test_refused_login_is_tried_again_later(twin: RunningHilink, faults: Faults) -> None:
    clock = Later()
    driver = driver_of(twin, clock=clock)
    faults.answers = {"POST user/login": xml.error(108007)}
    with pytest.raises(DeviceLoginError, match="locked for a while"):
        driver.identify()
    faults.answers = {}
    clock.now += 100.0  # a wrong password may be tried again by now, a locked account not yet
    with pytest.raises(DeviceLoginError, match="locked for a while"):
        driver.identify()
    clock.now += 250.0
    assert driver.identify().model
    driver.close()


def test_login_that_says_ok_and_is_none(twin: RunningHilink, faults: Faults) -> None:
    faults.ignore = ["POST user/login"]
    with pytest.raises(DeviceLoginError, match="may not do that"):
        driver_of(twin).identify()


def test_modem_off(twin: RunningHilink) -> None:
    where = access(twin)
    twin.power_cut()
    with pytest.raises(DeviceUnreachableError, match="has power"):
        open_driver(where, PASSWORD, {}).identify()


def test_another_device_at_the_address(twin: RunningHilink, faults: Faults) -> None:
    faults.answers = {"GET webserver/SesTokInfo": "<html><body>Router login"}
    with pytest.raises(DeviceError, match="not one of a HiLink modem"):
        driver_of(twin).identify()


def test_link_lost_while_applying(
    twin: RunningHilink, driver: HilinkDriver, faults: Faults
) -> None:
    plan = switch_plan(driver)
    faults.hang_up_after = ["<dataswitch>0<", "<Modify>1<", "<SetDefault>2<", "<dataswitch>1<"]
    driver.apply(plan)
    assert twin.active() == ("ktp", True)
    assert faults.hang_up_after == []
    assert [row["Name"] for row in twin.device.profiles] == ["internet", "ktp"]


def test_link_lost_while_reading(driver: HilinkDriver, faults: Faults) -> None:
    driver.identify()
    faults.hang_up_after = ["GET dialup/profiles"]
    with pytest.raises(DeviceUnreachableError):
        driver.read_state()
    assert driver.read_state().profile == "internet"


def test_busy_modem_is_waited_for(
    twin: RunningHilink, driver: HilinkDriver, faults: Faults
) -> None:
    plan = switch_plan(driver)
    faults.answers = {"POST dialup/profiles": xml.error(100004)}
    ready = threading.Timer(1.5, faults.answers.clear)
    ready.start()
    driver.apply(plan)
    ready.join()
    assert twin.active() == ("ktp", True)


def test_busy_for_ever(twin: RunningHilink, faults: Faults) -> None:
    driver = driver_of(twin, patience_s=2.0)
    plan = switch_plan(driver)
    faults.answers = {"POST dialup/profiles": xml.error(100004)}
    with pytest.raises(BusyError, match="busy"):
        driver.apply(plan)
    driver.close()
