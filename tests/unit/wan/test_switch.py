"""What the transaction refuses, what it leaves behind, and how it is asked."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import NotSupportedError, RefusedError
from rekamatan.models import Rollback, SwitchState
from rekamatan.wan import request
from rekamatan.wan.journal import Journal
from rekamatan.wan.known_good import KnownGood, known_good
from rekamatan.wan.outcome import outcome_from_dict
from rekamatan.wan.plan import arm_seconds
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path


UNTOUCHED: list[str] = []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"profile": "smartfren"}, "unknown_profile"),
        ({"change_order": ""}, "no_change_order"),
    ],
)
def test_bad_request_is_refused_untouched(change: dict[str, str], code: str) -> None:
    world = sim.World()
    last = sim.attempt(world, sim.asked_for(world, **change))
    assert last is not None
    assert (last.state, last.changed) == (SwitchState.REFUSED, False)
    assert last.reason.startswith(code)
    assert world.modem.acts == UNTOUCHED


def test_swapped_card_in_the_active_slot_is_refused_untouched() -> None:
    world = sim.World()
    world.links["indosat"].card = world.site.profiles["telkomsel"].sim
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REFUSED, "indosat")
    assert "the card planned for telkomsel" in last.reason
    assert world.modem.acts == UNTOUCHED


def test_capture_that_ends_is_waited_for_and_one_that_does_not_refuses() -> None:
    short = sim.World(captures_until=1060.0)
    assert sim.attempt(short, sim.filed(short)).state is SwitchState.COMMITTED  # type: ignore[union-attr]
    long = sim.World(captures_until=9999.0)
    last = sim.attempt(long, sim.filed(long))
    assert last is not None
    assert last.state is SwitchState.REFUSED
    assert last.reason.startswith("capture_in_progress")
    assert long.modem.acts == UNTOUCHED


def test_server_gives_up_before_the_modem_does() -> None:
    """A gate that passes only just before the modem's timer fires is too late to be confirmed."""
    world = sim.World()
    world.gate.slow_s = {"telkomsel": arm_seconds(world.site.profiles["telkomsel"]) - 20.0}
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert world.modem.acts == ["arm", "apply", "revert"]
    assert world.violations == []


def test_foreign_timer_on_the_modem_refuses() -> None:
    world = sim.World()
    world.modem.timer = ("w0", "indosat", world.now + 500)
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert last.reason.startswith("pending_on_modem")


def test_second_switch_to_the_same_profile_changes_nothing() -> None:
    world = sim.World()
    sim.attempt(world, sim.filed(world))
    acts = list(world.modem.acts)
    last = sim.attempt(world, sim.filed(world, "w20260301-000100-bbbb"))
    assert last is not None
    assert (last.state, last.changed) == (SwitchState.COMMITTED, False)
    assert world.modem.acts == acts


def test_active_but_sick_profile_is_refused_not_called_done() -> None:
    world = sim.World()
    world.links["indosat"].path = False
    last = sim.attempt(world, sim.asked_for(world, profile="indosat"))
    assert last is not None
    assert last.reason.startswith("already_active")
    assert last.state is SwitchState.REFUSED


def test_good_switch_leaves_a_complete_account() -> None:
    world = sim.World()
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert [state for state, _ in last.steps] == [
        *("planned", "preflight", "armed", "applied", "attached", "gated", "confirming"),
        "committed",
    ]
    assert (last.changed, last.active, last.previous) == (True, "telkomsel", "indosat")
    assert last.change_order == "470/12/2026"
    assert last.gate is not None
    assert last.baseline is not None
    assert world.modem.acts == ["arm", "apply", "confirm"]
    written = world.disk.read(f"outcomes/{last.run_id}.json")
    assert outcome_from_dict(json.loads(written or b"")) == last
    assert world.disk.read(f"backups/{last.run_id}.txt") == b"use indosat\n"
    assert known_good(world.disk, world.site) == KnownGood(
        "telkomsel", "indosat", "470/12/2026", last.run_id
    )
    assert world.gate.remembered == ["telkomsel"]


