"""Ways in which a device misbehaves, chosen from outside.

A real modem accepts a setting and does not apply it, answers an error with exit status 0, or has a
timer that never fires. Tests ask for these by a file on the flash or by a constructor argument.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Faults:
    """What goes wrong; patterns are regular expressions searched in the command line."""

    answers: dict[str, str] = field(default_factory=dict)  # pattern -> text instead of doing it
    ignore: list[str] = field(default_factory=list)  # accepted silently, nothing done
    hang: list[str] = field(default_factory=list)  # never answered; the session stays open
    hang_up_after: list[str] = field(default_factory=list)  # done, then every session drops, once
    timers_dead: bool = False  # the scheduler lists its entries and never runs them

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Faults:
        """Build from parsed JSON; an unknown key is an error, not a fault that never happens."""
        known = {item.name for item in fields(cls)}
        if unknown := set(document) - known:
            message = f"faults: unknown keys {sorted(unknown)}; known are {sorted(known)}"
            raise ValueError(message)
        return cls(**document)

    def answer(self, line: str) -> str | None:
        """The false answer to give to `line`, if one is asked for."""
        for pattern, text in self.answers.items():
            if re.search(pattern, line):
                return text
        return "" if any(re.search(pattern, line) for pattern in self.ignore) else None

    def hangs(self, line: str) -> bool:
        """Whether `line` is never answered."""
        return any(re.search(pattern, line) for pattern in self.hang)

    def hangs_up(self, line: str) -> bool:
        """Whether all sessions drop after `line`; each pattern works once."""
        for pattern in self.hang_up_after:
            if re.search(pattern, line):
                self.hang_up_after.remove(pattern)
                return True
        return False


class FaultFile:
    """Faults as a file says, read again whenever the file changes."""

    def __init__(self, path: Path | None, initial: Faults | None = None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._faults = initial or Faults()

    def current(self) -> Faults:
        """The faults in force now."""
        stamp = self._read_stamp()
        if self._path is not None and stamp != self._stamp:
            text = self._path.read_text(encoding="utf-8") if stamp else "{}"
            self._faults = Faults.from_document(json.loads(text or "{}"))
            self._stamp = stamp
        return self._faults

    def _read_stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat() if self._path else None
        except FileNotFoundError:
            return None
        return (status.st_mtime_ns, status.st_ino) if status else None
