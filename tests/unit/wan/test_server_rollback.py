"""What is said and done where nothing but the server brings the old link back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rekamatan import cli
from rekamatan.commands import wan as wan_command
from rekamatan.errors import ConfigError
from rekamatan.modems import plain_router
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from collections.abc import Callable

FOUND: dict[str, Any] = {
    "commands": ["POST dialup/profiles <request/>"],
    "profile": "ktp",
    "active": "internet",
    "reasons": [],
    "checks": [],
}


@pytest.fixture
def plan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[dict[str, Any]], str]:
    """What `wan plan` prints when the unit that reads the modem found this."""

    def run(found: dict[str, Any], language: str = "id") -> str:
        monkeypatch.setattr(wan_command, "require_root", lambda _: None)
        monkeypatch.setattr(wan_command, "ask_reader", lambda *_: found)
        assert cli.main(["wan", "plan", "--profile", "ktp", "--lang", language]) == 0
        return capsys.readouterr().out

    return run


def test_plan_says_that_only_the_server_guards_the_way_back(
    plan: Callable[..., str],
) -> None:
    assert "tidak punya pengatur waktu" in plan({**FOUND, "rollback": "server"})
    assert "has no timer" in plan({**FOUND, "rollback": "server"}, "en")


@pytest.mark.parametrize(
    "found", [{**FOUND, "rollback": "device"}, {**FOUND, "rollback": "server", "commands": []}]
)
def test_plan_does_not_say_it_where_it_is_not_so(
    plan: Callable[..., str], found: dict[str, Any]
) -> None:
    assert "pengatur waktu" not in plan(found)


@pytest.mark.parametrize(("restored", "said"), [(True, "in force again"), (False, "Nothing had")])
def test_uplink_unit_tells_what_it_did(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    restored: bool,
    said: str,
) -> None:
    monkeypatch.setattr(wan_command, "require_root", lambda _: None)
    monkeypatch.setattr(wan_command, "load_site", sim.make_site)
    monkeypatch.setattr(plain_router, "restore", lambda _: restored)
    assert cli.main(["wan", "uplink", "--lang", "en"]) == 0
    assert said in capsys.readouterr().out


def test_uplink_unit_at_a_site_with_a_modem_is_an_error() -> None:
    with pytest.raises(ConfigError, match="only plain routers"):
        plain_router.restore(sim.make_site())
