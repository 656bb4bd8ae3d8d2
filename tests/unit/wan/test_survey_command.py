"""`rekamatan modem survey`: what it hears at once, and what it does not do outside a window."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan import cli
from rekamatan.agent import reading, runtime
from rekamatan.agent.credentials import ModemCredential
from rekamatan.commands import modem as modem_command
from rekamatan.models import ModemState, Signal, SwitchOutcome, SwitchState
from rekamatan.modems.abilities import TIMER_AND_SLOTS
from rekamatan.verify.store import read_json
from rekamatan.wan import request
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.sightings import keep_sighting, sighting_of, sightings
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

SITE = sim.make_site()
NOW = datetime.now(UTC)
OPEN = f"{NOW.isoformat()}/{(NOW + timedelta(hours=2)).isoformat()}"
OVER = f"{(NOW - timedelta(hours=2)).isoformat()}/{(NOW - timedelta(hours=1)).isoformat()}"
INDOSAT = ModemState("x", profile="indosat", registered=True, signal=Signal(rsrp_dbm=-91.5))
TELKOMSEL = ModemState("x", profile="telkomsel", registered=True, signal=Signal(rsrp_dbm=-104))
BACK = SwitchOutcome(
    run_id="w1",
    site="kubu",
    state=SwitchState.REVERTED,
    target="telkomsel",
    previous="indosat",
    active="indosat",
    change_order="",
    reason="surveyed: telkomsel",
    gate=None,
    baseline=None,
    outage_s=30.0,
    started="2026-03-01T00:00:00+00:00",
    duration_s=60.0,
)


class Unit:
    """The two units: one reads the active SIM, one goes to the other."""

    def __init__(self, root: Path) -> None:
        self.disk = DirectoryDisk(root / "wan")
        self.able = True
        self.asked: list[tuple[Any, ...]] = []
        self.outcome = BACK

    def read(self, question: dict[str, Any], answer: str) -> dict[str, Any]:
        assert (question["kind"], answer) == ("survey", "survey.json")
        keep_sighting(self.disk, sighting_of(INDOSAT, "indosat", NOW, "active"))
        return {"active": "indosat", "able": self.able}

    def submit(self, *asked: object, window: str) -> str:
        self.asked.append((*asked, window))
        return "w1"

    def follow(self, run_id: str, tell: object) -> SwitchOutcome:
        del run_id, tell
        keep_sighting(self.disk, sighting_of(TELKOMSEL, "telkomsel", NOW, "moved"))
        return self.outcome


@pytest.fixture
def unit(office: Path, monkeypatch: pytest.MonkeyPatch) -> Unit:
    played = Unit(office)
    monkeypatch.setattr(modem_command, "load_site", lambda: SITE)
    monkeypatch.setattr(modem_command, "ask_reader", played.read)
    monkeypatch.setattr(modem_command, "follow", played.follow)
    monkeypatch.setattr(request, "submit", played.submit)
    return played


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
    code = cli.main(["modem", "survey", "--json", *argv])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("window", "code"),
    [("", "no_window"), (OVER, "window_over"), ("tonight", "no_window")],
    ids=["none", "over", "no-time"],  # the times are those of the run
)
def test_outside_a_window_nothing_is_asked_of_the_switch(
    unit: Unit, window: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = run(capsys, "--window", window)
    assert status == 3
    assert found["refused"].startswith(code)
    assert found["sightings"]["indosat"]["signal"]["rsrp_dbm"] == -91.5
    assert unit.asked == []


def test_within_one_each_other_sim_is_visited(
    unit: Unit, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = run(capsys, "--window", OPEN)
    assert status == 0
    assert unit.asked == [("survey", "telkomsel", "", OPEN)]
    assert sorted(found["sightings"]) == ["indosat", "telkomsel"]
    assert (found["refused"], found["runs"][0]["state"]) == ("", "reverted")


def test_what_was_heard_lately_needs_no_window(
    unit: Unit, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_sighting(unit.disk, sighting_of(TELKOMSEL, "telkomsel", NOW, "active"))
    assert run(capsys)[0] == 0
    keep_sighting(
        unit.disk, sighting_of(TELKOMSEL, "telkomsel", NOW - timedelta(days=30), "active")
    )
    assert run(capsys)[0] == 3
    assert run(capsys, "--active")[0] == 0
    assert unit.asked == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"reason": "survey_silent: telkomsel"}, 1),
        ({"state": SwitchState.STRANDED}, 1),
        ({"state": SwitchState.REFUSED, "reason": "capture_in_progress: 1"}, 3),
        ({"state": SwitchState.REVERTING, "active": None}, 4),
        ({"active": "vsat"}, 1),
    ],
)
def test_other_ends_are_not_called_heard(
    unit: Unit, change: dict[str, Any], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    unit.outcome = replace(BACK, **change)
    assert run(capsys, "--window", OPEN)[0] == status


def test_modem_with_one_sim_says_so(unit: Unit, capsys: pytest.CaptureFixture[str]) -> None:
    unit.able = False
    status, found = run(capsys, "--window", OPEN)
    assert (status, found["refused"].partition(":")[0]) == (3, "not_supported")
    assert unit.asked == []


@pytest.mark.usefixtures("unit")
@pytest.mark.parametrize("lang", ["id", "en"])
def test_people_read_figures_with_units(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["modem", "survey", "--lang", lang]) == 3
    said = capsys.readouterr().out
    assert "indosat (slot up): - , RSRP -91.5 dBm".replace(" ,", ",") in said
    assert {"id": "belum pernah didengar", "en": "never heard"}[lang] in said
    assert "--window" in said


def test_unknown_profile_is_usage(unit: Unit, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["modem", "survey", "--profile", "smartfren"]) == 2
    assert "use indosat, telkomsel" in capsys.readouterr().err
    assert unit.asked == []


def test_unit_keeps_what_it_hears(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Modem:
        abilities = TIMER_AND_SLOTS

        def read_state(self) -> ModemState:
            return INDOSAT

        def close(self) -> None:
            pass

    given = ModemCredential("geheim")
    monkeypatch.setattr(runtime, "credential", lambda _: given)
    monkeypatch.setattr(runtime, "open_driver", lambda *_, **__: Modem())
    reading.survey(SITE, {"id": "q1"})
    answer = read_json(office / "verify" / "survey.json")
    assert answer == {"id": "q1", "active": "indosat", "able": True}
    kept = sightings(DirectoryDisk(office / "wan"))["indosat"]
    assert (kept.how, kept.signal.rsrp_dbm) == ("active", -91.5)
