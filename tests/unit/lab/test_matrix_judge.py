"""Every lie and every lost office is found; an office that is well is not accused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.matrix.cases import Case, named
from lab.matrix.journal import Line
from lab.matrix.judge import Evidence, Findings, judge

CASE = named("device/power-cut-server/after-applied")
STEPS = ("planned", "preflight", "armed", "applied", "reverting", "reverted")
LINES = tuple(Line(n, "w1", state, f"hash-{n}") for n, state in enumerate(STEPS, start=1))
BACK = Evidence(
    case=CASE,
    old="indosat",
    target="telkomsel",
    run_id="w1",
    promised=LINES[:4],
    journal=LINES,
    outcome={"state": "reverted", "active": "indosat", "reason": "interrupted"},
    bearer="indosat",
    link_works=True,
    record_arrived=True,
)
DONE = replace(
    BACK,
    journal=(*LINES[:4], Line(5, "w1", "committed", "hash-c")),
    outcome={"state": "committed", "active": "telkomsel", "reason": ""},
    bearer="telkomsel",
)


def case(name: str) -> Case:
    return named(name)


@pytest.mark.parametrize("evidence", [BACK, DONE])
def test_well_is_well(evidence: Evidence) -> None:
    assert judge(evidence) == Findings((), (), 0)
    assert judge(evidence).sound


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"link_works": False}, "does not reach"),
        ({"record_arrived": False}, "no record arrives"),
        ({"bearer": None}, "holds no bearer"),
        ({"case": case("device/server-dead/before-attached")}, "did not come back alone"),
    ],
)
def test_stranded(change: dict[str, Any], finding: str) -> None:
    found = judge(replace(BACK, **change))
    assert finding in found.stranded[0]
    assert not found.sound


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"journal": (*LINES[:3], *LINES[4:])}, "gone from the journal: applied"),
        ({"journal": (*LINES[:3], Line(4, "w1", "applied", "other"), *LINES[4:])}, "gone"),
        ({"outcome": None}, "no outcome"),
        ({"journal": LINES[:5]}, "the journal ends with reverting"),
        ({"outcome": {"state": "applied"}}, "not an end"),
        ({"bearer": "telkomsel"}, "the outcome is reverted, and telkomsel is attached"),
        ({"outcome": {"state": "reverted", "active": "telkomsel"}}, "said to be active"),
        ({"answered_at_last": 0.2}, "called reverted while"),
        ({"facts": {"second_exit": 0}}, "exit 0"),
        ({"journal": (*LINES, Line(7, "w2", "planned", "x"))}, "another run was begun: w2"),
    ],
)
def test_untrue(change: dict[str, Any], finding: str) -> None:
    found = judge(replace(BACK, **change))
    assert any(finding in text for text in found.untrue), found.untrue
    assert not found.sound


def test_committed_on_the_wrong_link_is_untrue() -> None:
    found = judge(replace(DONE, bearer="indosat"))
    assert "the outcome is committed, and indosat is attached" in found.untrue[0]


def test_stranded_is_true_only_while_nobody_answers() -> None:
    told = {"state": "stranded", "active": "indosat"}
    lines = (*LINES[:5], Line(6, "w1", "stranded", "x"))
    evidence = replace(BACK, outcome=told, journal=lines)
    assert judge(replace(evidence, answered_before=0.1)).untrue == ()
    assert "stranded while" in judge(replace(evidence, answered_before=0.9)).untrue[0]


def test_an_old_link_that_was_no_better_before_may_be_called_back() -> None:
    reason = "gate: ping; indosat did not pass before the switch either"
    told = {"state": "reverted", "active": "indosat", "reason": reason}
    assert judge(replace(BACK, outcome=told, answered_at_last=0.0)).sound


def test_a_run_that_was_never_begun_needs_no_outcome() -> None:
    assert judge(replace(BACK, promised=(), journal=(), outcome=None)).sound


def test_a_lost_record_is_not_sound() -> None:
    found = judge(replace(BACK, lost=1))
    assert (found.lost, found.sound) == (1, False)


def test_an_old_run_before_this_one_is_no_second_one() -> None:
    before = tuple(replace(line, seq=line.seq + 10) for line in LINES)
    evidence = replace(
        BACK, promised=before[:4], journal=(Line(1, "w0", "committed", "x"), *before)
    )
    assert judge(evidence).sound
