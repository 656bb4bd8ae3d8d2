"""Every interruption point of every scenario, with every fault, ends on a working link."""

from __future__ import annotations

import random

import pytest

from rekamatan.models import ChangePlan, PendingRollback, Rollback, SwitchState
from rekamatan.wan.attach import live
from tests.unit.wan import exploring
from tests.unit.wan import simulation as sim
from tests.unit.wan.scenarios import EXPECTED, good, old_link_dead, wrong_apn


@pytest.mark.parametrize("kind", list(Rollback))
@pytest.mark.parametrize("name", list(EXPECTED))
def test_undisturbed_run_ends_as_expected(name: str, kind: Rollback) -> None:
    build, expected = EXPECTED[name]
    world = build(kind)
    last = sim.live_through(world, sim.filed(world))
    sim.check_end(world, last)
    assert last is not None
    assert (last.state, world.violations) == (expected, [])


@pytest.mark.parametrize("kind", list(Rollback))
@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_fault_at_every_step_ends_on_a_working_link(name: str, kind: Rollback) -> None:
    runs, found = exploring.explore(lambda: EXPECTED[name][0](kind))
    assert found == []
    acted = EXPECTED[name][1] is not SwitchState.REFUSED
    assert runs > (150 if acted else 80)  # the explorer has really been at every step


def test_supply_that_flaps_during_recovery_is_survived() -> None:
    choose = random.Random(20260301)  # noqa: S311 - a seed that repeats, not a secret
    for _ in range(200):
        world = choose.choice([good, wrong_apn])(choose.choice(list(Rollback)))
        world.fault, world.fault_at = choose.choice(sim.FAULTS), choose.randint(1, 60)
        asked = sim.filed(world)
        with_first = world.fault_at
        try:
            sim.attempt(world, asked)
        except sim.KilledError:
            world.reboot_server()
        world.fault = choose.choice(sim.FAULTS)
        world.fault_at = len(world.points) + choose.randint(1, 20)
        sim.check_end(world, sim.live_through(world, asked))
        assert world.violations == [], (with_first, world.fault, world.fault_at)


def test_modem_alone_returns_when_the_server_never_comes_back() -> None:
    world = wrong_apn(Rollback.DEVICE)
    world.fault, world.fault_at = "server", _point(wrong_apn, "modem.applied")
    with pytest.raises(sim.KilledError):
        sim.attempt(world, sim.filed(world))
    assert world.modem.profile == "telkomsel"
    world.advance(400.0)
    assert (world.modem.profile, world.modem.timer) == ("indosat", None)
    assert world.modem.works()


def test_server_alone_returns_when_the_timer_was_disabled_by_hand() -> None:
    world = wrong_apn(Rollback.DEVICE)
    world.fault, world.fault_at = "server", _point(wrong_apn, "modem.applied")
    asked = sim.filed(world)
    with pytest.raises(sim.KilledError):
        sim.attempt(world, asked)
    world.modem.timer = None
    world.reboot_server()
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert world.modem.works()


def test_rollback_to_a_link_that_was_already_dead_is_reverted_not_stranded() -> None:
    world = old_link_dead(Rollback.DEVICE)
    world.links["telkomsel"].path = False
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert last.state is SwitchState.REVERTED


def test_old_link_that_breaks_during_the_switch_is_stranded_and_says_so() -> None:
    world = wrong_apn(Rollback.DEVICE)
    original = world.modem.apply

    def apply_and_cut_the_old_carrier(plan: ChangePlan) -> None:
        original(plan)
        world.links["indosat"].path = False

    world.modem.apply = apply_and_cut_the_old_carrier  # type: ignore[method-assign]
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert last.state is SwitchState.STRANDED
    assert "does not work" in last.reason


def test_silent_modem_is_unknown_until_it_answers() -> None:
    world = wrong_apn(Rollback.DEVICE)
    original = world.modem.apply

    def apply_and_fall_silent(plan: ChangePlan) -> None:
        original(plan)
        world.modem.silent_until = world.now + 1500.0

    world.modem.apply = apply_and_fall_silent  # type: ignore[method-assign]
    asked = sim.filed(world)
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTING, None)
    world.advance(1500.0)
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")


@pytest.mark.parametrize(("seconds", "card"), [(5.0, True), (0.5, False)])
def test_what_the_modem_shows_of_the_old_bearer_is_not_taken_for_the_new_one(
    seconds: float,
    card: bool,  # noqa: FBT001 - a case
) -> None:
    world = good(Rollback.DEVICE)
    world.modem.old_bearer_s, world.modem.old_card_shown = seconds, card
    world.links["telkomsel"].attach_s = 20.0  # longer than a gate that was begun too early
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert last.state is SwitchState.COMMITTED, last.reason


def test_link_that_broke_after_its_gate_is_not_confirmed_by_recovery() -> None:
    world = good(Rollback.DEVICE)
    world.fault, world.fault_at = "kill", _point(good, "modem.confirm")
    asked = sim.filed(world)
    with pytest.raises(sim.KilledError):
        sim.attempt(world, asked)
    assert world.modem.timer is not None
    world.links["telkomsel"].path = False
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        (None, False),
        (PendingRollback("w1", 100.0), True),
        (PendingRollback("w0", 100.0), True),
        (PendingRollback("w0", None, fired=True), False),
        (PendingRollback("w1", None, fired=True), True),  # it may fire again
    ],
)
def test_live(pending: PendingRollback | None, expected: bool) -> None:  # noqa: FBT001 - a case
    assert live(pending, "w1") is expected


def _point(build: object, name: str) -> int:
    world = build(Rollback.DEVICE)  # type: ignore[operator]
    sim.attempt(world, sim.filed(world))
    return int(world.points.index(name)) + 1
