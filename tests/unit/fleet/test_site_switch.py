"""What the site answers when a controller asks for a switch: joined, refused, or unknown."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import RefusedError, RekamatanError, UnknownOutcomeError
from rekamatan.fleet import site_switch
from rekamatan.wan import request
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

PLAN = {"reasons": [], "commands": ["set apn"], "before": "a", "after": "b"}


@pytest.fixture
def wan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose unit takes its time: nothing is carried out here."""
    monkeypatch.setitem(request.submit.__kwdefaults__, "start", lambda: None)
    return tmp_path


def begin(wan: Path, profile: str = "telkomsel", number: str = "470/12", order: str = "") -> str:
    return site_switch.begin("switch", profile, number, order=order, root=wan)


def test_asking_again_for_the_very_same_switch_joins_it(wan: Path) -> None:
    assert begin(wan) == begin(wan)


@pytest.mark.parametrize(
    "other", [{"profile": "indosat"}, {"number": "470/13"}, {"order": "another file"}]
)
def test_a_second_operator_who_wants_something_else_is_refused(
    other: dict[str, str], wan: Path
) -> None:
    first = begin(wan)
    with pytest.raises(RefusedError, match="about to start"):
        begin(wan, **other)
    filed = request.filed(wan)
    assert filed is not None
    assert filed.request.run_id == first  # what was asked for first is still what will be done


def test_of_many_who_press_at_once_one_begins_and_the_others_are_refused_or_join_it(
    wan: Path,
) -> None:
    wanted = ["telkomsel", "indosat"] * 8
    gate = threading.Barrier(len(wanted))

    def press(profile: str) -> str | None:
        gate.wait(timeout=60)
        try:
            return begin(wan, profile)
        except RefusedError:
            return None

    with ThreadPoolExecutor(len(wanted)) as pool:
        answers = list(pool.map(press, wanted))
    filed = request.filed(wan)
    assert filed is not None
    assert set(answers) <= {filed.request.run_id, None}
    assert filed.request.run_id in answers
    winners = {profile for profile, run in zip(wanted, answers, strict=True) if run}
    assert winners == {filed.request.profile}


def test_while_a_run_is_active_only_its_own_request_is_joined(wan: Path) -> None:
    first = begin(wan)
    with request.exclusive(wan):
        assert begin(wan) == first
        with pytest.raises(RefusedError, match="another run is active"):
            begin(wan, "indosat")


def test_a_request_that_nobody_took_up_is_not_joined_for_ever(wan: Path) -> None:
    first = begin(wan)
    world = sim.World()
    world.now += 10 * request.VALID_S + site_switch.SystemClock().monotonic()
    with request.exclusive(wan), pytest.raises(RefusedError):
        site_switch.begin("switch", "telkomsel", "470/12", root=wan, clock=world.clock)
    assert first


def planned(out: str, code: int = 0, errors: str = "", order: str = "") -> dict[str, object]:
    asked: list[tuple[list[str], str]] = []

    def ask(argv: list[str], text: str) -> tuple[int, str, str]:
        asked.append((argv, text))
        return code, out, errors

    found = site_switch.planned("telkomsel", "470/12", order, ask)
    assert order not in asked[0][0] or not order  # never where others can read it
    assert asked[0][1] == order
    return found


def test_the_plan_is_the_modules_answer() -> None:
    found = planned("noise\n" + json.dumps(PLAN) + "\n", order="signed text")
    assert (found["changed"], found["state"]) == (True, "planned")
    assert found["diff"] == {"before": "a", "after": "b"}
    assert planned(json.dumps(PLAN | {"commands": []}))["changed"] is False


def test_a_plan_that_would_be_refused_names_every_reason() -> None:
    reasons = [{"code": "a", "detail": "b"}, {"code": "c", "detail": "d"}]
    with pytest.raises(RefusedError, match="it would be refused: a: b; c: d") as raised:
        planned(json.dumps(PLAN | {"reasons": reasons}), code=3)
    assert site_switch.state_of(raised.value) == "preflight_failed"


@pytest.mark.parametrize("out", ["", "Traceback", "[1]", '{"error": "modem: log in"}'])
def test_no_plan_is_unknown_never_failed(out: str) -> None:
    with pytest.raises(UnknownOutcomeError) as raised:
        planned(out, code=1, errors="the modem does not answer")
    assert "the modem does not answer" in str(raised.value)
    assert site_switch.state_of(raised.value) == "unknown"
    with pytest.raises(UnknownOutcomeError, match="exit 1 and no word"):
        planned("", code=1)


def test_a_site_without_the_command_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_switch, "COMMAND", "/nonexistent/rekamatan")
    with pytest.raises(UnknownOutcomeError, match="No such file"):
        site_switch.planned("telkomsel", "", "")


def test_the_modules_parameters_become_a_request(
    wan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekamatan.paths.WAN", wan)
    for function in (request.submit, site_switch.begin):
        monkeypatch.setitem(function.__kwdefaults__, "root", wan)
    given = {"name": "telkomsel", "state": "active", "change_order": "470/12", "order": ""}
    answer = site_switch.asked(given, check=False)
    filed = request.filed(wan)
    assert filed is not None
    assert answer == {"changed": False, "run_id": filed.request.run_id}
    assert (filed.request.kind, filed.request.profile) == ("switch", "telkomsel")
    with pytest.raises(RekamatanError):
        site_switch.asked(given | {"state": "previous"}, check=False)  # the first one has begun
