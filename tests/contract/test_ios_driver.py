"""What is Cisco's own: profiles in the configuration, the startup configuration, two timers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, ConfigError, DeviceError
from rekamatan.modems.ios import IosDriver
from rekamatan.modems.registry import open_driver
from tests.contract.bench import APN_PASSWORD, profile, settled, until
from tests.contract.booting import booting_with_driver
from tests.contract.platforms.ios import BENCH, INDOSAT, PAID, TELKOMSEL, IosTwin
from tests.contract.suite import LONG_S, switch, switched
from tests.contract.test_ios_twin import PASSWORDS, stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., tuple[IosTwin, IosDriver]]]:
    with booting_with_driver(partial(IosTwin, tmp_path, faults), BENCH, IosDriver) as start:
        yield start


def test_profiles_in_the_configuration(boot: Callable[..., tuple[IosTwin, IosDriver]]) -> None:
    twin, driver = boot(keeps="config")
    plan = driver.render(PAID, driver.read_state(), "run-1")
    assert any(command.startswith("profile id 2 apn vpn.telkomsel") for command in plan.commands)
    assert not any("lte profile create" in command for command in plan.commands)
    assert driver.render(INDOSAT, driver.read_state(), "run-1").empty
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    until(lambda: twin.is_on(PAID), "on the other carrier")
    assert twin.apn_password(PAID) == APN_PASSWORD
    assert APN_PASSWORD not in driver.backup()
    twin.advance(LONG_S + 1)
    settled(twin, INDOSAT)
    assert "vpn.telkomsel" not in twin.console("show running-config")


def test_password_that_cannot_be_read_back_is_sent_whatever_is_there(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    twin, driver = boot()
    plan = driver.render(PAID, driver.read_state(), "run-1")
    driver.apply(plan)
    until(lambda: twin.is_on(PAID), "on the other carrier")
    twin.forget_apn_password(PAID)
    driver.apply(plan)
    assert twin.apn_password(PAID) == APN_PASSWORD


def test_old_profile_stays_in_the_modem(boot: Callable[..., tuple[IosTwin, IosDriver]]) -> None:
    # what is in the modem's memory no rollback brings back, so it is not overwritten
    twin, driver = boot()
    for wanted in (TELKOMSEL, profile("indosat", "corrected", {**_card(INDOSAT)}, "0")):
        plan = driver.render(wanted, driver.read_state(), "run-1")
        driver.apply(plan)
        until(lambda wanted=wanted: twin.is_on(wanted), "applied")  # type: ignore[misc]
        assert twin.device.profiles()["1"]["apn"] == "indosatgprs"


def _card(planned: object) -> dict[str, str]:
    sim = getattr(planned, "sim")  # noqa: B009 - a plain record
    return {"iccid": sim.iccid, "imsi": sim.imsi, "plmn": "51001"}


def test_arm_is_refused_when_a_reload_would_bring_something_else(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    twin, driver = boot()
    with stock(twin, "cisco_ios") as client:
        client.send_config_set(
            ["controller Cellular 0/2/0", "lte sim data-profile 9 attach-profile 9 slot 1"]
        )
    plan = switch(BENCH, driver)
    before = twin.shown()
    with pytest.raises(DeviceError, match="startup configuration has other cellular settings"):
        driver.arm(plan, LONG_S)
    assert twin.shown() == before
    twin.console("write memory")
    driver.arm(plan, LONG_S)


def test_rollback_of_somebody_else_is_not_stacked_on(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    twin, driver = boot()
    with stock(twin, "cisco_ios") as client:
        client.config_mode(config_command="configure terminal revert timer 30")
    pending = driver.pending()
    assert pending is not None
    assert pending.plan_id == "of user rekamatan"
    plan = switch(BENCH, driver)
    for act in (lambda: driver.arm(plan, LONG_S), lambda: driver.confirm("run-1")):
        with pytest.raises(DeviceError, match="of user rekamatan"):
            act()
    assert twin.device.revert is not None


def test_revert_timer_alone_still_brings_the_configuration_back(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    # the applet is gone or broken: half a way back, which the server's revert completes
    twin, driver = boot()
    plan = switched(BENCH, twin, driver, 60)
    twin.device.alarms.cancel("applet wanrb-run-1")
    twin.advance(121)
    until(lambda: twin.device.revert is None, "rolled back")
    pending = driver.pending()
    assert pending is not None
    assert pending.fired
    assert driver.read_state().profile not in {"indosat", "telkomsel"}, "neither is true"
    driver.revert(plan)
    settled(twin, INDOSAT)
    assert driver.pending() is None


def test_applet_does_nothing_after_the_confirm(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    # killed between `configure confirm` and tidying up: the applet still counts down
    twin, driver = boot()
    switched(BENCH, twin, driver, 60)
    twin.console("configure confirm")
    assert driver.pending() is None
    twin.advance(61)
    until(lambda: twin.device.alarms.at("applet wanrb-run-1") is None, "the applet ran")
    settled(twin, TELKOMSEL)
    driver.confirm("run-1")
    assert "wanrb" not in twin.console("show running-config")
    assert "telkomsel" in twin.console("show startup-config")


def test_confirm_after_a_restart_says_that_the_change_is_gone(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    twin, driver = boot()
    plan = switch(BENCH, driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    driver.close()
    twin.power_cut()
    twin.boot()
    with pytest.raises(DeviceError, match="fired before, or it restarted"):
        driver.confirm("run-1")


def test_nothing_is_put_back_while_a_reload_would_bring_something_else(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    """The timer's way back is the startup configuration: it must be the one that is left."""
    twin, driver = boot()
    text = driver.backup()
    twin.configure("ip name-server 192.0.2.53", write=False)
    before = twin.shown()
    with pytest.raises(DeviceError, match="startup configuration is not the running one"):
        driver.restore_plan(text, "indosat", "run-1")
    assert twin.shown() == before
    twin.console("write memory")
    assert not driver.restore_plan(text, "indosat", "run-1").empty


