"""The HiLink driver against its twin, over real HTTP with tokens, login and encryption."""

from __future__ import annotations

import base64
import logging
import threading
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from lab.twins.engine.radio import SimCard
from lab.twins.hilink import xml
from lab.twins.hilink.running import APNS, CARD, PASSWORD, RunningHilink
from rekamatan.errors import (
    ApplyError,
    ConfigError,
    DeviceError,
    DeviceLoginError,
    DeviceUnreachableError,
    NotSupportedError,
)
from rekamatan.models import Rollback
from rekamatan.modems.base import ModemDriver, reset_modem
from rekamatan.modems.base_config import BaseConfig, BaseSecrets
from rekamatan.modems.hilink_session import BusyError
from rekamatan.modems.registry import configure_base, open_driver, platforms
from tests.contract.hilink_case import INTERNET, KTP, access, driver_of, profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rekamatan.models import ChangePlan, WanProfile
    from rekamatan.modems.base_config import BaseChange
    from rekamatan.modems.hilink import HilinkDriver


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., RunningHilink]]:
    twins = []

    def start(**overrides: object) -> RunningHilink:
        twins.append(RunningHilink(tmp_path, faults, **overrides))
        return twins[-1]

    yield start
    for twin in twins:
        twin.close()


@pytest.fixture
def twin(boot: Callable[..., RunningHilink]) -> RunningHilink:
    started = boot()
    started.wait_attached()
    return started


@pytest.fixture
def driver(twin: RunningHilink) -> Iterator[HilinkDriver]:
    opened = driver_of(twin, patience_s=8.0)
    yield opened
    opened.close()


def switch_plan(driver: HilinkDriver) -> ChangePlan:
    return driver.render(KTP, driver.read_state(), "run-1")


# reading


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


# planning


def test_plan_is_empty_when_nothing_differs(driver: HilinkDriver) -> None:
    plan = driver.render(INTERNET, driver.read_state(), "run-1")
    assert plan.empty
    assert plan.before == plan.after


def test_plan_shows_the_difference(driver: HilinkDriver) -> None:
    plan = switch_plan(driver)
    assert (plan.previous, plan.target) == ("internet", "ktp")
    assert "active profile: internet" in plan.before
    assert "apn: ktp.telkomsel" in plan.after


# no timer


def test_modem_without_timer_says_so(driver: HilinkDriver) -> None:
    plan = switch_plan(driver)
    with pytest.raises(NotSupportedError, match="no timer: the recording server's journal"):
        driver.arm(plan, 600)
    with pytest.raises(NotSupportedError, match="no timer"):
        driver.confirm("run-1")
    assert driver.pending() is None


# the switch


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


# power and restarts


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


# trouble on the way


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


def test_unknown_firmware(driver: HilinkDriver, faults: Faults) -> None:
    faults.answers = {"GET device/information": xml.document({"uptime": 5})}
    with pytest.raises(NotSupportedError, match="names no model"):
        driver.identify()


def test_model_without_the_data_switch_is_refused(driver: HilinkDriver, faults: Faults) -> None:
    faults.answers = {"GET dialup/mobile-dataswitch": xml.error(100002)}
    with pytest.raises(NotSupportedError, match="mobile-dataswitch"):
        driver.read_state()


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


# a device that lies


@pytest.mark.parametrize(
    ("pattern", "code", "reason"),
    [
        ("<Modify>1<", 100005, "does not understand"),
        ("<SetDefault>2<", 100001, "tells no reason"),
        ("<dataswitch>1<", 100009, "could not save"),
        ("<dataswitch>0<", 424242, "code 424242"),
    ],
)
def test_error_with_http_status_200(
    driver: HilinkDriver, faults: Faults, pattern: str, code: int, reason: str
) -> None:
    plan = switch_plan(driver)
    faults.answers = {pattern: xml.error(code)}
    with pytest.raises(ApplyError, match=reason):
        driver.apply(plan)


