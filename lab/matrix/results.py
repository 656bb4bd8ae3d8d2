"""What was found so far: one line a case, so that a run can be resumed; and the sum of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, fields
from statistics import median
from typing import TYPE_CHECKING, Any

from lab.matrix.trial import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NAMES = {field.name for field in fields(Result)}


class ResultsFile:
    """`build/faults/results.jsonl`: every case that was ever played to its end.

    Args:
        path: the file.
        program: digest of the sites' program.
        plant: the bug planted in it, or "": results with another one are never taken up again.
    """

    def __init__(self, path: Path, program: str, plant: str = "") -> None:
        self._path = path
        self._program = program
        self._plant = plant

    def append(self, result: Result) -> None:
        """Add one line; notes in the result which program it is about."""
        result.program = self._program
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"plant": self._plant, **asdict(result)}) + "\n")

    def read(self, *, of_any_program: bool = False) -> list[Result]:
        """The newest result of each case with this program, or with any, oldest first."""
        found: dict[str, Result] = {}
        for result in self.history():
            if of_any_program or result.program == self._program:
                found.pop(result.case, None)
                found[result.case] = result
        return list(found.values())

    def history(self) -> list[Result]:
        """All that was ever found, of every program, with this planted bug or with none."""
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        rows: list[dict[str, Any]] = [json.loads(line) for line in text.split("\n")[:-1]]
        mine = [row for row in rows if row["plant"] == self._plant]
        return [Result(**{k: row[k] for k in _NAMES if k in row}) for row in mine]


def failed_before(history: Iterable[Result], newest: Iterable[Result]) -> list[dict[str, Any]]:
    """What was found wrong at a time and does not stand in `newest`: a later run replaced it."""
    standing = [asdict(result) for result in newest]
    return [
        row
        for result in history
        if result.reached and not result.sound and (row := asdict(result)) not in standing
    ]


def caught(results: Iterable[Result], plants: Mapping[str, str]) -> dict[str, list[str]]:
    """Planted bug -> the cases that showed it; none: it went unnoticed."""
    found: dict[str, list[str]] = {plant: [] for plant in plants.values()}
    for result in results:
        if result.reached and not result.sound and result.case in plants:
            found[plants[result.case]].append(result.case)
    return found


def summary(results: Iterable[Result], seed: int, planted: str = "") -> dict[str, Any]:
    """The content of `build/faults.json`. Seconds; a case that missed its point is no run."""
    rows = list(results)
    runs = [row for row in rows if row.reached]
    reverts = [row.revert_s for row in runs if row.revert_s is not None]
    alone = [row.modem_alone_s for row in runs if row.modem_alone_s is not None]
    return {
        "runs": len(runs),
        "missed": len(rows) - len(runs),
        "stranded": sum(bool(row.stranded) for row in runs),
        "untrue_reports": sum(bool(row.untrue) for row in runs),
        "records_lost": sum(row.lost for row in runs),
        "max_outage_s": max((row.outage_s or 0.0 for row in runs), default=None),
        "max_revert_s": max(reverts, default=None),
        "median_revert_s": round(median(reverts), 1) if reverts else None,
        "max_modem_alone_s": max(alone, default=None),
        "runs_of_program": dict(Counter(row.program for row in runs)),
        "seed": seed,
        "planted": planted,
        "cases": [asdict(row) for row in rows],
    }


def line(result: Result, number: int, count: int, elapsed_s: float) -> str:
    """Progress for people: which case, how it ended, what was wrong."""
    minutes, seconds = divmod(int(elapsed_s), 60)
    figures = [
        f"{word} {value:.0f} s"
        for word, value in (
            ("outage", result.outage_s),
            ("reverted after", result.revert_s),
            ("modem alone", result.modem_alone_s),
        )
        if value is not None
    ]
    wrong = [*result.stranded, *result.untrue, *([f"{result.lost} lost"] if result.lost else [])]
    word = "ok" if result.sound else "FAILED"
    if not result.reached:
        word, wrong = "MISSED", [f"it never came to this point: {result.reason}"]
    head = f"[{number:3}/{count} {minutes:3}m{seconds:02}s] {word:6} {result.case:48}"
    tail = "".join(f"\n{'':20}- {text}" for text in wrong)
    return f"{head} {result.site:16} {result.state:10} {', '.join(figures)}{tail}"
