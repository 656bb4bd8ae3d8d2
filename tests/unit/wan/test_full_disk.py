"""A full disk never keeps an office from a link that works."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from rekamatan.models import ChangePlan, Rollback, SwitchState
from rekamatan.wan import recover
from rekamatan.wan.journal import JOURNAL, Journal
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from rekamatan.models import GateResult


def test_full_disk_after_the_confirm_does_not_undo_a_link_that_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = sim.World()

    def full(_: GateResult) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(world.gate, "remember", full)
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert (last.state, last.active) == (SwitchState.COMMITTED, "telkomsel")


def test_disk_that_fills_up_after_arming_leads_back() -> None:
    world = sim.World()
    original = world.modem.arm

    def arm_and_fill(plan: ChangePlan, seconds: int) -> None:
        original(plan, seconds)
        world.disk.full = True

    world.modem.arm = arm_and_fill  # type: ignore[method-assign]
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert "No space left" in last.reason
    assert world.modem.timer is None
    world.disk.full = False
    assert sim.attempt(world, sim.filed(world)).state is SwitchState.REVERTED  # type: ignore[union-attr]
    assert not world.disk.durably_open()


@pytest.mark.parametrize("kind", list(Rollback))
def test_lost_end_of_the_journal_on_a_full_disk_still_leads_back(kind: Rollback) -> None:
    """Nothing can be written of it: the link comes first, the account when there is room."""
    world = sim.World(rollback=kind)
    world.modem.profile = "telkomsel"  # applied by the run whose steps cannot be read
    if kind is Rollback.DEVICE:
        world.modem.timer = ("w9", "indosat", world.now + 120.0)
    world.disk.write(JOURNAL, b"x" * 40 + b"\n")
    world.disk.sync(JOURNAL)
    world.disk.sync_directory(JOURNAL)
    world.disk.full = True
    asked = sim.asked_for(world, kind="confirm", profile="")
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert "journal_damaged" in last.reason
    assert "No space left" in last.reason
    assert (world.modem.profile, world.modem.timer) == ("indosat", None)


def test_while_the_disk_stays_full_each_start_leaves_a_link_in_place_alone() -> None:
    world = sim.World()
    world.disk.write(JOURNAL, b"x" * 40 + b"\n")
    world.disk.full = True
    for _ in range(3):
        assert settled(world) is None
    assert (world.modem.acts, world.gate.taken) == ([], [])
    world.disk.full = False
    assert settled(world) is SwitchState.REVERTED
    assert Journal(world.disk, world.clock).end_lost is False
    assert settled(world) is None


def settled(world: sim.World) -> SwitchState | None:
    found = recover.settle(world.site, world.ports(), Journal(world.disk, world.clock))
    return found.state if found else None
