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
from tests.contract.twin_case import INDOSAT, PASSWORD, TELKOMSEL, access, driver_of, profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.twins.engine.faults import Faults
    from lab.twins.harness import RunningTwin
    from rekamatan.models import ChangePlan
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


def active(twin: RunningTwin) -> tuple[str, str]:
    """Profile and slot as the device itself has them."""
    name = twin.console(':put [/interface lte get [find name="lte1"] apn-profiles]')
    return name, twin.console(":put [/interface lte settings get sim-slot]")


def switch_plan(driver: RouterosDriver, plan_id: str = "run-1") -> ChangePlan:
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


def test_confirm_leaves_other_scheduler_entries(twin: RunningTwin, driver: RouterosDriver) -> None:
    twin.console("/system scheduler add name=wanrb-mine interval=1d on-event=keep")
    driver.arm(switch_plan(driver), LONG)
    driver.confirm("run-1")
    assert twin.console(":put [:len [/system scheduler find]]") == "1"


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
