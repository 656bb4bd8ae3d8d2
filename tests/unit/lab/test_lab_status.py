"""Which bearers the lab's status believes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.status import held_bearers

if TYPE_CHECKING:
    from pathlib import Path


def test_only_a_living_bearer_counts(tmp_path: Path) -> None:
    lines = {
        "101": ["/usr/bin/sgsnemu", "--apn", "kpu.telkomsel", "--imsi", "510100000000001"],
        "102": ["cat", "--imsi", "510010000000002"],
        "103": [""],  # a kernel thread has no command line
        "self": ["sgsnemu", "--imsi", "510010000000003"],
    }
    for process, words in lines.items():
        (tmp_path / process).mkdir()
        (tmp_path / process / "cmdline").write_text("\0".join(words), encoding="utf-8")
    (tmp_path / "104").mkdir()  # it ended between listing and reading
    assert held_bearers(tmp_path) == {"510100000000001"}
