"""Lost links, hung devices, wrong keys, missing SIMs, and devices that lie. For every platform."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import (
    ConfigError,
    DeviceError,
    DeviceLoginError,
    DeviceUnreachableError,
    NotSupportedError,
)
from rekamatan.models import Rollback
from rekamatan.modems.registry import open_driver
from tests.contract.bench import APN_PASSWORD, HUNG_S, WRONG_PASSWORD, Situation, settled
from tests.contract.suite import (
    LONG_S,
    RUN,
    each,
    needs_device_timer,
    needs_ssh,
    skip_unless,
    switch,
)

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin
    from tests.contract.suite import Find


# trouble on the way


def test_link_lost_mid_command(
    bench: Bench, twin: Twin, driver: ModemDriver, faults: Faults
) -> None:
    skip_unless(bench, "link")
    plan = switch(bench, driver)
    if driver.rollback is Rollback.DEVICE:
        driver.arm(plan, LONG_S)
    faults.hang_up_after = list(bench.switching)
    driver.apply(plan)
    settled(twin, bench.away)
    assert faults.hang_up_after == [], "the bench names a command that was not sent"


def test_link_lost_while_reading(bench: Bench, driver: ModemDriver, faults: Faults) -> None:
    skip_unless(bench, "link")
    driver.identify()
    faults.hang_up_after = [bench.reading]
    started = time.monotonic()
    with pytest.raises(DeviceUnreachableError):
        driver.read_state()
    assert time.monotonic() - started < 10, "a dead session was waited for"
    assert driver.read_state().profile == bench.home.name


def test_hung_device(
    bench: Bench, driver: ModemDriver, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_unless(bench, "link")
    bench.hurry(monkeypatch)
    driver.identify()
    faults.hang = [bench.reading]
    started = time.monotonic()
    with pytest.raises(DeviceUnreachableError):
        driver.read_state()
    assert time.monotonic() - started < 10 * HUNG_S
    faults.hang = []
    assert driver.read_state().profile == bench.home.name


@each(lambda bench: bench.busy.items())
def test_device_busy(
    bench: Bench, entry: tuple[str, str], twin: Twin, driver: ModemDriver, faults: Faults
) -> None:
    pattern, words = entry
    plan = switch(bench, driver)
    faults.answers = {pattern: words}
    with pytest.raises(DeviceError):
        driver.apply(plan)
    assert not (twin.is_on(bench.away) and twin.attached)
    faults.answers = {}
    driver.apply(plan)
    settled(twin, bench.away)


def test_login_refused(bench: Bench, twin: Twin) -> None:
    skip_unless(bench, "login")
    driver = bench.driver(twin, WRONG_PASSWORD)
    with pytest.raises(DeviceLoginError) as caught:
        driver.read_state()
    driver.close()
    assert WRONG_PASSWORD not in str(caught.value)
    assert caught.value.hint


def test_host_key_changed(bench: Bench, twin: Twin) -> None:
    needs_ssh(bench)
    pinned = bench.access(twin)
    twin.change_host_key()
    driver = bench.connect(pinned, bench.password, {})
    with pytest.raises(DeviceLoginError, match="another host key"):
        driver.identify()


def test_no_host_key_pinned(bench: Bench, twin: Twin) -> None:
    needs_ssh(bench)
    unpinned = dataclasses.replace(bench.access(twin), host_key="")
    with pytest.raises(ConfigError, match="host_key"):
        bench.connect(unpinned, bench.password, {}).identify()


def test_modem_off(bench: Bench, twin: Twin) -> None:
    skip_unless(bench, "link")
    access = bench.access(twin)
    twin.power_cut()
    driver = open_driver(access, bench.password, {})
    with pytest.raises(DeviceUnreachableError) as caught:
        driver.identify()
    assert caught.value.hint


def test_unknown_firmware(bench: Bench, find: Find) -> None:
    skip_unless(bench, Situation.UNKNOWN_FIRMWARE)
    twin, driver = find(Situation.UNKNOWN_FIRMWARE)
    before = twin.shown()
    with pytest.raises(NotSupportedError) as caught:
        driver.identify()
    assert caught.value.hint
    assert twin.shown() == before


def test_no_sim(bench: Bench, find: Find) -> None:
    skip_unless(bench, Situation.NO_SIM)
    _, driver = find(Situation.NO_SIM)
    state = driver.read_state()
    assert state.registered is False
    assert (state.imsi, state.iccid, state.plmn, state.wan_ip) == (None, None, None, None)


def test_pin_locked(bench: Bench, find: Find) -> None:
    skip_unless(bench, Situation.PIN_LOCKED)
    _, driver = find(Situation.PIN_LOCKED)
    state = driver.read_state()
    assert state.registered is False
    assert state.wan_ip is None
    assert re.search(r"\b(?:pin|puk)\b", state.raw, re.IGNORECASE), "the evidence does not say why"


def test_restarting_modem_is_not_planned_on(bench: Bench, find: Find) -> None:
    skip_unless(bench, Situation.RESTARTING)
    _, driver = find(Situation.RESTARTING)
    state = driver.read_state()
    assert state.registered is not True
    assert state.wan_ip is None
    with pytest.raises(DeviceError) as caught:
        driver.render(bench.away, state, RUN)
    assert caught.value.hint


# a device that lies


@each(lambda bench: bench.refusals.items())
def test_error_text_with_exit_status_zero(
    bench: Bench, entry: tuple[str, str], driver: ModemDriver, faults: Faults
) -> None:
    pattern, words = entry
    plan = switch(bench, driver)
    faults.answers = {pattern: words}
    with pytest.raises(DeviceError) as caught:
        driver.apply(plan)
    assert caught.value.reason
    assert APN_PASSWORD not in str(caught.value)


@each(lambda bench: bench.switching)
def test_setting_that_silently_does_nothing(
    bench: Bench, entry: str, driver: ModemDriver, faults: Faults
) -> None:
    plan = switch(bench, driver)
    faults.ignore = [entry]
    with pytest.raises(DeviceError):
        driver.apply(plan)


@each(lambda bench: bench.arming)
def test_timer_that_is_not_whole(
    bench: Bench, entry: str, twin: Twin, driver: ModemDriver, faults: Faults
) -> None:
    faults.ignore = [entry]
    with pytest.raises(DeviceError):
        driver.arm(switch(bench, driver), LONG_S)
    faults.ignore = []
    assert driver.pending() is None, "half a timer stayed on the device"
    assert twin.is_on(bench.home)


@each(lambda bench: bench.confirming)
def test_confirm_that_does_not_remove(
    bench: Bench, entry: str, driver: ModemDriver, faults: Faults
) -> None:
    driver.arm(switch(bench, driver), LONG_S)
    faults.ignore = [entry]
    with pytest.raises(DeviceError):
        driver.confirm(RUN)


def test_timer_that_never_fires_is_never_called_fired(
    bench: Bench, twin: Twin, driver: ModemDriver, faults: Faults
) -> None:
    # best is a driver that finds it while arming; else the server's own, shorter deadline must act
    needs_device_timer(bench)
    faults.timers_dead = True
    plan = switch(bench, driver)
    try:
        driver.arm(plan, bench.timer_s)
    except DeviceError:
        assert driver.pending() is None
        assert twin.is_on(bench.home)
        return
    driver.apply(plan)
    twin.advance(bench.timer_s + 1)
    settled(twin, bench.away)
    pending = driver.pending()
    assert pending is not None
    assert not pending.fired
    driver.revert(plan)
    settled(twin, bench.home)
    assert driver.pending() is None


def test_unknown_platform_is_named(bench: Bench, twin: Twin) -> None:
    unknown = dataclasses.replace(bench.access(twin), platform="abacus")
    with pytest.raises(ConfigError, match=f"known are: .*{bench.platform}"):
        open_driver(unknown, bench.password, {})
