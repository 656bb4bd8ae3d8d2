"""The driver against the twin, over real SSH: what every platform's driver must do."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twin_case import INDOSAT, PASSWORD, TELKOMSEL, access, driver_of, profile

from rekamatan.errors import (
    ApplyError,
    ConfigError,
    DeviceError,
    DeviceLoginError,
    DeviceUnreachableError,
    NotSupportedError,
)
from rekamatan.modems.base import ModemDriver
from rekamatan.modems.registry import open_driver, platforms

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.engine.faults import Faults
    from lab.twins.harness import RunningTwin
    from rekamatan.models import ChangePlan
    from rekamatan.modems.routeros7 import Routeros7Driver

LONG = 600


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


# reading


def test_driver_keeps_the_contract(driver: Routeros7Driver) -> None:
    assert isinstance(driver, ModemDriver)
    assert driver.platform in platforms()


def test_identify(driver: Routeros7Driver) -> None:
    identity = driver.identify()
    assert (identity.platform, identity.version) == ("routeros7", "7.24 (stable)")
    assert identity.serial == "TWIN00000001"


def test_read_state(driver: Routeros7Driver) -> None:
    state = driver.read_state()
    assert (state.profile, state.apn, state.sim_slot) == ("indosat", "indosatgprs", "up")
    assert (state.plmn, state.imsi, state.iccid) == (
        "51001",
        INDOSAT.sim.imsi,
        INDOSAT.sim.iccid,
    )
    assert state.registered
    assert state.wan_ip
    assert state.wan_ip.startswith("10.64.0.")
    assert state.default_route_via == "lte1"
    assert driver.signal().rsrp_dbm == -97.0


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


def test_backup_is_an_export_without_secrets(twin: RunningTwin, driver: Routeros7Driver) -> None:
    twin.console('/interface lte apn add name=x authentication=pap user=u password="pw-in-clear"')
    text = driver.backup()
    assert "/interface lte apn" in text
    assert "pw-in-clear" not in text
    assert "pw-in-clear" not in driver.read_state().raw


# planning


def test_plan_is_empty_when_nothing_differs(driver: Routeros7Driver) -> None:
    plan = driver.render(INDOSAT, driver.read_state(), "run-1")
    assert plan.empty
    assert plan.before == plan.after


def test_plan_shows_the_difference(driver: Routeros7Driver) -> None:
    plan = switch_plan(driver)
    assert plan.commands[1:] == (
        '/interface lte set [find name="lte1"] apn-profiles="telkomsel"',
        '/interface lte settings set sim-slot="down"',
    )
    assert (plan.previous, plan.target) == ("indosat", "telkomsel")
    assert "SIM slot: up" in plan.before
    assert "SIM slot: down" in plan.after


# the switch


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


def test_pending_tells_plan_and_time(driver: Routeros7Driver) -> None:
    driver.arm(switch_plan(driver), LONG)
    pending = driver.pending()
    assert pending is not None
    assert (pending.plan_id, pending.fired) == ("run-1", False)
    assert pending.remaining_s is not None
    assert LONG - 10 < pending.remaining_s <= LONG


def test_arm_again_restarts_the_time(driver: Routeros7Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, 100)
    driver.arm(plan, LONG)
    pending = driver.pending()
    assert pending is not None
    assert pending.remaining_s is not None
    assert pending.remaining_s > 100


def test_second_run_is_not_stacked_on_a_pending_one(driver: Routeros7Driver) -> None:
    driver.arm(switch_plan(driver), LONG)
    with pytest.raises(DeviceError, match="wanrb-run-1"):
        driver.arm(switch_plan(driver, "run-10"), LONG)
    with pytest.raises(DeviceError, match="wanrb-run-1"):
        driver.arm(switch_plan(driver, "run"), LONG)


def test_confirm_is_idempotent(driver: Routeros7Driver) -> None:
    driver.arm(switch_plan(driver), LONG)
    driver.confirm("run-1")
    driver.confirm("run-1")


def test_confirm_leaves_other_scheduler_entries(twin: RunningTwin, driver: Routeros7Driver) -> None:
    twin.console("/system scheduler add name=wanrb-mine interval=1d on-event=keep")
    driver.arm(switch_plan(driver), LONG)
    driver.confirm("run-1")
    assert twin.console(":put [:len [/system scheduler find]]") == "1"


def test_revert_brings_both_back_and_is_idempotent(
    twin: RunningTwin, driver: Routeros7Driver
) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG)
    driver.apply(plan)
    driver.revert(plan)
    settled_on(twin, "indosat", "up")
    assert driver.pending() is None
    driver.revert(plan)
    assert active(twin) == ("indosat", "up")


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


def test_correcting_the_active_profile_can_be_undone(driver: Routeros7Driver) -> None:
    corrected = profile("indosat", "internet", "up")
    plan = driver.render(corrected, driver.read_state(), "run-1")
    driver.arm(plan, LONG)
    driver.apply(plan)
    assert driver.read_state().apn == "internet"
    driver.revert(plan)
    assert driver.read_state().apn == "indosatgprs"


def test_apn_password_is_filled_in_and_never_shown(
    twin: RunningTwin, driver: Routeros7Driver
) -> None:
    wanted = profile("vpnapn", "vpn.telkomsel", "down", auth="pap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    assert "geheim" not in repr(plan)
    driver.apply(plan)
    assert twin.console(':put [/interface lte apn get [find name="vpnapn"] password]') == "geheim$1"
    assert "geheim" not in driver.read_state().raw


def test_apn_password_that_is_missing(driver: Routeros7Driver) -> None:
    wanted = profile("other", "x", "down", auth="chap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    with pytest.raises(ApplyError, match="vault_apn_passwords"):
        driver.apply(plan)


# the timer


def test_timer_fires(twin: RunningTwin, driver: Routeros7Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, 3)
    driver.apply(plan)
    settled_on(twin, "indosat", "up")
    pending = driver.pending()
    assert pending is not None
    assert pending.fired
    with pytest.raises(DeviceError, match="fired before"):
        driver.confirm("run-1")
    driver.revert(plan)
    assert driver.pending() is None


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


@pytest.mark.parametrize("applied", [True, False])
def test_timer_fires_over_a_power_cut(
    twin: RunningTwin, driver: Routeros7Driver, *, applied: bool
) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG)
    if applied:
        driver.apply(plan)
    twin.wait_saved()
    driver.close()
    twin.power_cut()
    twin.boot()
    settled_on(twin, "indosat", "up")
    twin.wait_for(lambda: (found := driver.pending()) is not None and found.fired, "not fired")


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


# trouble on the way


def test_session_lost_while_applying(
    twin: RunningTwin, driver: Routeros7Driver, faults: Faults
) -> None:
    plan = switch_plan(driver)
    faults.hang_up_after = ["apn add", "set .*apn-profiles", "settings set"]
    driver.apply(plan)
    settled_on(twin, "telkomsel", "down")
    assert faults.hang_up_after == []


def test_session_lost_while_reading(driver: Routeros7Driver, faults: Faults) -> None:
    driver.identify()
    faults.hang_up_after = ["monitor"]
    started = time.monotonic()
    with pytest.raises(DeviceUnreachableError):
        driver.read_state()
    assert time.monotonic() - started < 5, "a dead session was waited for"
    assert driver.read_state().profile == "indosat"


def test_login_refused(twin: RunningTwin) -> None:
    driver = driver_of(twin, "wrong-password")
    with pytest.raises(DeviceLoginError, match="refused the password") as caught:
        driver.identify()
    assert "wrong-password" not in str(caught.value)


def test_host_key_changed(twin: RunningTwin) -> None:
    pinned = access(twin)
    twin.power_cut()
    twin.host_key_file.unlink()
    twin.boot()
    driver = open_driver(pinned, PASSWORD, {})
    with pytest.raises(DeviceLoginError, match="another host key"):
        driver.identify()


def test_host_key_of_another_type_than_pinned(twin: RunningTwin) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    other = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    driver = open_driver(access(twin, other), PASSWORD, {})
    with pytest.raises(DeviceLoginError, match="another host key"):
        driver.identify()


def test_no_host_key_pinned(twin: RunningTwin) -> None:
    unpinned = dataclasses.replace(access(twin), host_key="")
    with pytest.raises(ConfigError, match="host_key"):
        open_driver(unpinned, PASSWORD, {}).identify()


def test_modem_off(twin: RunningTwin) -> None:
    pinned = access(twin)
    twin.power_cut()
    with pytest.raises(DeviceUnreachableError, match="has power"):
        open_driver(pinned, PASSWORD, {}).identify()


def test_unknown_platform(twin: RunningTwin) -> None:
    unknown = dataclasses.replace(access(twin), platform="abacus")
    with pytest.raises(ConfigError, match="known are: routeros7"):
        open_driver(unknown, PASSWORD, {})


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


# a device that lies


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


def test_timer_that_never_fires_stays_pending(
    twin: RunningTwin, driver: Routeros7Driver, faults: Faults
) -> None:
    # the driver cannot see it; the server's own deadline, shorter than the modem's, must act
    faults.timers_dead = True
    plan = switch_plan(driver)
    driver.arm(plan, 1)
    driver.apply(plan)
    time.sleep(2.5)  # two intervals of the dead timer, nothing to wait for
    assert active(twin) == ("telkomsel", "down")
    pending = driver.pending()
    assert pending is not None
    assert not pending.fired
    driver.revert(plan)
    settled_on(twin, "indosat", "up")
