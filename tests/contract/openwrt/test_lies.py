"""OpenWrt and RutOS that accept and do nothing, or refuse with exit status 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError
from tests.contract.openwrt_case import SLOT, card, driver_of, every, switch_plan

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from tests.contract.openwrt_case import Driver, RunningRouter


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
