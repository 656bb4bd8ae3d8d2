"""A modem with two SIM slots, under the real NetworkManager: the profile follows its SIM."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.contract.bench import Situation, until
from tests.contract.linux_machines import FIRST_SLOT, SECOND_SLOT
from tests.contract.linux_twin import READY_S, LinuxTwin
from tests.contract.platforms.linux import BENCH
from tests.contract.suite import LONG_S, RUN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.modems.linux import LinuxDriver

FIRST, SECOND = FIRST_SLOT, SECOND_SLOT


@pytest.fixture
def two_slots(tmp_path: Path, faults: Faults) -> Iterator[LinuxTwin]:
    twin = LinuxTwin.with_slots(tmp_path, Situation.NORMAL, faults)
    yield twin
    twin.close()


@pytest.fixture
def driver(two_slots: LinuxTwin) -> Iterator[LinuxDriver]:
    opened = cast("LinuxDriver", BENCH.driver(two_slots))
    yield opened
    opened.close()


def slot_of(twin: LinuxTwin) -> int:
    return int(twin.gateway.seen()["slot"])


def test_switch_moves_to_the_other_card_and_back(two_slots: LinuxTwin, driver: LinuxDriver) -> None:
    state = driver.read_state()
    assert (state.sim_slot, state.iccid) == ("1", FIRST.sim.iccid)
    plan = driver.render(SECOND, state, RUN)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    until(lambda: two_slots.is_on(SECOND) and two_slots.attached, "the other card", READY_S)
    state = driver.read_state()
    assert (state.sim_slot, state.iccid, state.plmn) == ("2", SECOND.sim.iccid, SECOND.plmns[0])
    assert driver.render(SECOND, state, "run-2").empty
    driver.revert(plan)
    until(lambda: two_slots.is_on(FIRST) and two_slots.attached, "the first card", READY_S)
    assert slot_of(two_slots) == 1
    assert driver.pending() is None


def test_timer_brings_the_first_card_back(two_slots: LinuxTwin, driver: LinuxDriver) -> None:
    plan = driver.render(SECOND, driver.read_state(), RUN)
    driver.arm(plan, 2 * BENCH.timer_s)
    driver.apply(plan)
    until(lambda: slot_of(two_slots) == int(SECOND.sim.slot), "the other slot", READY_S)
    until(lambda: slot_of(two_slots) == 1, "the first slot", READY_S)
    until(lambda: two_slots.is_on(FIRST) and two_slots.attached, "the first card", READY_S)
