"""What the switch believes about the supply: the UPS first, then the server's own sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.agent import surroundings as module
from rekamatan.power.nut import PowerState, read_power

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("ups", "socket", "believed"),
    [
        (PowerState("battery"), True, False),
        (PowerState("mains"), False, True),
        (PowerState("unknown"), False, False),
        (PowerState("unknown"), None, None),
    ],
)
def test_ups_goes_before_the_own_sockets(
    monkeypatch: pytest.MonkeyPatch, ups: PowerState, *, socket: bool | None, believed: bool | None
) -> None:
    monkeypatch.setattr(module, "read_power", lambda: ups)
    monkeypatch.setattr(module, "on_mains", lambda: socket)
    assert module.surroundings().mains is believed


def test_preflight_says_that_the_office_has_no_ups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "read_power", lambda: read_power(tmp_path / "power.json"))
    monkeypatch.setattr(module, "on_mains", lambda: None)
    found = module.surroundings()
    assert found.mains is None
    assert "no UPS" in found.supply_detail
