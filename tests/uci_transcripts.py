"""Recorded sessions of the real uci, where they are at hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PLACE = Path(__file__).parents[2] / "shared/reference/uci-transcripts"
_ANSWER = re.compile(
    r"(?: \(empty\))?\n(.*?)^--- stderr(?: \(empty\))?\n(.*?)^--- rc (\d+)",
    re.DOTALL | re.MULTILINE,
)


class Step(NamedTuple):
    """A command and what it did."""

    command: str
    out: str
    err: str
    status: int


def steps(name: str) -> list[Step]:
    """The steps of one session, in order."""
    text = (PLACE / name).read_text(encoding="utf-8")
    found = []
    for block in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, rest = block.partition("\n--- stdout")
        match = _ANSWER.match(rest)
        assert match, block
        found.append(Step(command, match[1], match[2], int(match[3])))
    return found
