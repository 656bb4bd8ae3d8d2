"""What is OpenWrt's and RutOS' own, against their twins over real SSH.

The contract suite runs on ModemManager and RutOS; here proto qmi goes through the same list, and
all three through what only they have: uncommitted changes, the race for the mark, the toggle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from lab.twins.engine.radio import SimCard
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
from tests.contract.openwrt_case import (
    INDOSAT,
    KINDS,
    PASSWORD,
    SIMS,
    TELKOMSEL,
    access,
    boot_router,
    card,
    driver_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.openwrt.streams import Finished, Input
    from rekamatan.models import ChangePlan
    from tests.contract.openwrt_case import Driver, RunningRouter

LONG = 600
Boot = "Callable[..., RunningRouter]"


every = pytest.mark.parametrize("kind", KINDS, indirect=True)


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """What the router is; `every` runs a test on all three."""
    return str(getattr(request, "param", "qmi"))


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def boot(tmp_path: Path, faults: Faults, kind: str) -> Iterator[Callable[..., RunningRouter]]:
    routers = []

    def start(**overrides: object) -> RunningRouter:
        routers.append(boot_router(tmp_path, kind, faults, **overrides))
        return routers[-1]

    yield start
    for router in routers:
        router.close()


@pytest.fixture
def twin(boot: Callable[..., RunningRouter]) -> RunningRouter:
    started = boot()
    started.wait_attached()
    return started


@pytest.fixture
def driver(twin: RunningRouter) -> Iterator[Driver]:
    opened = driver_of(twin)
    yield opened
    opened.close()


def active(twin: RunningRouter) -> tuple[str, str, str]:
    return twin.selected()


OLD, NEW = ("1", "indosatgprs", "indosat"), ("2", "internet", "telkomsel")


def switch_plan(driver: Driver, plan_id: str = "run-1") -> ChangePlan:
    return driver.render(TELKOMSEL, driver.read_state(), plan_id)


def settled_on(twin: RunningRouter, wanted: tuple[str, str, str]) -> None:
    twin.wait_for(lambda: active(twin) == wanted, f"not on {wanted}", within_s=20)
    twin.wait_attached()


# reading


def test_driver_keeps_the_contract(driver: Driver) -> None:
    assert isinstance(driver, ModemDriver)
    assert driver.platform in platforms()


@every
def test_identify(driver: Driver, kind: str) -> None:
    versions = {"modemmanager": "23.05.3", "qmi": "22.03.5", "rutos": "RUTX_R_00.07.06.10"}
    assert driver.identify().version == versions[kind]


def test_unknown_firmware(boot: Callable[..., RunningRouter], kind: str) -> None:
    driver = driver_of(boot(version="RUT9XX_R_00.06.08.6" if kind == "rutos" else "18.06.1"))
    with pytest.raises(NotSupportedError, match="correct platform in site_modem"):
        driver.identify()
    driver.close()


@every
def test_read_state(driver: Driver, kind: str) -> None:
    state = driver.read_state()
    assert (state.profile, state.apn, state.sim_slot) == ("indosat", "indosatgprs", "1")
    assert (state.plmn, state.imsi, state.iccid) == (
        "51001",
        INDOSAT.sim.imsi,
        INDOSAT.sim.iccid,
    )
    assert (state.registered, state.roaming) == (True, False)
    assert state.wan_ip
    assert state.wan_ip.startswith("10.64.0.")
    assert (state.wan_if, state.default_route_via) == ("wwan0", "wwan0")
    strengths = {"modemmanager": -98.0, "qmi": -94.0, "rutos": -90.0}
    assert driver.signal().rsrp_dbm == strengths[kind]


def test_backup_and_raw_are_without_secrets(twin: RunningRouter, driver: Driver) -> None:
    section = twin.section("1")
    for option in ("password", "pincode"):
        twin.console(f"uci set network.{section}.{option}='pw-in-clear'")
    twin.console("uci commit network")
    text = driver.backup()
    assert "config interface 'lan'" in text
    assert "pw-in-clear" not in text
    assert "pw-in-clear" not in driver.read_state().raw


# planning


def test_plan_is_empty_when_nothing_differs(driver: Driver) -> None:
    plan = driver.render(INDOSAT, driver.read_state(), "run-1")
    assert plan.empty
    assert plan.before == plan.after


def test_plan_shows_the_difference(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    section = twin.section("2")
    assert f"uci set network.{section}.apn='internet'" in plan.commands
    assert plan.commands[-1] == f"ifup {section}"
    assert "gsmctl -Y" not in plan.commands  # never blindly
    assert (plan.previous, plan.target) == ("indosat", "telkomsel")
    assert "SIM slot: 1" in plan.before
    assert "SIM slot: 2" in plan.after


# the switch


def test_apply_moves_profile_sim_and_bearer(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG)
    driver.apply(plan)
    settled_on(twin, NEW)
    assert twin.radio.attempts[-1] == (TELKOMSEL.sim.imsi, "internet")
    driver.confirm("run-1")
    assert driver.pending() is None
    state = driver.read_state()
    assert (state.profile, state.plmn) == ("telkomsel", "51010")
    assert driver.render(TELKOMSEL, state, "run-2").empty
    assert twin.device.processes.table() == []
    for path in ("/etc/rekamatan-wan", "/etc/rc.d/S19rekamatan-wan"):
        assert twin.device.files.node(path) is None


@every
def test_apply_twice_sends_nothing_twice(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.apply(plan)
    settled_on(twin, NEW)
    index = twin.device.modem.index
    driver.apply(plan)
    assert active(twin) == NEW
    assert twin.device.modem.index == index, "the SIM was switched again"


def test_pending_tells_plan_and_time(driver: Driver) -> None:
    driver.arm(switch_plan(driver), LONG)
    pending = driver.pending()
    assert pending is not None
    assert (pending.plan_id, pending.fired) == ("run-1", False)
    assert pending.remaining_s is not None
    assert LONG - 30 < pending.remaining_s <= LONG + 1


def test_arm_again_restarts_the_time(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, 4)
    driver.arm(plan, LONG)
    pending = driver.pending()
    assert pending is not None
    assert pending.remaining_s is not None
    assert pending.remaining_s > 100
    driver.apply(plan)
    time.sleep(5)  # longer than the first timer: it must be gone
    assert active(twin) == NEW


def test_second_run_is_not_stacked_on_a_pending_one(driver: Driver) -> None:
    driver.arm(switch_plan(driver), LONG)
    for other in ("run-10", "run"):
        with pytest.raises(DeviceError, match="wanrb-run-1"):
            driver.arm(switch_plan(driver, other), LONG)
    driver.confirm("run-10")  # another run's confirm leaves it
    assert driver.pending() is not None


def test_confirm_is_idempotent(driver: Driver) -> None:
    driver.arm(switch_plan(driver), LONG)
    driver.confirm("run-1")
    driver.confirm("run-1")
    assert driver.pending() is None


def test_revert_brings_both_back_and_is_idempotent(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG)
    driver.apply(plan)
    driver.revert(plan)
    settled_on(twin, OLD)
    assert driver.pending() is None
    driver.revert(plan)
    assert active(twin) == OLD


def test_wrong_apn_stays_registered_without_address(twin: RunningRouter, driver: Driver) -> None:
    wrong = card("telkomsel", "no-such-apn", "2")
    driver.apply(driver.render(wrong, driver.read_state(), "run-1"))
    attempt = (TELKOMSEL.sim.imsi, "no-such-apn")
    twin.wait_for(lambda: attempt in twin.radio.attempts, "no attempt with the new SIM")
    state = driver.read_state()
    assert (state.registered, state.wan_ip, state.default_route_via) == (True, None, None)


def test_correcting_the_active_profile_can_be_undone(driver: Driver) -> None:
    corrected = card("indosat", "internet", "1")
    plan = driver.render(corrected, driver.read_state(), "run-1")
    driver.arm(plan, LONG)
    driver.apply(plan)
    assert driver.read_state().apn == "internet"
    driver.revert(plan)
    assert driver.read_state().apn == "indosatgprs"


def test_apn_password_is_filled_in_and_never_shown(twin: RunningRouter, driver: Driver) -> None:
    wanted = card("vpnapn", "vpn.telkomsel", "2", auth="pap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    assert "geheim" not in repr(plan)
    driver.apply(plan)
    section = twin.section("2")
    assert twin.console(f"uci get network.{section}.password") == "geheim'$1\n"
    assert "geheim" not in driver.read_state().raw
    driver.revert(plan)
    assert "Entry not found" in twin.console(f"uci get network.{section}.password")


def test_apn_password_is_in_no_argument(twin: RunningRouter, driver: Driver) -> None:
    """Arguments show in the router's process list; standard input does not."""
    lines = []
    run = twin.device.run

    async def recording(line: str, stdin: Input | None = None) -> Finished:
        lines.append(line)
        return await run(line, stdin)

    wanted = card("vpnapn", "vpn.telkomsel", "2", auth="pap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    twin.device.run = recording  # type: ignore[method-assign]
    driver.arm(plan, LONG)
    driver.apply(plan)
    assert twin.apn_password(wanted) == "geheim'$1"
    assert "uci batch" in lines
    assert not [line for line in lines if "geheim" in line]


def test_apn_password_that_is_missing(driver: Driver) -> None:
    wanted = card("other", "x", "2", auth="chap", username="kubu")
    plan = driver.render(wanted, driver.read_state(), "run-1")
    with pytest.raises(ApplyError, match="vault_apn_passwords"):
        driver.apply(plan)


# the timer


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
    driver.arm(plan, LONG)
    driver.apply(plan)
    settled_on(twin, NEW)
    twin.power_cut()
    twin.boot()
    settled_on(twin, OLD)
    twin.wait_for(lambda: fired(driver), "no evidence of firing")


def test_confirmed_change_survives_a_power_cut(twin: RunningRouter, driver: Driver) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG)
    driver.apply(plan)
    driver.confirm("run-1")
    twin.power_cut()
    twin.boot()
    settled_on(twin, NEW)
    assert driver.pending() is None


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


