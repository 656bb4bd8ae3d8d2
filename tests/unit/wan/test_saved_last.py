"""Modems that keep a change only when it is saved, which is the second half of their confirm.

Cisco IOS (`write memory`) and VyOS (`save`): a timer that is gone is not yet a change that stays.
"""

from __future__ import annotations

import pytest

from rekamatan.errors import ApplyError
from rekamatan.models import Rollback, SwitchState
from tests.unit.wan import simulation as sim
from tests.unit.wan.scenarios import Build, good, three_ways
from tests.unit.wan.simulated_modem import SimulatedModem


class SavedLast(SimulatedModem):
    """What is running and what a power cut brings back differ until the end of the confirm."""

    saved = "indosat"
    full = False

    def confirm(self, plan_id: str) -> None:
        super().confirm(plan_id)
        if self.full:
            raise ApplyError("modem", "save", "startup-config: not enough space")
        self.saved = self.profile
        self._world.step("modem.saved")


def world_of(
    fault: sim.Fault | None = None, point: str = "", build: Build = good
) -> tuple[sim.World, SavedLast]:
    """An office with such a modem; `fault` strikes at the first `point`."""
    world = build(Rollback.DEVICE)
    world.modem.__class__ = SavedLast  # the scenarios change this very object
    modem = world.modem
    assert isinstance(modem, SavedLast)
    if fault is not None:
        quiet, _ = world_of(build=build)
        sim.attempt(quiet, sim.filed(quiet))
        world.fault, world.fault_at = fault, quiet.points.index(point) + 1
    return world, modem


@pytest.mark.parametrize("fault", ["kill", "server"])
def test_a_confirm_cut_short_before_the_saving_is_finished_by_recovery(fault: sim.Fault) -> None:
    world, modem = world_of(fault, "modem.confirmed")
    last = sim.live_through(world, sim.filed(world))
    sim.check_end(world, last)
    assert world.violations == []
    assert last is not None
    assert last.state is SwitchState.COMMITTED
    assert modem.saved == last.active == "telkomsel"


def test_a_change_that_cannot_be_saved_is_not_called_committed() -> None:
    world, modem = world_of()
    modem.full = True
    last = sim.live_through(world, sim.filed(world))
    sim.check_end(world, last)
    assert world.violations == []
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert "not enough space" in last.reason
    assert modem.profile == modem.saved == "indosat"


@pytest.mark.parametrize("fault", ["kill", "server"])
def test_what_the_ladder_found_is_saved_too_when_it_was_cut_short(fault: sim.Fault) -> None:
    world, modem = world_of(fault, "modem.confirmed", build=three_ways)
    last = sim.live_through(world, sim.filed(world))
    sim.check_end(world, last)
    assert world.violations == []
    assert last is not None
    assert modem.saved == last.active == "vsat"
