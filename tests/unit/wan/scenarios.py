"""Named scenarios: worlds as they are before the switch is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rekamatan.models import ChangePlan, Rollback, Sim, SwitchState
from tests.unit.wan import simulation as sim
from tests.unit.wan.simulated_modem import TwoBearerDevice, TwoBearerServer
from tests.unit.wan.simulated_site import make_site, profile

Build = Callable[[Rollback], sim.World]


def good(kind: Rollback) -> sim.World:
    return sim.World(rollback=kind)


def wrong_apn(kind: Rollback) -> sim.World:
    world = sim.World(rollback=kind)
    world.links["telkomsel"].attach_s = None
    return world


def dead_path(kind: Rollback) -> sim.World:
    world = sim.World(rollback=kind)
    world.links["telkomsel"].path = False
    return world


def swapped_sim(kind: Rollback) -> sim.World:
    world = sim.World(rollback=kind)
    world.links["telkomsel"].card = Sim("down", "8962220000000000999", "510102299999999")
    return world


def old_link_dead(kind: Rollback) -> sim.World:
    """The old carrier is the fault that is being cured."""
    world = sim.World(rollback=kind)
    world.links["indosat"].path = False
    return world


def clock_jump(kind: Rollback) -> sim.World:
    world = sim.World(rollback=kind)
    world.jump_at = world.now + GOOD_GATE_BEGINS_S
    return world


def old_dies_in_the_switch(kind: Rollback) -> sim.World:
    """Wrong APN, and the old carrier is gone when the modem comes back to it."""
    return _old_dies(wrong_apn(kind))


def three_ways(kind: Rollback) -> sim.World:
    """As above, with a third card that works."""
    world = _with_vsat(kind)
    world.links["telkomsel"].attach_s = None
    return _old_dies(world)


def _with_vsat(kind: Rollback) -> sim.World:
    vsat, base = profile("vsat", "third", "33", "51089"), make_site()
    return sim.World(rollback=kind, site=replace(base, profiles=base.profiles | {"vsat": vsat}))


def _old_dies(world: sim.World) -> sim.World:
    original = world.modem.apply

    def apply(plan: ChangePlan) -> None:
        if plan.target == "telkomsel" and world.links["indosat"].path:
            world.carrier_dies("indosat")
        original(plan)

    world.modem.apply = apply  # type: ignore[method-assign]
    return world


def two_bearers(kind: Rollback) -> sim.World:
    """Both are up at once: the new one is tested beside the old one, then the route moves."""
    return _side_by_side(sim.World(rollback=kind))


def _side_by_side(world: sim.World) -> sim.World:
    kind = TwoBearerDevice if world.rollback is Rollback.DEVICE else TwoBearerServer
    world.modem = kind(world)
    return world


def unfit_beside(kind: Rollback) -> sim.World:
    world = two_bearers(kind)
    world.links["telkomsel"].path = False
    return world


def old_dies_beside(kind: Rollback) -> sim.World:
    """The old bearer goes while the new one is tested: the switch is the cure."""
    return _dies_when(two_bearers(kind), "indosat", "beside.decided")


def new_dies_after_the_move(kind: Rollback) -> sim.World:
    return _dies_when(two_bearers(kind), "telkomsel", "modem.applied")


def three_bearers(kind: Rollback) -> sim.World:
    """Both die after the move; a third bearer, up all the time, works."""
    world = _side_by_side(_with_vsat(kind))
    return _dies_when(_dies_when(world, "telkomsel", "modem.applied"), "indosat", "modem.applied")


def _dies_when(world: sim.World, carrier: str, point: str) -> sim.World:
    original = world.step

    def step(name: str) -> None:
        if name == point and world.links[carrier].path:
            world.carrier_dies(carrier)
        original(name)

    world.step = step  # type: ignore[method-assign]
    return world


GOOD_GATE_BEGINS_S = 20.0
EXPECTED: dict[str, tuple[Build, SwitchState]] = {
    "good": (good, SwitchState.COMMITTED),
    "wrong_apn": (wrong_apn, SwitchState.REVERTED),
    "dead_path": (dead_path, SwitchState.REVERTED),
    "swapped_sim": (swapped_sim, SwitchState.REVERTED),
    "old_link_dead": (old_link_dead, SwitchState.COMMITTED),
    "clock_jump": (clock_jump, SwitchState.COMMITTED),
    "both_dead": (old_dies_in_the_switch, SwitchState.STRANDED),
    "three_ways": (three_ways, SwitchState.REVERTED),
    "two_bearers": (two_bearers, SwitchState.COMMITTED),
    "unfit_beside": (unfit_beside, SwitchState.REFUSED),
    "old_dies_beside": (old_dies_beside, SwitchState.COMMITTED),
    "three_bearers": (three_bearers, SwitchState.REVERTED),
    "new_dies_after_the_move": (new_dies_after_the_move, SwitchState.REVERTED),
}