# trouble on the way


@pytest.mark.parametrize("command", ["uci batch", "uci commit", "SLOT", "ifup"])
def test_session_lost_while_applying(
    twin: RunningRouter, driver: Driver, faults: Faults, command: str
) -> None:
    plan = switch_plan(driver)
    faults.hang_up_after = [
        "gsmctl -Y|set-primary-sim-slot|uim-switch-slot" if command == "SLOT" else command
    ]
    driver.apply(plan)
    settled_on(twin, NEW)
    assert faults.hang_up_after == []


def test_session_lost_while_reading(driver: Driver, faults: Faults) -> None:
    driver.identify()
    faults.hang_up_after = ["uci show"]
    started = time.monotonic()
    with pytest.raises(DeviceUnreachableError):
        driver.read_state()
    assert time.monotonic() - started < 15, "a dead session was waited for"
    assert driver.read_state().profile == "indosat"


def test_login_refused(twin: RunningRouter) -> None:
    driver = driver_of(twin, "wrong-password")
    with pytest.raises(DeviceLoginError, match="refused the password") as caught:
        driver.identify()
    assert "wrong-password" not in str(caught.value)


def test_host_key_changed(twin: RunningRouter) -> None:
    pinned = access(twin)
    twin.power_cut()
    twin.host_key_file.unlink()
    twin.boot()
    with pytest.raises(DeviceLoginError, match="another host key"):
        open_driver(pinned, PASSWORD, {}).identify()


