"""What the switch believes about the supply: the UPS first, then the server's own sockets."""

from __future__ import annotations

import pytest

from rekamatan.agent import surroundings as module
from rekamatan.power.nut import PowerState


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
