"""A modem with two SIM slots, under the real NetworkManager: the profile follows its SIM."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from lab.twins.harness import SIMS
from tests.contract.bench import profile, until
from tests.contract.linux_twin import CARD, INDOSAT, READY_S, LinuxTwin, new_gateway
from tests.contract.platforms.linux import BENCH
from tests.contract.suite import LONG_S, RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.twins.engine.faults import Faults
    from rekamatan.modems.linux import LinuxDriver

OTHER_SIM = SIMS["down"]
FIRST = profile("indosat", INDOSAT.apn, SIMS["up"], "1")
SECOND = profile("telkomsel", "internet", OTHER_SIM, "2")
OTHER_CARD = {
    "iccid": OTHER_SIM["iccid"],
    "imsi": OTHER_SIM["imsi"],
    "plmn": OTHER_SIM["plmn"],
    "operator": "Telkomsel",
}
MODEM = {
    "cards": [CARD, OTHER_CARD],
    "apns": {CARD["plmn"]: [FIRST.apn], OTHER_CARD["plmn"]: [SECOND.apn]},
}


@pytest.fixture
def two_slots(faults: Faults) -> Iterator[LinuxTwin]:
    twin = LinuxTwin(new_gateway(MODEM), faults, kept=False)
    twin.gateway.power_on()
    until(lambda: twin.has_modem() and twin.attached, "the first bearer", READY_S)
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
    assert (state.sim_slot, state.iccid, state.plmn) == ("2", SECOND.sim.iccid, OTHER_SIM["plmn"])
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