def test_no_host_key_pinned(twin: RunningRouter) -> None:
    unpinned = dataclasses.replace(access(twin), host_key="")
    with pytest.raises(ConfigError, match="host_key"):
        open_driver(unpinned, PASSWORD, {}).identify()


def test_modem_off(twin: RunningRouter) -> None:
    pinned = access(twin)
    twin.power_cut()
    with pytest.raises(DeviceUnreachableError, match="has power"):
        open_driver(pinned, PASSWORD, {}).identify()


def test_no_sim(boot: Callable[..., RunningRouter]) -> None:
    driver = driver_of(boot(sims={}))
    state = driver.read_state()
    assert state.registered is False
    assert (state.imsi, state.iccid, state.plmn, state.wan_ip) == (None, None, None, None)
    driver.close()


@every
def test_sim_taken_out_and_put_back(twin: RunningRouter, driver: Driver) -> None:
    loop = twin._loop
    loop.call_soon_threadsafe(twin.device.modem.take_sim, "1")
    twin.wait_for(lambda: driver.read_state().registered is False, "still registered")
    loop.call_soon_threadsafe(twin.device.modem.put_sim, "1", SimCard(**SIMS["1"]))
    twin.wait_attached()
    assert driver.read_state().imsi == INDOSAT.sim.imsi


