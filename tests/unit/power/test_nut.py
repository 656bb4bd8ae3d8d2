"""What a UPS says, as cases: tests/cases/nut. Unknown is never mains."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan import cli
from rekamatan.commands import power as command
from rekamatan.power.nut import PowerState, answer_state, parse_upsc, read_power
from rekamatan.verify.command import Completed

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = sorted((Path(__file__).parents[2] / "cases" / "nut").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case: dict[str, Any] = json.loads(path.read_text())
    state = asdict(answer_state(Completed(case["code"], case["out"], case["err"])))
    assert {key: state[key] for key in case["expected"]} == case["expected"]


def test_there_are_cases_of_every_kind() -> None:
    supplies = {json.loads(path.read_text())["expected"]["supply"] for path in CASES}
    assert supplies == {"mains", "battery", "unknown"}


def test_lines_that_are_no_variables_are_left_out() -> None:
    text = "Init SSL without certificate database\nError: a: b\nups.status: OL\nbattery.charge:\n"
    assert parse_upsc(text) == {"ups.status": "OL", "battery.charge": ""}


@pytest.mark.parametrize(
    ("supply", "mains"), [("mains", True), ("battery", False), ("unknown", None)]
)
def test_three_answers(supply: Any, mains: object) -> None:  # noqa: ANN401 - a literal
    assert PowerState(supply).mains is mains


def test_asks_the_ups_that_the_role_named(tmp_path: Path) -> None:
    path = tmp_path / "power.json"
    path.write_text('{"ups": "kantor@localhost"}')
    asked: list[Sequence[str]] = []

    def runner(argv: Sequence[str], _timeout_s: float) -> Completed:
        asked.append(argv)
        return Completed(0, "ups.status: OL\n")

    assert read_power(path, runner).supply == "mains"
    assert asked == [["upsc", "kantor@localhost"]]


@pytest.mark.parametrize("text", [None, "", "{}", '{"ups": 7}'])
def test_without_settings_it_is_not_known(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "power.json"
    if text is not None:
        path.write_text(text)

    def runner(_argv: Sequence[str], _timeout_s: float) -> Completed:
        raise AssertionError

    assert read_power(path, runner).supply == "unknown"


@pytest.mark.parametrize(
    ("state", "code", "sentence"),
    [
        (PowerState("mains"), 0, "listrik PLN"),
        (PowerState("battery", runtime_s=600.0, low=True), 1, "kira-kira 10 menit lagi"),
        (PowerState("unknown", detail="Error: Data stale"), 4, "Data stale"),
    ],
)
def test_command(
    state: PowerState,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "read_power", lambda: state)
    assert cli.main(["power"]) == code
    assert sentence in capsys.readouterr().out
    assert cli.main(["power", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["supply"] == state.supply


@pytest.mark.skipif(shutil.which("upsc") is None, reason="no upsc: apt install nut-client")
def test_the_real_upsc_without_a_server_is_unknown() -> None:
    done = subprocess.run(
        ["upsc", "kantor@127.0.0.1:9"], capture_output=True, text=True, check=False
    )
    state = answer_state(Completed(done.returncode, done.stdout, done.stderr))
    assert (state.supply, "Connection failure" in state.detail) == ("unknown", True)