@pytest.mark.parametrize(
    ("ignored", "reason"),
    [
        ("<Modify>1<", "there is no profile named ktp"),
        ("<SetDefault>2<", "the profile in use is internet"),
        ("<dataswitch>0<", "the data switch is on"),
        ("<dataswitch>1<", "the data switch is off"),
    ],
)
def test_change_that_silently_does_nothing(
    driver: HilinkDriver, faults: Faults, ignored: str, reason: str
) -> None:
    plan = switch_plan(driver)
    faults.ignore = [ignored]
    with pytest.raises(ApplyError, match=f"accepted but not applied: {reason}"):
        driver.apply(plan)


def test_data_that_is_off_and_stays_connected(twin: RunningHilink, faults: Faults) -> None:
    driver = driver_of(twin, patience_s=2.0)
    plan = switch_plan(driver)
    faults.answers = {"GET monitoring/status": xml.document({"ConnectionStatus": 901})}
    with pytest.raises(ApplyError, match="stays connected"):
        driver.apply(plan)
    driver.close()


@pytest.mark.parametrize("body", ["<response>FAILED</response>", "<response></response>"])
def test_answer_that_is_not_ok(driver: HilinkDriver, faults: Faults, body: str) -> None:
    plan = switch_plan(driver)
    faults.answers = {"<SetDefault>2<": body}
    with pytest.raises(ApplyError, match="instead of OK"):
        driver.apply(plan)


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


# base configuration


def base(*profiles: WanProfile, initial: str = "ktp") -> BaseConfig:
    return BaseConfig("kubu", "192.168.8.1/24", "", "", profiles, initial)


def configure(
    twin: RunningHilink, desired: BaseConfig, *, check: bool = False, **secrets: str
) -> BaseChange:
    given = BaseSecrets("", secrets)
    return configure_base(access(twin), PASSWORD, desired, given, check=check)


def test_base_makes_what_is_missing_and_leaves_the_profile_in_use(
    boot: Callable[..., RunningHilink],
) -> None:
    twin = boot(manner={"new_is_default": True})
    desired = base(INTERNET, KTP)
    told = configure(twin, desired, check=True)
    assert [row["Name"] for row in twin.device.profiles] == ["internet"]
    first = configure(twin, desired)
    assert first == told
    assert first.changed
    assert "profile ktp: absent" in first.before
    twin.wait_attached()
    assert twin.active() == ("internet", True)
    assert twin.radio.attempts[-1][1] == "internet"
    second = configure(twin, desired)
    assert (second.changed, second.commands) == (False, ())
    assert second.before == second.after == first.after


def test_base_puts_the_initial_profile_in_use_on_a_fresh_modem(
    boot: Callable[..., RunningHilink],
) -> None:
    twin = boot(initial={"profile": "Telkomsel", "apn": "internet"})
    assert configure(twin, base(INTERNET, KTP)).changed
    twin.wait_attached()
    assert twin.active() == ("ktp", True)


def test_base_does_not_change_the_values_of_the_profile_in_use(twin: RunningHilink) -> None:
    change = configure(twin, base(profile("internet", "other"), initial="internet"))
    assert not change.changed
    assert twin.device.profiles[0]["ApnName"] == "internet"


def test_base_sends_each_profile_its_own_password(twin: RunningHilink) -> None:
    paid = profile("paid", "corp", auth="pap", username="u")
    with pytest.raises(ConfigError, match=r"vault_apn_passwords\.paid"):
        configure(twin, base(INTERNET, paid, initial="internet"))
    other = profile("other", "corp2", auth="chap", username="v")
    desired = base(INTERNET, paid, other, initial="internet")
    change = configure(twin, desired, paid="pw-1", other="pw-2")
    assert "pw-1" not in repr(change)
    found = {row["Name"]: row["Password"] for row in twin.device.profiles}
    assert found == {"internet": "", "paid": "pw-1", "other": "pw-2"}