@every
def test_pin_locked(boot: Callable[..., RunningRouter]) -> None:
    twin = boot(pins={"1": "1234"})
    driver = driver_of(twin)
    state = driver.read_state()
    assert (state.registered, state.imsi, state.wan_ip) == (False, None, None)
    assert state.iccid == INDOSAT.sim.iccid
    section = twin.section("1")
    twin.console(f"uci set network.{section}.pincode=1234; uci commit network; ifup {section}")
    twin.wait_attached()
    assert driver.read_state().registered
    driver.close()


def test_restarting_modem_reads_as_unknown(boot: Callable[..., RunningRouter]) -> None:
    twin = boot(absent_seconds=30.0)
    twin.wait_attached()
    twin._loop.call_soon_threadsafe(twin.device.modem.choose_slot, "2")
    twin.wait_for(lambda: twin.device.modem.absent, "not restarting")
    driver = driver_of(twin, patience_s=0.0)
    state = driver.read_state()
    assert (state.registered, state.imsi, state.sim_slot, state.wan_ip) == (None,) * 4
    with pytest.raises(DeviceError):
        driver.render(INDOSAT, state, "run-1")
    driver.close()


def test_board_without_a_slot_to_choose(boot: Callable[..., RunningRouter], kind: str) -> None:
    if kind == "rutos":
        pytest.skip("RutOS always tells a slot")
    twin = boot(slots=1)
    twin.wait_attached()
    driver = driver_of(twin)
    assert driver.read_state().sim_slot is None
    with pytest.raises(NotSupportedError, match="SIM slot 2"):
        switch_plan(driver)
    anywhere = dataclasses.replace(TELKOMSEL, sim=dataclasses.replace(TELKOMSEL.sim, slot=""))
    plan = driver.render(anywhere, driver.read_state(), "run-1")
    driver.arm(plan, LONG)
    driver.apply(plan)
    assert driver.read_state().apn == "internet"
    driver.revert(plan)
    assert driver.read_state().profile == "indosat"
    driver.close()


# a device that lies

SLOT = "gsmctl -Y|set-primary-sim-slot|uim-switch-slot"


def test_error_text_with_exit_status_zero(driver: Driver, faults: Faults) -> None:
    plan = switch_plan(driver)
    faults.answers = {SLOT: "error: modem is busy"}
    with pytest.raises(ApplyError, match="modem is busy"):
        driver.apply(plan)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("uci set .*apn", "uci: Invalid argument"),
        ("uci batch", "uci: I/O error"),
        ("uci commit", "uci: I/O error"),
        ("^ifup", "Command failed: Permission denied"),
    ],
)
def test_refusals_with_exit_status_zero(
    driver: Driver, faults: Faults, line: str, answer: str
) -> None:
    plan = switch_plan(driver)
    faults.answers = {line: answer}
    with pytest.raises(ApplyError, match=answer):
        driver.apply(plan)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("uci set .*apn", "accepted but not applied: .*apn"),
        ("uci batch", "accepted but not applied"),
        ("uci commit", "still uncommitted"),
        (SLOT, "said nothing"),
    ],
)
def test_setting_that_silently_does_nothing(
    driver: Driver, faults: Faults, line: str, reason: str
) -> None:
    plan = switch_plan(driver)
    faults.ignore = [line]
    with pytest.raises(ApplyError, match=reason):
        driver.apply(plan)


@every
def test_slot_change_that_is_acknowledged_and_not_done(twin: RunningRouter, faults: Faults) -> None:
    driver = driver_of(twin, patience_s=3.0)
    plan = switch_plan(driver)
    faults.answers = {SLOT: "OK\nsuccessfully requested primary SIM switch in modem"}
    with pytest.raises(ApplyError, match="accepted but not applied: the SIM slot is 1"):
        driver.apply(plan)
    driver.close()


