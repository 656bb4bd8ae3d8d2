"""When neither profile works: what is tried, in which order, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import DeviceError
from rekamatan.models import ChangePlan, Rollback, SwitchOutcome, SwitchState
from rekamatan.wan.job_sheet import job_sheet
from rekamatan.wan.journal import JOURNAL, decode
from rekamatan.wan.known_good import known_good
from rekamatan.wan.ladder import SPOILED, TRIES
from tests.unit.wan import exploring
from tests.unit.wan import simulation as sim
from tests.unit.wan.scenarios import (
    EXPECTED,
    old_dies_in_the_switch,
    three_bearers,
    three_ways,
    wrong_apn,
)

if TYPE_CHECKING:
    from rekamatan.wan.ports import Ports


def run(world: sim.World) -> SwitchOutcome:
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert world.violations == []
    return last


def tried(last: SwitchOutcome) -> list[tuple[str, str]]:
    return [(step.name, step.result) for step in last.ladder]


def test_a_link_that_works_is_never_touched_by_the_ladder() -> None:
    world = wrong_apn(Rollback.DEVICE)
    last = run(world)
    assert (last.state, last.ladder) == (SwitchState.REVERTED, ())
    assert world.modem.acts == ["arm", "apply", "revert"]


@pytest.mark.parametrize("kind", list(Rollback))
def test_restarting_the_modem_comes_first_and_is_enough(kind: Rollback) -> None:
    world = old_dies_in_the_switch(kind)
    world.modem.heals_on_reset = "indosat"
    last = run(world)
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert tried(last) == [("reset_modem", "worked")]
    assert "reset_modem helped" in last.reason


@pytest.mark.parametrize("kind", list(Rollback))
def test_another_card_is_tried_armed_and_gated_and_becomes_known_good(kind: Rollback) -> None:
    world = three_ways(kind)
    last = run(world)
    assert (last.state, last.active) == (SwitchState.REVERTED, "vsat")
    assert tried(last) == [("reset_modem", "no_help"), ("other_sim:vsat", "worked")]
    assert known_good(world.disk, world.site).profile == "vsat"
    assert world.modem.timer is None
    assert last.gate is not None
    assert last.gate.profile == "vsat"


@pytest.mark.parametrize("kind", list(Rollback))
def test_another_bearer_is_one_where_each_profile_has_its_own(kind: Rollback) -> None:
    last = run(three_bearers(kind))
    assert (last.state, last.active) == (SwitchState.REVERTED, "vsat")
    assert tried(last) == [("reset_modem", "no_help"), ("other_bearer:vsat", "worked")]


def test_the_wanted_profile_may_work_after_all() -> None:
    world = old_dies_in_the_switch(Rollback.DEVICE)
    original = world.modem.reset_modem

    def reset_and_the_carrier_mends_its_apn() -> None:
        original()
        world.links["telkomsel"].attach_s = 10.0

    world.modem.reset_modem = reset_and_the_carrier_mends_its_apn  # type: ignore[method-assign]
    last = run(world)
    assert (last.state, last.active, last.changed) == (SwitchState.COMMITTED, "telkomsel", True)
    assert tried(last)[-1] == ("other_sim:telkomsel", "worked")
    assert known_good(world.disk, world.site).profile == "telkomsel"


class Outlet:
    def __init__(self, world: sim.World, heals: str = "") -> None:
        self._world, self._heals = world, heals

    def cycle(self) -> None:
        self._world.modem.power_cut()
        if self._heals:
            self._world.links[self._heals].path = True


def with_outlet(monkeypatch: pytest.MonkeyPatch, heals: str) -> None:
    original = sim.World.ports

    def ports(self: sim.World) -> Ports:
        return replace(original(self), outlet=Outlet(self, heals))

    monkeypatch.setattr(sim.World, "ports", ports)


def test_the_outlet_is_the_last_thing_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    world = old_dies_in_the_switch(Rollback.DEVICE)
    with_outlet(monkeypatch, "indosat")
    last = run(world)
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert tried(last) == [
        ("reset_modem", "no_help"),
        ("other_sim:telkomsel", "no_help"),
        ("other_bearer", "not_here"),
        ("power_cycle", "worked"),
    ]


def test_what_the_platform_cannot_do_and_what_fails_is_told_apart() -> None:
    world = old_dies_in_the_switch(Rollback.DEVICE)

    def fail() -> None:
        raise DeviceError("modem", "restart", "it refuses")

    world.modem.reset_modem = fail  # type: ignore[method-assign]
    assert tried(run(world))[0] == ("reset_modem", "failed")
    world = old_dies_in_the_switch(Rollback.DEVICE)
    world.modem.reset_modem = None  # type: ignore[method-assign, assignment]
    last = run(world)
    assert tried(last)[0] == ("reset_modem", "not_here")
    assert "no such verb" in last.ladder[0].detail


def test_nothing_helps_is_stranded_with_a_job_sheet_in_both_languages() -> None:
    world = old_dies_in_the_switch(Rollback.DEVICE)
    last = run(world)
    assert (last.state, last.active) == (SwitchState.STRANDED, "indosat")
    assert [name for name, _ in tried(last)] == [
        *("reset_modem", "other_sim:telkomsel", "other_bearer", "power_cycle")
    ]
    assert [state for state, _ in last.steps].count("reverting") == 1
    assert world.modem.profile == "indosat"  # it comes back by itself when the carrier does
    sheets = {lang: job_sheet(world.site, last, lang) for lang in ("id", "en")}  # type: ignore[arg-type]
    assert "LEMBAR KERJA TEKNISI: Kubu (14.07.01)" in sheets["id"]
    assert "menyalakan ulang modem: tidak membantu" in sheets["id"]
    assert "kartu SIM lain telkomsel: tidak membantu" in sheets["id"]
    assert "restart the modem: did not help" in sheets["en"]
    for sheet in sheets.values():
        assert world.site.profiles["telkomsel"].sim.iccid in sheet
        assert last.run_id in sheet
        assert "192.168.101.1" in sheet


@pytest.mark.parametrize("kind", list(Rollback))
@pytest.mark.parametrize("build", [three_ways, old_dies_in_the_switch])
def test_a_fault_at_every_step_of_the_ladder_ends_truly(
    build: exploring.Build, kind: Rollback
) -> None:
    runs, found = exploring.explore(lambda: build(kind))
    assert found == []
    assert runs > 200


def test_a_rung_is_journalled_durably_before_it_is_tried() -> None:
    world = old_dies_in_the_switch(Rollback.DEVICE)
    original, noted = world.modem.reset_modem, []

    def reset() -> None:
        newest = decode(world.disk.durable(JOURNAL)).entries[-1]
        noted.append((newest.state, newest.data))
        original()

    world.modem.reset_modem = reset  # type: ignore[method-assign]
    run(world)
    assert noted == [(SwitchState.REVERTING, {"trying": "reset_modem"})]


@pytest.mark.parametrize(("after", "resets"), [("modem.reset", 2), ("modem.arm", 1)])
def test_after_a_power_cut_only_the_rung_that_was_cut_off_is_tried_again(
    after: str, resets: int
) -> None:
    quiet = old_dies_in_the_switch(Rollback.DEVICE)
    run(quiet)
    reset = quiet.points.index("modem.reset")
    world = old_dies_in_the_switch(Rollback.DEVICE)
    world.fault, world.fault_at = "server", quiet.points.index(after, reset) + 2
    last = sim.live_through(world, sim.filed(world))
    assert last is not None
    assert last.state is SwitchState.STRANDED
    names = [step.name for step in last.ladder]
    assert len(names) == len(set(names))
    assert world.modem.acts.count("reset") == resets


@pytest.mark.parametrize(("cuts", "state"), [(5, "reverted"), (6, "stranded")])
@pytest.mark.parametrize("kind", list(Rollback))
def test_a_try_in_which_the_modem_lost_power_says_nothing_of_the_card(
    cuts: int, state: str, kind: Rollback
) -> None:
    """Five spoiled tries, and the sixth proves the card: more than that nobody waits for."""
    world = three_ways(kind)
    original, left = world.step, [cuts]

    def step(name: str) -> None:
        if name == "gate" and world.modem.profile == "vsat" and left[0]:
            left[0] -= 1
            world.modem.power_cut()
        original(name)

    world.step = step  # type: ignore[method-assign]
    last = sim.live_through(world, sim.filed(world))
    assert last is not None
    assert last.state.value == state
    assert world.modem.timer is None


def test_the_ladder_tries_a_card_more_often_than_a_schedule_has_faults() -> None:
    assert exploring.MOST_FAULTS < TRIES + SPOILED


def test_a_card_that_does_not_work_is_tried_three_times_and_no_more() -> None:
    world = old_dies_in_the_switch(Rollback.DEVICE)
    run(world)
    assert world.modem.acts.count("apply") == 1 + 3


def test_plan_of_the_ladder_never_leaves_the_modem_without_a_way_back() -> None:
    world = three_ways(Rollback.DEVICE)
    original = world.modem.apply

    def apply(plan: ChangePlan) -> None:
        assert world.modem.timer is not None
        original(plan)

    world.modem.apply = apply  # type: ignore[method-assign]
    run(world)


@pytest.mark.parametrize(
    "text",
    [
        # a second try whose way back led to the first
        "both_dead device torn=1 new_dies@14 both@31 both@65 silent@69 jump@84",
        # a rung that had worked, cut off before the run could end on it
        "three_ways server torn=0 silent@31 full@59 both@72 modem@75 silent@103",
        "three_ways device torn=400 jump@27 silent@33 both@62 modem@67",
        # one try of a profile that works, spoiled by the modem's supply
        "good device torn=40 full@23 modem@24 old_dies@59 modem@92 silent@101",
        # killed at the confirm, and the modem's flash did not have it yet
        "old_link_dead device torn=40 jump@11 kill@34 modem@44 new_dies@56",
        # a full disk had the gate after a restart measured again and again
        "clock_jump device torn=40 kill@32 full@33 server@55 full@77 silent@89",
        # left a profile it had confirmed, because the disk did not take the run's last entry
        "good device torn=40 old_dies@10 kill@20 old_dies@41 full@63 new_dies@68",
        # three tries of a card that works, each spoiled by the modem's supply
        "three_ways device torn=1 old_dies@26 modem@50 silent@54 modem@62",
        # a power cut undid the revert, and the gate that followed was not one on the old profile
        "new_dies_after_the_move server torn=1 old_dies@24 old_dies@53 old_dies@59 modem@77",
        "old_dies_beside server torn=1 both@23 new_dies@28 full@47 server@80 modem@109",
    ],
)
def test_schedules_that_the_simulation_once_found_to_end_badly(text: str) -> None:
    schedule = exploring.read_schedule(text)
    assert exploring.live(schedule, EXPECTED[schedule.scenario][0]).violations == []
