"""A profile that this site does not know is told as that: no crash, and no failure of the link."""

from __future__ import annotations

import argparse
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rekamatan import cli
from rekamatan.agent import reading, runtime, units
from rekamatan.errors import ConfigError, UnknownOutcomeError
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.known_good import KnownGood, keep_known_good
from tests.unit.wan import simulation as sim
from tests.unit.wan.simulated_site import Link, profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import Site
    from tests.unit.wan.simulated_modem import SimulatedModem

GONE = profile("gone", "up", "44", "51099")  # taken out of the inventory since it was switched to


@pytest.fixture
def world(office: Path, monkeypatch: pytest.MonkeyPatch) -> sim.World:
    """A simulated office whose reading unit runs in this process."""
    world = sim.World()

    @contextmanager
    def driver(site: Site, name: str) -> Iterator[SimulatedModem]:
        assert (site, name) == (world.site, "modem-read")
        yield world.modem

    def unit(*_: object, **__: object) -> argparse.Namespace:
        question = units.take_question(office / "verify")
        try:
            with units.told_to_the_asker(question):
                ask = reading.plan if question.get("kind") == "plan" else reading.verify
                ask(world.site, question)
        except (ConfigError, UnknownOutcomeError) as error:
            return argparse.Namespace(returncode=error.exit_code, stderr="Job failed")
        return argparse.Namespace(returncode=0, stderr="")

    monkeypatch.setattr(runtime, "driver", driver)
    monkeypatch.setattr(runtime, "SiteInterlocks", lambda: sim.Interlocks(world))
    monkeypatch.setattr(units.subprocess, "run", unit)
    return world


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
    assert "Modem tidak ditanya" in said.out
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