@pytest.mark.parametrize("line", ["^ifdown", "^ifup"])
def test_interface_that_is_not_started_again(
    twin: RunningRouter, faults: Faults, line: str
) -> None:
    driver = driver_of(twin, patience_s=1.0)
    corrected = card("indosat", "internet", "1")
    plan = driver.render(corrected, driver.read_state(), "run-1")
    faults.ignore = [line]
    with pytest.raises(ApplyError, match=f"run {line[1:]} .*: accepted but not applied"):
        driver.apply(plan)
    driver.close()


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
        driver.arm(plan, LONG)
    faults.ignore = []
    assert driver.pending() is None
    assert active(twin) == OLD
    driver.close()


def test_timer_that_never_fires_is_found_while_arming(twin: RunningRouter, faults: Faults) -> None:
    driver = driver_of(twin, patience_s=3.0)
    faults.timers_dead = True
    with pytest.raises(DeviceError, match="does not wake up"):
        driver.arm(switch_plan(driver), LONG)
    assert driver.pending() is None
    driver.close()


def test_confirm_that_does_not_remove(driver: Driver, faults: Faults) -> None:
    driver.arm(switch_plan(driver), LONG)
    faults.ignore = ["^rm "]
    with pytest.raises(ApplyError, match="still on the modem"):
        driver.confirm("run-1")


# staged and committed


@every
def test_foreign_uncommitted_changes_are_neither_committed_nor_lost(
    twin: RunningRouter, driver: Driver
) -> None:
    plan = switch_plan(driver)
    twin.console("uci set network.lan.ipaddr=192.0.2.1")
    with pytest.raises(DeviceError, match="uncommitted changes"):
        driver.arm(plan, LONG)
    with pytest.raises(DeviceError, match=r"uncommitted changes: lan\.ipaddr"):
        driver.apply(plan)
    assert "192.0.2.1" in twin.console("uci changes network")
    assert "192.0.2.1" not in twin.console("cat /etc/config/network")


@every
def test_own_leftovers_of_a_lost_session_are_taken_back(
    twin: RunningRouter, driver: Driver
) -> None:
    plan = switch_plan(driver)
    section = twin.section("2")
    twin.console(f"uci set network.{section}.apn=half-typed")
    driver.apply(plan)
    settled_on(twin, NEW)
    assert twin.console("uci changes network") == ""


# a toggle


@pytest.mark.parametrize("kind", ["rutos"], indirect=True)
@pytest.mark.parametrize("told", ["Timeout", "N/A", "", "0"])
def test_toggle_is_not_sent_on_an_unknown_slot(
    twin: RunningRouter, faults: Faults, told: str
) -> None:
    driver = driver_of(twin, patience_s=2.0)
    plan = switch_plan(driver)
    faults.answers = {"gsmctl -T": told}
    with pytest.raises(ApplyError, match="did not come back"):
        driver.apply(plan)
    assert (twin.device.modem.slot, twin.device.modem.index) == ("1", 0)
    driver.close()


@pytest.mark.parametrize("kind", ["rutos"], indirect=True)
def test_timer_does_not_toggle_on_an_unknown_slot(
    twin: RunningRouter, driver: Driver, faults: Faults
) -> None:
    plan = switch_plan(driver)
    driver.arm(plan, LONG)
    driver.apply(plan)
    settled_on(twin, NEW)
    faults.answers = {"gsmctl -T": "Timeout"}
    twin.advance(LONG + 1)
    twin.wait_for(lambda: "reverting" in twin.console("logread"), "did not fire")
    time.sleep(2.5)  # more than one look
    assert (twin.device.modem.slot, twin.device.modem.index) == ("2", 1)
    faults.answers = {}
    settled_on(twin, OLD)
    assert twin.device.modem.index == 2


@pytest.mark.parametrize("kind", ["rutos"], indirect=True)
def test_device_that_switches_its_sim_by_itself(twin: RunningRouter, driver: Driver) -> None:
    twin.console("uci set sim_switch.@sim_switch[0].enabled=1; uci commit sim_switch")
    with pytest.raises(DeviceError, match="own SIM switch is on"):
        switch_plan(driver)
