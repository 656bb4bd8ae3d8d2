"""The switch on a HiLink modem: applied, read back, brought back; no timer does it."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING

import pytest

from lab.twins.hilink.running import APNS, CARD, PASSWORD
from rekamatan.errors import ApplyError, DeviceUnreachableError, NotSupportedError
from rekamatan.modems.base import reset_modem
from tests.contract.hilink_case import KTP, driver_of, profile, switch_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.hilink.running import RunningHilink
    from rekamatan.modems.hilink import HilinkDriver


@pytest.mark.parametrize(
    "manner",
    [
        {"password_type": 4, "rsa_padding": 1},
        {"password_type": 4, "rsa_padding": 0, "home_tokens": True},
        {"password_type": 3, "rsa_padding": None},
        {"password_type": 0, "rsa_padding": None, "new_is_default": True},
        {"password_type": 4, "rsa_padding": 1, "redials": True},
    ],
    ids=lambda manner: "-".join(f"{key}={value}" for key, value in manner.items()),
)
def test_models_differ_and_the_switch_does_not(
    boot: Callable[..., RunningHilink], manner: dict[str, object]
) -> None:
    twin = boot(manner=manner)
    twin.wait_attached()
    driver = driver_of(twin, patience_s=8.0)
    plan = switch_plan(driver)
    driver.apply(plan)
    twin.wait_attached()
    assert twin.active() == ("ktp", True)
    assert twin.radio.attempts[-1] == (CARD["imsi"], "ktp.telkomsel")
    driver.revert(plan)
    twin.wait_attached()
    assert twin.active() == ("internet", True)
    assert twin.radio.attempts[-1] == (CARD["imsi"], "internet")
    driver.close()


def test_modem_without_timer_says_so(driver: HilinkDriver) -> None:
    plan = switch_plan(driver)
    with pytest.raises(NotSupportedError, match="no timer: the recording server's journal"):
        driver.arm(plan, 600)
    with pytest.raises(NotSupportedError, match="no timer"):
        driver.confirm("run-1")
    assert driver.pending() is None


def test_apply_moves_profile_and_bearer(twin: RunningHilink, driver: HilinkDriver) -> None:
    before = driver.read_state().wan_ip
    driver.apply(switch_plan(driver))
    twin.wait_attached()
    state = driver.read_state()
    assert (state.profile, state.apn) == ("ktp", "ktp.telkomsel")
    assert state.wan_ip != before
    assert twin.radio.attempts[-1] == (CARD["imsi"], "ktp.telkomsel")
    assert driver.render(KTP, state, "run-2").empty


def test_old_connection_is_gone_before_the_new_one_is_dialled(
    boot: Callable[..., RunningHilink],
) -> None:
    # slower to disconnect than the requests are to come: switched on again at once, the old
    # connection would stay and pass for the new profile's
    twin = boot(disconnect_seconds=2.0)
    twin.wait_attached()
    driver = driver_of(twin, patience_s=20.0)
    driver.apply(switch_plan(driver))
    twin.wait_for(lambda: len(twin.radio.attempts) == 2, "the modem never dialled again")
    assert twin.radio.attempts[-1] == (CARD["imsi"], "ktp.telkomsel")
    driver.close()


def test_connection_that_is_only_coming_up_is_waited_for_too(
    boot: Callable[..., RunningHilink],
) -> None:
    # dialled already with the old APN, not yet connected: data off and on again at once keeps it
    twin = boot(attach_seconds=1.0, disconnect_seconds=2.0)
    driver = driver_of(twin, patience_s=20.0)
    driver.apply(switch_plan(driver))
    twin.wait_attached()
    assert twin.radio.attempts[-1] == (CARD["imsi"], "ktp.telkomsel")
    driver.close()


def test_applying_again_does_not_cut_the_connection(
    twin: RunningHilink, driver: HilinkDriver
) -> None:
    plan = switch_plan(driver)
    driver.apply(plan)
    twin.wait_attached()
    dialled = len(twin.radio.attempts)
    driver.apply(plan)
    driver.close()
    assert len(twin.radio.attempts) == dialled
    assert twin.device.dialer.bearer is not None


def test_revert_is_idempotent(twin: RunningHilink, driver: HilinkDriver) -> None:
    plan = switch_plan(driver)
    driver.apply(plan)
    driver.revert(plan)
    twin.wait_attached()
    dialled = len(twin.radio.attempts)
    driver.revert(plan)
    assert twin.active() == ("internet", True)
    assert len(twin.radio.attempts) == dialled


def test_revert_after_death_with_data_off(twin: RunningHilink, driver: HilinkDriver) -> None:
    plan = switch_plan(driver)
    only_off = plan.commands[:1]
    driver.changes.ensure(only_off)
    assert twin.active() == ("internet", False)
    driver.revert(plan)
    twin.wait_attached()
    assert twin.active() == ("internet", True)


def test_correcting_the_profile_in_use_can_be_undone(
    twin: RunningHilink, driver: HilinkDriver
) -> None:
    plan = driver.render(profile("internet", "ktp.telkomsel"), driver.read_state(), "run-1")
    driver.apply(plan)
    twin.wait_attached()
    assert twin.radio.attempts[-1][1] == "ktp.telkomsel"
    driver.revert(plan)
    twin.wait_attached()
    assert driver.read_state().apn == "internet"
    assert twin.radio.attempts[-1][1] == "internet"


def test_wrong_apn_stays_registered_without_address(
    twin: RunningHilink, driver: HilinkDriver
) -> None:
    assert "nope" not in APNS["telkomsel"]
    driver.apply(driver.render(profile("ktp", "nope"), driver.read_state(), "run-1"))
    twin.wait_for(lambda: bool(twin.device.dialer.refusals), "the core was not asked")
    assert twin.device.dialer.refusals[-1] == 219
    state = driver.read_state()
    assert (state.registered, state.wan_ip, state.profile) == (True, None, "ktp")


def test_apn_password_is_never_shown(
    driver: HilinkDriver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vpn = profile("vpnapn", "vpn.telkomsel", auth="pap", username="kubu")
    plan = driver.render(vpn, driver.read_state(), "run-1")
    driver.apply(plan)
    shown = repr(plan) + caplog.text + repr(driver.read_state())
    for secret in (PASSWORD, "geheim", base64.b64encode(PASSWORD.encode()).decode()):
        assert secret not in shown


def test_apn_password_that_is_missing(driver: HilinkDriver) -> None:
    wanted = profile("other", "x", auth="chap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    with pytest.raises(ApplyError, match="vault_apn_passwords"):
        driver.apply(plan)


def test_configuration_survives_a_power_cut(twin: RunningHilink, driver: HilinkDriver) -> None:
    plan = switch_plan(driver)
    driver.apply(plan)
    twin.wait_saved()
    twin.power_cut()
    with pytest.raises(DeviceUnreachableError, match="has power"):
        driver.read_state()
    twin.boot()
    twin.wait_attached()
    assert driver.read_state().profile == "ktp"  # nothing on the modem brings it back
    driver.revert(plan)
    assert twin.active() == ("internet", True)


def test_restart_keeps_the_configuration(twin: RunningHilink, driver: HilinkDriver) -> None:
    driver.apply(switch_plan(driver))
    reset_modem(driver)
    with pytest.raises(DeviceUnreachableError):
        driver.read_state()
    twin.wait_attached()
    twin.wait_for(lambda: not twin.front._down, "it did not come up again")
    assert driver.read_state().profile == "ktp"