def test_modem_that_cannot_be_armed_is_not_touched() -> None:
    world = sim.World()

    def refuse(*_: object) -> None:
        raise NotSupportedError("modem", "arm", "device-mode forbids the scheduler")

    world.modem.arm = refuse  # type: ignore[method-assign]
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert "device-mode" in last.reason
    assert "apply" not in world.modem.acts


def test_request_that_nobody_took_up_is_not_carried_out_later() -> None:
    world = sim.World()
    old = sim.filed(world)
    world.advance(request.VALID_S + 1)
    last = sim.attempt(world, old)
    assert last is not None
    assert last.reason.startswith("stale_request")
    assert world.modem.acts == UNTOUCHED


def test_confirm_settles_and_answers_under_its_own_number() -> None:
    world = sim.World()
    quiet = sim.World()
    sim.attempt(quiet, sim.filed(quiet))
    world.fault, world.fault_at = "kill", quiet.points.index("modem.confirmed") + 1
    with pytest.raises(sim.KilledError):
        sim.attempt(world, sim.filed(world))
    carry_out(
        world.site, world.ports(), sim.asked_for(world, run_id="w2", kind="confirm", profile="")
    )
    answer = outcome_from_dict(json.loads(world.disk.read("outcomes/w2.json") or b""))
    assert (answer.state, answer.active) == (SwitchState.COMMITTED, "telkomsel")


def test_confirm_with_nothing_open_is_refused() -> None:
    world = sim.World()
    last = sim.attempt(world, sim.asked_for(world, kind="confirm", profile=""))
    assert last is not None
    assert last.reason.startswith("nothing_pending")
    assert world.modem.acts == UNTOUCHED


class TestRequest:
    def test_submit_files_a_request_and_starts_the_unit(self, tmp_path: Path) -> None:
        world, started = sim.World(), []
        run_id = request.submit(
            "switch",
            "telkomsel",
            "470/12",
            root=tmp_path,
            start=lambda: started.append(1),
            clock=world.clock,
        )
        filed = request.filed(tmp_path)
        assert filed is not None
        assert filed.request == SwitchRequest(run_id, "switch", "telkomsel", "470/12")
        assert re.fullmatch(r"[a-z0-9-]{1,24}", run_id)
        assert started == [1]
        assert request.outcome(run_id, root=tmp_path) is None
        assert request.progress(run_id, root=tmp_path, clock=world.clock) is None

    def test_second_submit_is_refused_until_the_first_had_its_chance(self, tmp_path: Path) -> None:
        world = sim.World()

        def submit() -> str:
            return request.submit(
                "switch", "x", "y", root=tmp_path, start=lambda: None, clock=world.clock
            )

        submit()
        with pytest.raises(RefusedError, match="about to start"):
            submit()
        world.advance(request.STARTING_S + 1)
        submit()

    def test_submit_during_a_run_is_refused(self, tmp_path: Path) -> None:
        world = sim.World()
        with (
            request.exclusive(tmp_path),
            pytest.raises(RefusedError, match="another run is active"),
        ):
            request.submit("switch", "x", "y", root=tmp_path, start=lambda: None, clock=world.clock)
        assert request.filed(tmp_path) is None

    def test_progress_tells_the_newest_state(self, tmp_path: Path) -> None:
        world = sim.World()
        journal = Journal(request.DirectoryDisk(tmp_path), world.clock)
        journal.record("w1", SwitchState.PLANNED, {})
        world.advance(12)
        journal.record("w1", SwitchState.ARMED, {})
        world.advance(3)
        found = request.progress("w1", root=tmp_path, clock=world.clock)
        assert found == (SwitchState.ARMED, 15.0)


def test_both_kinds_of_rollback_confirm_what_passed() -> None:
    for kind in Rollback:
        world = sim.World(rollback=kind)
        assert sim.attempt(world, sim.filed(world)).state is SwitchState.COMMITTED  # type: ignore[union-attr]
