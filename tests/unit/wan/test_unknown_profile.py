"""A profile that this site does not know is told as that: no crash, and no failure of the link."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rekamatan import cli
from rekamatan.agent import reading
from rekamatan.errors import ConfigError
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.known_good import KnownGood, keep_known_good
from tests.unit.wan.simulated_site import Link, profile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.wan import simulation as sim


GONE = profile("gone", "up", "44", "51099")  # taken out of the inventory since it was switched to


@pytest.fixture
def world(reading_office: sim.World) -> sim.World:
    return reading_office


def now_on(world: sim.World, name: str) -> None:
    world.links[name] = Link(GONE.sim, "51099")
    original = type(world.modem).read_state
    state = original(world.modem)
    assert state.profile != name
    object.__setattr__(state, "profile", name)
    world.modem.read_state = lambda: state  # type: ignore[method-assign]


PLAN = ["wan", "plan", "--change-order", "470/12", "--json", "--profile"]


def test_plan_to_an_unknown_profile_is_a_no_go_and_the_modem_is_not_asked(
    world: sim.World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.modem.silent_until = world.now + 1000
    assert cli.main([*PLAN, "smartfren"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [reason["code"] for reason in found["reasons"]] == ["unknown_profile"]
    assert (found["go"], found["commands"], found["active"]) == (False, [], None)
    assert cli.main(["wan", "plan", "--change-order", "470/12", "--profile", "smartfren"]) == 3
    said = capsys.readouterr()
    assert "tidak punya profil smartfren" in said.out
    assert "unknown_profile" in said.err


def test_plan_away_from_an_unknown_profile_is_a_no_go_with_its_reason(
    world: sim.World, capsys: pytest.CaptureFixture[str]
) -> None:
    now_on(world, "gone")
    assert cli.main([*PLAN, "telkomsel"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert "unknown_active_profile" in [reason["code"] for reason in found["reasons"]]


@pytest.mark.parametrize("silent", [False, True])
def test_a_link_whose_profile_is_unknown_is_unknown_not_failed(
    world: sim.World, office: Path, capsys: pytest.CaptureFixture[str], *, silent: bool
) -> None:
    """Told by the modem, or, where that is silent, by the file of the profile that last passed."""
    if silent:
        (office / "wan").mkdir(exist_ok=True)
        keep_known_good(DirectoryDisk(office / "wan"), KnownGood("gone"))
        world.modem.silent_until = world.now + 1000
    else:
        now_on(world, "gone")
    assert cli.main(["verify"]) == 4
    said = capsys.readouterr().err
    assert "'gone', which this site does not know" in said
    assert "--profile and one of indosat, telkomsel" in said


def test_measuring_as_a_profile_that_is_not_here_is_a_usage_error(world: sim.World) -> None:
    with pytest.raises(ConfigError, match="use indosat, telkomsel"):
        reading.verify(world.site, {"profile": "smartfren"})


@pytest.mark.usefixtures("reading_office")
def test_rollback_to_a_profile_that_was_taken_away_is_a_no_go(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (office / "wan").mkdir(exist_ok=True)
    keep_known_good(DirectoryDisk(office / "wan"), KnownGood("indosat", "gone", "470/12"))
    assert cli.main(["wan", "plan", "--rollback", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [reason["code"] for reason in found["reasons"]] == ["unknown_profile"]
    assert found["commands"] == []
