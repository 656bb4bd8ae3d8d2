"""What is read of a HiLink modem, what is planned from it, and which modem is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.radio import SimCard
from lab.twins.hilink import xml
from lab.twins.hilink.running import CARD, PASSWORD
from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Rollback
from rekamatan.modems.base import ModemDriver
from rekamatan.modems.registry import platforms
from tests.contract.hilink_case import INTERNET, KTP, profile, switch_plan

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from lab.twins.hilink.running import RunningHilink
    from rekamatan.modems.hilink import HilinkDriver


def test_driver_keeps_the_contract(driver: HilinkDriver) -> None:
    assert isinstance(driver, ModemDriver)
    assert driver.platform in platforms()
    assert driver.rollback is Rollback.SERVER


def test_identify(driver: HilinkDriver) -> None:
    identity = driver.identify()
    assert (identity.platform, identity.model) == ("hilink", "B525s-65a")
    assert identity.version == "11.189.63.00.74"
    assert identity.serial == "TWINHILINK000001"


def test_read_state(driver: HilinkDriver) -> None:
    state = driver.read_state()
    assert (state.profile, state.apn, state.sim_slot) == ("internet", "internet", None)
    assert (state.plmn, state.imsi, state.iccid) == (CARD["plmn"], CARD["imsi"], CARD["iccid"])
    assert (state.registered, state.roaming, state.rat) == (True, False, "LTE")
    assert (state.wan_ip or "").startswith("10.64.0.")
    assert (state.wan_if, state.default_route_via) == (None, None)
    assert driver.signal().rsrp_dbm == -97.0


def test_backup_has_the_profiles_and_no_secrets(twin: RunningHilink, driver: HilinkDriver) -> None:
    vpn = profile("vpnapn", "vpn.telkomsel", auth="chap", username="kubu")
    driver.apply(driver.render(vpn, driver.read_state(), "run-1"))
    assert twin.device.profiles[-1]["Password"] == "geheim$1<&"  # noqa: S105
    text = driver.backup()
    assert driver.backup() == text
    assert "vpn.telkomsel" in text
    for secret in ("geheim$1<&", PASSWORD):
        assert secret not in text
        assert secret not in driver.read_state().raw


def test_plan_is_empty_when_nothing_differs(driver: HilinkDriver) -> None:
    plan = driver.render(INTERNET, driver.read_state(), "run-1")
    assert plan.empty
    assert plan.before == plan.after


def test_plan_shows_the_difference(driver: HilinkDriver) -> None:
    plan = switch_plan(driver)
    assert (plan.previous, plan.target) == ("internet", "ktp")
    assert "active profile: internet" in plan.before
    assert "apn: ktp.telkomsel" in plan.after


def test_no_sim(twin: RunningHilink, driver: HilinkDriver) -> None:
    twin.change_card(None)
    state = driver.read_state()
    assert state.registered is False
    assert (state.imsi, state.iccid, state.plmn, state.wan_ip) == (None, None, None, None)
    with pytest.raises(DeviceError, match="no SIM card"):
        driver.render(KTP, state, "run-1")


def test_pin_locked(twin: RunningHilink, driver: HilinkDriver) -> None:
    twin.change_card(SimCard(**CARD), pin_locked=True)
    with pytest.raises(DeviceError, match="asks for its PIN"):
        driver.render(KTP, driver.read_state(), "run-1")


def test_unknown_firmware(driver: HilinkDriver, faults: Faults) -> None:
    faults.answers = {"GET device/information": xml.document({"uptime": 5})}
    with pytest.raises(NotSupportedError, match="names no model"):
        driver.identify()


def test_model_without_the_data_switch_is_refused(driver: HilinkDriver, faults: Faults) -> None:
    faults.answers = {"GET dialup/mobile-dataswitch": xml.error(100002)}
    with pytest.raises(NotSupportedError, match="mobile-dataswitch"):
        driver.read_state()


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("dialup/profiles", xml.OK),
        ("dialup/profiles", "<html>"),
        ("monitoring/status", xml.document({"nothing": 1})),
        ("dialup/mobile-dataswitch", xml.OK),
    ],
)
def test_reading_that_is_none(
    driver: HilinkDriver, faults: Faults, endpoint: str, body: str
) -> None:
    driver.identify()
    faults.answers = {f"GET {endpoint}": body}
    with pytest.raises(DeviceError):
        driver.read_state()
