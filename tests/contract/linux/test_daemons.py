"""NetworkManager and ModemManager die or restart inside the window; the way back is not theirs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.bench import settled, until
from tests.contract.linux_machines import INDOSAT, OTHER
from tests.contract.platforms.linux import BENCH
from tests.contract.suite import LONG_S, RUN, switch

if TYPE_CHECKING:
    from rekamatan.modems.linux import LinuxDriver
    from tests.contract.linux_twin import LinuxTwin

BACK_S = 90.0


def back_home(gateway: LinuxTwin) -> None:
    until(lambda: gateway.is_on(INDOSAT) and gateway.attached, "back on the old profile", BACK_S)


def has_fired(driver: LinuxDriver) -> bool:
    pending = driver.pending()
    return pending is not None and pending.fired


@pytest.mark.parametrize(
    "mishap",
    [
        ("systemctl", "kill", "--signal=KILL", "NetworkManager"),
        ("systemctl", "stop", "NetworkManager"),
        ("systemctl", "restart", "NetworkManager"),
        ("systemctl", "restart", "ModemManager"),
        ("systemctl", "stop", "ModemManager"),
    ],
    ids=" ".join,
)
def test_timer_fires_whatever_happened_to_the_daemons(
    gateway: LinuxTwin, driver: LinuxDriver, mishap: tuple[str, ...]
) -> None:
    plan = switch(BENCH, driver)
    driver.arm(plan, BENCH.timer_s)
    driver.apply(plan)
    settled(gateway, OTHER)
    gateway.gateway.inside(*mishap)
    time.sleep(BENCH.timer_s)
    back_home(gateway)
    until(lambda: has_fired(driver), "fired", BACK_S)


def test_confirmed_change_survives_the_restart_of_both(
    gateway: LinuxTwin, driver: LinuxDriver
) -> None:
    plan = switch(BENCH, driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    settled(gateway, OTHER)
    driver.confirm(RUN)
    gateway.gateway.inside("systemctl", "restart", "ModemManager", "NetworkManager")
    until(lambda: gateway.is_on(OTHER) and gateway.attached, "the new profile again", BACK_S)


def test_live_timer_survives_a_reload_of_systemd(gateway: LinuxTwin, driver: LinuxDriver) -> None:
    plan = switch(BENCH, driver)
    driver.arm(plan, BENCH.timer_s)
    driver.apply(plan)
    gateway.gateway.inside("systemctl", "daemon-reexec")
    time.sleep(BENCH.timer_s)
    back_home(gateway)


def test_bearer_that_the_network_drops_comes_back(gateway: LinuxTwin, driver: LinuxDriver) -> None:
    before = gateway.gaps
    gateway.gateway.stick("lose")
    until(lambda: gateway.gaps > before and gateway.attached, "the bearer again", BACK_S)
    assert driver.read_state().profile == INDOSAT.name
