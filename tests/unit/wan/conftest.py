"""An office on this machine, for the commands."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rekamatan.agent import reading, runtime, units
from rekamatan.commands import verify as verify_command
from rekamatan.commands import wan as wan_command
from rekamatan.errors import ConfigError, UnknownOutcomeError
from rekamatan.wan import request
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import Site
    from tests.unit.wan.simulated_modem import SimulatedModem

SITE = sim.make_site()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose state is below `tmp_path`, with root and a unit that does nothing."""
    monkeypatch.setattr("rekamatan.paths.WAN", tmp_path / "wan")
    monkeypatch.setattr("rekamatan.paths.VERIFY", tmp_path / "verify")
    for function in (request.submit, request.filed, request.outcome, request.progress):
        monkeypatch.setitem(function.__kwdefaults__ or {}, "root", tmp_path / "wan")
    monkeypatch.setattr(request.filed, "__defaults__", (tmp_path / "wan",))
    monkeypatch.setitem(request.submit.__kwdefaults__, "start", lambda: None)
    monkeypatch.setattr(wan_command, "load_site", lambda: SITE)
    monkeypatch.setattr(verify_command, "load_site", lambda: SITE)
    monkeypatch.setattr(units.os, "geteuid", lambda: 0)
    return tmp_path


@pytest.fixture
def reading_office(office: Path, monkeypatch: pytest.MonkeyPatch) -> sim.World:
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
