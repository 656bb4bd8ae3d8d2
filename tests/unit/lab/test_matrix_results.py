"""The sum of a run, and what a resumed one takes up again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lab.matrix import __main__ as matrix
from lab.matrix.results import ResultsFile, caught, failed_before, line, summary
from lab.matrix.trial import Result

if TYPE_CHECKING:
    from pathlib import Path

GOOD = Result(
    "device/kill-switch/after-armed",
    "kubu",
    "indosat",
    "telkomsel",
    run_id="w1",
    reached=True,
    state="reverted",
    outage_s=12.5,
    revert_s=30.0,
)


def test_the_sum() -> None:
    rows = [
        GOOD,
        replace(GOOD, case="b", stranded=["x"], outage_s=90.0, revert_s=50.0),
        replace(GOOD, case="c", untrue=["x", "y"], lost=2, revert_s=100.0),
        replace(GOOD, case="d", reached=False, stranded=["never counted"]),
    ]
    found = summary(rows, 5)
    assert (found["runs"], found["missed"]) == (3, 1)
    assert (found["stranded"], found["untrue_reports"], found["records_lost"]) == (1, 1, 2)
    assert (found["max_outage_s"], found["max_revert_s"]) == (90.0, 100.0)
    assert (found["median_revert_s"], found["max_modem_alone_s"]) == (50.0, None)
    assert (found["seed"], len(found["cases"])) == (5, 4)


def test_the_sum_of_nothing() -> None:
    found = summary([], 5)
    assert (found["runs"], found["max_outage_s"], found["median_revert_s"]) == (0, None, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faults" / "results.jsonl"


def test_resumed_with_the_same_program_only_and_the_newest_counts(path: Path) -> None:
    ResultsFile(path, "old").append(replace(GOOD, case="of an old program"))
    file = ResultsFile(path, "new")
    file.append(replace(GOOD))
    file.append(replace(GOOD, state="committed"))
    assert file.read() == [replace(GOOD, state="committed", program="new")]


def test_added_up_each_result_says_whose_it_is(path: Path) -> None:
    ResultsFile(path, "old").append(replace(GOOD, case="of an old program"))
    ResultsFile(path, "old").append(replace(GOOD))
    ResultsFile(path, "old", "no-fsync").append(replace(GOOD, case="planted"))
    file = ResultsFile(path, "new")
    file.append(replace(GOOD))
    found = file.read(of_any_program=True)
    assert [(row.case, row.program) for row in found] == [
        ("of an old program", "old"),
        (GOOD.case, "new"),
    ]
    assert summary(found, 5)["runs_of_program"] == {"old": 1, "new": 1}


def test_a_failure_that_a_later_program_survived_is_not_forgotten(path: Path) -> None:
    file = ResultsFile(path, "old")
    file.append(replace(GOOD, untrue=["a lie"]))
    file.append(replace(GOOD, case="never there", reached=False))
    file = ResultsFile(path, "new")
    file.append(replace(GOOD))
    newest = file.read(of_any_program=True)
    found = failed_before(file.history(), newest)
    assert [(row["program"], row["untrue"]) for row in found] == [("old", ["a lie"])]
    assert failed_before(file.history(), file.history()) == []


def test_what_failed_with_an_earlier_program_is_played_again(path: Path) -> None:
    old = ResultsFile(path, "old")
    old.append(replace(GOOD, case="sound"))
    old.append(replace(GOOD, case="stranded", stranded=["x"]))
    new = ResultsFile(path, "new")
    new.append(replace(GOOD, case="stranded now", stranded=["x"]))
    new.append(replace(GOOD, case="missed", reached=False))
    assert set(matrix.known(new, of_any_program=True)) == {"sound", "stranded now"}
    assert set(matrix.known(new, of_any_program=False)) == {"stranded now"}


def test_a_planted_bug_is_caught_by_a_case_that_was_played_with_it_and_by_no_other() -> None:
    plants = {"a": "no-fsync", "b": "no-fsync", "c": "server-only"}
    rows = [
        replace(GOOD, case="a", untrue=["entries are gone"]),
        replace(GOOD, case="b"),
        replace(GOOD, case="c", reached=False),
        replace(GOOD, case="d", stranded=["x"]),
    ]
    assert caught(rows, plants) == {"no-fsync": ["a"], "server-only": []}


def test_the_line_says_what_was_wrong() -> None:
    assert " ok " in line(GOOD, 1, 9, 61.0)
    assert "1m01s" in line(GOOD, 1, 9, 61.0)
    text = line(replace(GOOD, untrue=["a lie"], lost=3), 1, 9, 61.0)
    assert "FAILED" in text
    assert "a lie" in text
    assert "3 lost" in text
    assert "MISSED" in line(replace(GOOD, reached=False), 1, 9, 61.0)
