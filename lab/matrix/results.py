"""What was found so far: one line a case, so that a run can be resumed; and the sum of it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from statistics import median
from typing import TYPE_CHECKING, Any

from lab.matrix.trial import Result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAMES = {field.name for field in fields(Result)}


class ResultsFile:
    """`build/faults/results.jsonl`.

    Args:
        path: the file.
        stamp: what the results are about (program, planted bug): others are not taken up again.
    """

    def __init__(self, path: Path, stamp: str) -> None:
        self._path = path
        self._stamp = stamp

    def append(self, result: Result) -> None:
        """Add one line."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"stamp": self._stamp, **asdict(result)}) + "\n")

    def read(self) -> list[Result]:
        """The results of this stamp, the newest of each case, in the order they came about."""
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        found: dict[str, Result] = {}
        for line in text.split("\n")[:-1]:
            row: dict[str, Any] = json.loads(line)
            if row.get("stamp") == self._stamp:
                found.pop(row["case"], None)
                found[row["case"]] = Result(**{k: row[k] for k in _NAMES if k in row})
        return list(found.values())


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
