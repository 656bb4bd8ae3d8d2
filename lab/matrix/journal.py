"""The switch's journal as the lab reads it: on purpose not with the product's own reader."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = "journal.jsonl"
TERMINAL = frozenset({"committed", "reverted", "stranded", "refused"})
_BEFORE = {
    "preflight": "planned",
    "armed": "preflight",
    "applied": "armed",
    "attached": "applied",
    "gated": "attached",
    "reverting": "gated",
    "confirming": "gated",
    "committed": "confirming",
    "reverted": "reverting",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sound entry."""

    seq: int
    run_id: str
    state: str
    digest: str
    gate: str = ""  # the verdict, in a `gated` entry

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.state in TERMINAL


def read(content: bytes) -> tuple[Line, ...]:
    """The sound lines of a journal, or of its tail; a torn or altered line is left out."""
    found = [_line(text) for text in content.split(b"\n")]
    return tuple(line for line in found if line is not None)


def _line(text: bytes) -> Line | None:
    try:
        body: dict[str, Any] = json.loads(text)
        digest = body.pop("sha256")
        expected = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        if digest != expected:
            return None
        gate = body["data"].get("gate") or {}
        return Line(body["seq"], body["run_id"], body["state"], digest, gate.get("verdict", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def missing(promised: Iterable[Line], found: Iterable[Line]) -> tuple[Line, ...]:
    """Entries that were acted upon and are not there any more, byte for byte."""
    there = {(line.seq, line.digest) for line in found}
    return tuple(line for line in promised if (line.seq, line.digest) not in there)


def about_to_write(state: str, last: Line | None, base: int) -> bool:
    """Whether the entry written after `last` will be `state`.

    Args:
        state: the awaited one.
        last: the journal's newest entry.
        base: sequence number of the newest entry before this run.
    """
    if last is None or last.seq <= base:
        return state == "planned"
    if last.state != _BEFORE.get(state):
        return False
    if last.state != "gated":
        return True
    return (last.gate == "fail") == (state == "reverting")