def test_reader_sees_and_cannot_move(boot: Callable[..., tuple[IosTwin, IosDriver]]) -> None:
    twin, driver = boot()
    driver.arm(driver.render(TELKOMSEL, driver.read_state(), "run-9"), LONG_S)
    reader = open_driver(BENCH.access(twin), PASSWORDS["rekamatan-read"], {}, read_only=True)
    state = reader.read_state()
    assert state.profile == "indosat"
    assert "end" in twin.console("show running-config", "rekamatan-read")
    assert "hostname" not in twin.console("show running-config", "rekamatan-read")
    assert reader.render(INDOSAT, state, "run-1").empty
    plan = reader.render(TELKOMSEL, state, "run-1")
    with pytest.raises(ApplyError, match="Invalid input"):
        reader.apply(plan)
    pending = reader.pending()
    reader.close()
    assert pending is not None
    assert pending.plan_id == "run-9"
    assert twin.is_on(INDOSAT)


@pytest.mark.parametrize("apn", ["in ternet", "inter?net", 'inter"net', "inter|net"])
def test_value_that_a_command_line_cannot_carry(
    boot: Callable[..., tuple[IosTwin, IosDriver]], apn: str
) -> None:
    _, driver = boot()
    wanted = profile("telkomsel", apn, _card(TELKOMSEL), "1")
    with pytest.raises(ConfigError, match="IOS cannot take"):
        driver.render(wanted, driver.read_state(), "run-1")


def test_password_that_a_command_line_cannot_carry(
    boot: Callable[..., tuple[IosTwin, IosDriver]],
) -> None:
    twin, driver = boot()
    plan = driver.render(PAID, driver.read_state(), "run-1")
    other = BENCH.connect(BENCH.access(twin), BENCH.password, {"paid": "with blank"})
    with pytest.raises(ApplyError, match="character IOS cannot take") as caught:
        other.apply(plan)
    other.close()
    assert "with blank" not in str(caught.value)
