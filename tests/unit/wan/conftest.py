"""An office on this machine, for the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.agent import units
from rekamatan.commands import verify as verify_command
from rekamatan.commands import wan as wan_command
from rekamatan.wan import request
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

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
