"""`rekamatan platforms`: what is shown is what was measured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rekamatan import cli
from rekamatan.commands import platforms as command
from rekamatan.modems import abilities
from rekamatan.modems.registry import driver_class, platforms

if TYPE_CHECKING:
    import pytest


def test_json_has_every_platform(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["platforms", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == set(platforms())
    assert shown["routeros7"]["abilities"]["device_timer"] is True
    assert shown["routeros7"]["firmware"]


def test_shipped_file_agrees_with_what_the_drivers_declare() -> None:
    for name, found in abilities.measured().items():
        assert found.abilities == driver_class(name).abilities, name


def test_table_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["platforms", "--lang", "en"]) == 0
    head, row, *_ = [line for line in capsys.readouterr().out.splitlines() if line]
    assert head.split("  ")[0] == "platform"
    assert "SIM slots" in head
    assert row.split()[0] == platforms()[0]
    assert cli.main(["platforms"]) == 0
    assert "pindah slot SIM" in capsys.readouterr().out


def test_platform_that_was_never_measured_is_not_called_able(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "measured", dict)
    assert set(command.collect().values()) == {None}
    row = next(line for line in command.table("en") if line.startswith(platforms()[0]))
    assert row.split() == [platforms()[0], "not", "tested"]


def test_table_for_a_readme(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["platforms", "--markdown", "--lang", "en"]) == 0
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("| platform | device timer | ")
    assert rule.count("---") == head.count(" | ") + 1
    assert [row.split(" | ")[0].lstrip("| ") for row in rows] == list(platforms())
    assert all(row.count("|") == head.count("|") for row in rows)
