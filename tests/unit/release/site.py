"""A site without a machine: the real receiver on a directory, a clock that only moves when told."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rekamatan.fleet import receiver
from rekamatan.fleet.follow import LinkLostError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class TestClock:
    __test__ = False
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def boot_id(self) -> str:
        return "boot"


@dataclass
class SiteChannel:
    """Runs the receiver's own code; the link can be cut before or after a call took effect."""

    root: Path
    cuts: dict[int, str] = field(default_factory=dict)  # call number -> "before" | "after"
    calls: list[list[str]] = field(default_factory=list)
    sent_bytes: int = 0
    resets: int = 0

    def call(self, arguments: list[str], payload: bytes = b"") -> str:
        number = len(self.calls)
        self.calls.append(arguments)
        if self.cuts.get(number) == "before":
            raise LinkLostError("cut before")
        self.sent_bytes += len(payload)
        text = self._run(arguments, payload)
        if self.cuts.get(number) == "after":
            raise LinkLostError("cut after")
        return text

    def reset(self) -> None:
        self.resets += 1

    def _run(self, arguments: list[str], payload: bytes) -> str:
        out = io.StringIO()
        stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(payload))
        try:
            with redirect_stdout(out):
                receiver.main(arguments)
        except SystemExit:
            pass
        finally:
            sys.stdin = stdin
        return out.getvalue()


def end_of(events: list[dict[str, Any]], exit_code: int, run: Path) -> None:
    """What the apply leaves: events, then the verdict."""
    (run / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    (run / "ended.json").write_text(json.dumps({"result": "x", "exit_code": exit_code}))
