"""The account of captured records must not be kinder than the truth."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from lab import workstations
from lab.topology import District, LabSite
from lab.workstation import Capture, parse_sizes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Shelves(workstations.Hashes):
    """What lies where, without machines."""

    def __init__(self, centre: set[str], site: set[str]) -> None:
        self._shelves = {"pusat": centre, "server-kubu": site}

    def of(self, node: str, directory: str) -> set[str]:
        del directory
        return self._shelves[node]


def test_lost_waiting_and_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workstations, "WORKSTATIONS", tmp_path)
    events = [{"event": "started", "boottime": 1.0}]
    for at, digest in ((2.0, "a"), (9.0, "b"), (10.5, "c"), (11.0, "a")):
        events.append({"event": "captured", "boottime": at, "sha256": digest})
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (tmp_path / "kubu.jsonl").write_text(lines + '{"event": "capt')
    district = District((), (LabSite(1, "kubu", {}),), {})
    (row,) = workstations.account(district, Shelves({"a", "x"}, {"b"}))
    assert (row.captured, row.acknowledged, row.waiting, row.lost) == (3, 1, 1, 1)
    assert row.largest_gap_s == 7.0


def test_a_pause_between_two_runs_is_no_gap() -> None:
    def event(name: str, at: float) -> dict[str, object]:
        return {"event": name, "boottime": at}

    run = [event("started", 0.0), event("captured", 5.0), event("captured", 8.0)]
    again = [event("started", 900.0), event("captured", 904.0)]
    assert workstations.largest_gap(run + again) == 3.0
    assert workstations.largest_gap(again) is None


def test_refusals_between_two_captures_do_not_hide_the_gap() -> None:
    events = [
        {"event": "captured", "boottime": 1.0},
        {"event": "refused", "boottime": 3.0},
        {"event": "captured", "boottime": 61.0},
    ]
    assert workstations.largest_gap(events) == 60.0


def test_sizes_and_hash() -> None:
    assert parse_sizes("0.3:8,2:1.5") == [(300_000, 8.0), (2_000_000, 1.5)]
    capture = Capture(b"ciphertext")
    assert capture.sha256 == hashlib.sha256(b"ciphertext").hexdigest()
    assert capture.metadata().split(",")[1].startswith("sha256 ")
