"""Rollback on demand: where it goes, under whose order, and what pressing twice does."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan import cli
from rekamatan.models import Rollback, SwitchOutcome, SwitchState
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.known_good import KnownGood, keep_known_good, known_good, rollback_target
from rekamatan.wan.order import ChangeOrder, order_text
from rekamatan.wan.order_signature import sign
from rekamatan.wan.outcome import outcome_from_dict
from rekamatan.wan.service import carry_out
from tests.unit.wan import simulation as sim
from tests.unit.wan.simulated_site import make_site, profile

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import ChangePlan, Site
    from rekamatan.wan.request import Filed


def rollback(world: sim.World, run_id: str, **change: str) -> Filed:
    given = {"kind": "rollback", "profile": "", "change_order": ""} | change
    return sim.asked_for(world, run_id=run_id, **given)


def answer(world: sim.World, run_id: str) -> SwitchOutcome | None:
    content = world.disk.read(f"outcomes/{run_id}.json")
    return outcome_from_dict(json.loads(content)) if content else None


def test_rollback_returns_once_and_pressing_twice_does_no_harm() -> None:
    world = sim.World()
    sim.attempt(world, sim.filed(world))
    back = sim.asked_for(world, run_id="w2", kind="rollback", profile="", change_order="")
    last = sim.attempt(world, back)
    assert last is not None
    assert (last.state, last.active, last.changed) == (SwitchState.COMMITTED, "indosat", True)
    assert last.change_order == "470/12/2026"  # the order of the switch it undoes
    again = sim.asked_for(world, run_id="w3", kind="rollback", profile="", change_order="")
    last = sim.attempt(world, again)
    assert last is not None
    assert (last.active, last.changed) == ("indosat", False)


def test_rollback_target() -> None:
    assert rollback_target(KnownGood("telkomsel", "indosat"), "telkomsel") == "indosat"
    assert rollback_target(KnownGood("telkomsel", "indosat"), "vsat") == "telkomsel"
    assert rollback_target(KnownGood("indosat"), "indosat") == "indosat"


def test_rollback_of_an_interrupted_switch_is_its_settling() -> None:
    world = sim.World(fault="kill", fault_at=30)
    with pytest.raises(sim.KilledError):
        sim.attempt(world, sim.filed(world))
    back = sim.asked_for(world, run_id="w2", kind="rollback", profile="", change_order="")
    outcomes = carry_out(world.site, world.ports(), back)
    assert [(o.run_id, o.state) for o in outcomes] == [
        (sim.filed(world).request.run_id, SwitchState.REVERTED)
    ]
    assert world.modem.profile == "indosat"
    answer = outcome_from_dict(json.loads(world.disk.read("outcomes/w2.json") or b""))
    assert (answer.run_id, answer.state, answer.active) == ("w2", SwitchState.REVERTED, "indosat")


@pytest.mark.parametrize("kind", list(Rollback))
def test_rollback_whose_answer_a_full_disk_did_not_take_goes_back_only_once(
    kind: Rollback,
) -> None:
    """It meant the switch that was open: the next start must not undo the one before that too."""
    world = three_cards(kind)
    assert ended(sim.attempt(world, sim.filed(world))) == ("committed", "telkomsel")
    killed_after_apply(world, "vsat", "w2")
    assert world.modem.profile == "vsat"
    asked = rollback(world, "w3")
    fill_up_at(world, "outcomes/w3.json.new")
    assert ended(sim.attempt(world, asked)) == ("reverted", "telkomsel")
    assert answer(world, "w3") is None
    world.disk.full = False
    world.advance(sim.RESTART_S)
    assert sim.attempt(world, asked) is None
    found = answer(world, "w3")
    assert found is not None
    assert (ended(found), world.modem.profile) == (("reverted", "telkomsel"), "telkomsel")
    assert known_good(world.disk, world.site).profile == "telkomsel"
    # asked for anew, it is a rollback of the first switch
    world.advance(1.0)
    assert ended(sim.attempt(world, rollback(world, "w4"))) == ("committed", "indosat")


def killed_after_apply(world: sim.World, to: str, run_id: str) -> None:
    apply = world.modem.apply

    def killed(plan: ChangePlan) -> None:
        apply(plan)
        raise sim.KilledError

    world.modem.apply = killed  # type: ignore[method-assign]
    with pytest.raises(sim.KilledError):
        sim.attempt(world, sim.asked_for(world, run_id=run_id, profile=to))
    world.modem.apply = apply  # type: ignore[method-assign]


def three_cards(kind: Rollback) -> sim.World:
    base = make_site()
    profiles = base.profiles | {"vsat": profile("vsat", "third", "33", "51089")}
    return sim.World(rollback=kind, site=replace(base, profiles=profiles))


def fill_up_at(world: sim.World, name: str) -> None:
    write, first = world.disk.write, [name]

    def full(wanted: str, data: bytes) -> None:
        if wanted in first:
            first.clear()
            world.disk.full = True
        write(wanted, data)

    world.disk.write = full  # type: ignore[method-assign]


def ended(outcome: SwitchOutcome | None) -> tuple[str, str | None]:
    assert outcome is not None
    return outcome.state.value, outcome.active


def test_a_rollback_reads_the_modem_once_before_it_acts() -> None:
    world = sim.World()
    sim.attempt(world, sim.filed(world))
    reads, read_state, arm = [0], world.modem.read_state, world.modem.arm
    before_arming: list[int] = []

    def counted() -> object:
        reads[0] += 1
        return read_state()

    def armed(*given: object) -> None:
        before_arming.append(reads[0])
        arm(*given)  # type: ignore[arg-type]

    world.modem.read_state = counted  # type: ignore[method-assign, assignment]
    world.modem.arm = armed  # type: ignore[method-assign, assignment]
    settling = 1  # whether the modem still has what was confirmed
    assert ended(sim.attempt(world, rollback(world, "w2"))) == ("committed", "indosat")
    assert before_arming == [settling + 1]


class TestOrderFile:
    """The switch's own order file, given again for the way back."""

    @pytest.fixture
    def key(self, tmp_path: Path) -> Path:
        key = tmp_path / "key"
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(argv, check=True)
        return key

    def site(self, key: Path) -> Site:
        signers = (f"kadis@rohil {key.with_suffix('.pub').read_text().strip()}",)
        return replace(make_site(), change_order_signers=signers)

    def order(self, key: Path, **change: object) -> str:
        window = ("2026-03-01T00:00+00:00", "2026-03-07T17:00+07:00")
        order = ChangeOrder("470/112", "kadis@rohil", ("telkomsel",), ("kubu",), *window)
        body = order_text(replace(order, **change))  # type: ignore[arg-type]
        return body + sign(body.encode(), key)

    def switched(self, key: Path) -> sim.World:
        world = sim.World(site=self.site(key))
        asked = sim.asked_for(world, change_order="", order=self.order(key))
        assert ended(sim.attempt(world, asked)) == ("committed", "telkomsel")
        return world

    @pytest.mark.parametrize("days", [0, 30])
    def test_it_covers_the_way_back_also_after_its_window(self, key: Path, days: int) -> None:
        world = self.switched(key)
        world.wall_shift += timedelta(days=days)
        last = sim.attempt(world, rollback(world, "w2", order=self.order(key)))
        assert ended(last) == ("committed", "indosat")
        assert last is not None
        assert last.change_order == "470/112"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"profiles": ("vsat",), "number": "470/113"}, "order_other_profile"),
            ({"sites": ("bangko",)}, "order_other_site"),
        ],
    )
    def test_one_that_has_nothing_to_do_with_it_is_refused_and_the_way_out_is_named(
        self, key: Path, change: dict[str, object], code: str
    ) -> None:
        world = self.switched(key)
        acts = list(world.modem.acts)
        last = sim.attempt(world, rollback(world, "w2", order=self.order(key, **change)))
        assert last is not None
        assert (last.state, last.reason.partition(":")[0]) == (SwitchState.REFUSED, code)
        assert ("leave it out" in last.reason) == (code == "order_other_profile")
        assert (world.modem.profile, world.modem.acts) == ("telkomsel", acts)
        assert ended(sim.attempt(world, rollback(world, "w3"))) == ("committed", "indosat")

    def test_an_altered_one_is_refused(self, key: Path) -> None:
        world = self.switched(key)
        forged = self.order(key).replace('"telkomsel"', '"telkomsel", "indosat"')
        last = sim.attempt(world, rollback(world, "w2", order=forged))
        assert last is not None
        assert last.reason.startswith("order_altered")
        assert world.modem.profile == "telkomsel"


class TestPlan:
    def plan(self, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
        code = cli.main(["wan", "plan", "--rollback", "--json", *argv])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return code, found

    def test_it_shows_the_way_back_under_the_switchs_own_order(
        self, reading_office: sim.World, office: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        reading_office.modem.profile = "telkomsel"
        (office / "wan").mkdir()
        known = KnownGood("telkomsel", "indosat", "470/12", "w1")
        keep_known_good(DirectoryDisk(office / "wan"), known)
        code, found = self.plan(capsys)
        assert (code, found["go"], found["reasons"]) == (0, True, [])
        assert (found["active"], found["profile"]) == ("telkomsel", "indosat")
        assert found["commands"] == ["use indosat"]
        assert reading_office.modem.acts == []

    def test_where_there_is_nothing_to_go_back_to_nothing_would_change(
        self, reading_office: sim.World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, found = self.plan(capsys, "--change-order", "470/12")
        assert (code, found["commands"], found["profile"]) == (0, [], "indosat")
        assert reading_office.modem.acts == []

    def test_a_profile_and_the_way_back_are_one_too_many(self) -> None:
        with pytest.raises(SystemExit) as raised:
            cli.main(["wan", "plan", "--rollback", "--profile", "telkomsel"])
        assert raised.value.code == 2
