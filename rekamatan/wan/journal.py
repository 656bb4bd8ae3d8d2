"""The write-ahead journal: one JSON line per step, each with a checksum, durable before the act.

A power cut may tear the last line: it is recognised and cut off, because the act it announced
has not begun. A complete line that cannot be read, or one that is missing, is damage: what it
announced may have been done, so it is never skipped in silence. It stops new switches.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from rekamatan.errors import RefusedError, RekamatanError
from rekamatan.models import SwitchState
from rekamatan.wan.ports import replace

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.wan.ports import Disk

JOURNAL = "journal.jsonl"
ARCHIVE = "journal.1.jsonl"  # what the last rotation took out
ASIDE = "journal.damaged.jsonl"
MAX_BYTES = 256_000  # a run takes 10 to 25 kB; the file is read whole, twice a second in a switch
TERMINAL = frozenset(
    {SwitchState.COMMITTED, SwitchState.REVERTED, SwitchState.STRANDED, SwitchState.REFUSED}
)


class JournalError(RekamatanError):
    """The journal could not be written: without it nothing may be touched."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of one run. `monotonic` compares only within the same `boot_id`."""

    seq: int
    run_id: str
    state: SwitchState
    boot_id: str
    monotonic: float
    wall: str  # ISO 8601 UTC, a label
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A journal as found: its good entries, and what was wrong with the rest."""

    entries: tuple[Entry, ...]
    sound_bytes: int  # length of the part before a torn end
    torn: bool  # the last line is incomplete: a power cut
    damage: str  # what cannot be read and is no power cut's doing; empty when all is sound
    end_lost: bool  # the newest line is the unreadable one: the newest step is not known

    @property
    def damaged(self) -> bool:
        """True when a step cannot be read that may have been acted upon."""
        return bool(self.damage)


def encode(entry: Entry) -> bytes:
    """One line, checksum last."""
    body = {
        "seq": entry.seq,
        "run_id": entry.run_id,
        "state": entry.state.value,
        "boot_id": entry.boot_id,
        "monotonic": round(entry.monotonic, 3),
        "wall": entry.wall,
        "data": entry.data,
    }
    return json.dumps(body | {"sha256": _checksum(body)}, sort_keys=True).encode() + b"\n"


def decode(content: bytes) -> Reading:
    """Pure: the entries in `content`, recognising a torn end and damage."""
    lines = content.splitlines(keepends=True)
    found = [_decode_line(line) for line in lines]
    torn = bool(found) and found[-1] is None and _cut_short(lines[-1])
    body = found[:-1] if torn else found
    return Reading(
        entries=tuple(entry for entry in body if entry is not None),
        sound_bytes=len(content) - (len(lines[-1]) if torn else 0),
        torn=torn,
        damage=_damage(body),
        end_lost=bool(body) and body[-1] is None,
    )


def _cut_short(line: bytes) -> bool:
    """How a power cut leaves an append that was not synced: without its end, or as zeros."""
    return not line.endswith(b"\n") or b"\0" in line


def _damage(body: list[Entry | None]) -> str:
    """The first thing wrong, in words; empty when every step is there."""
    for number, entry in enumerate(body, start=1):
        if entry is None:
            return f"line {number} of {JOURNAL} cannot be read"
    for first, second in pairwise(entry for entry in body if entry is not None):
        if second.seq != first.seq + 1:
            return f"entries {first.seq + 1} to {second.seq - 1} of {JOURNAL} are missing"
    return ""


def _decode_line(line: bytes) -> Entry | None:
    if not line.endswith(b"\n"):
        return None
    try:
        body = json.loads(line)
        checksum = body.pop("sha256")
        if checksum != _checksum(body):
            return None
        return Entry(**(body | {"state": SwitchState(body["state"])}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


class Journal:
    """The journal on one disk.

    Args:
        disk: where it is.
        clock: stamps the entries.
    """

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock
        content = disk.read(JOURNAL)
        self._new = content is None
        self._content = content or b""
        self._reading = decode(self._content)
        self._entries = list(self._reading.entries)

    @property
    def damage(self) -> str:
        """What cannot be read, in words; empty when the journal is sound."""
        return self._reading.damage

    @property
    def damaged(self) -> bool:
        """True when a step cannot be read that may have been acted upon."""
        return self._reading.damaged

    @property
    def end_lost(self) -> bool:
        """True when the newest step is the one that cannot be read."""
        return self._reading.end_lost

    def secure(self) -> None:
        """Make durable what a killed process may have left in memory only.

        An entry that is read is acted upon, so it must not vanish at the next power cut.
        """
        if not self._new:
            self._disk.sync(JOURNAL)
            self._disk.sync_directory(JOURNAL)

    def of_run(self, run_id: str) -> tuple[Entry, ...]:
        """All entries of one run, oldest first."""
        return tuple(entry for entry in self._entries if entry.run_id == run_id)

    def unfinished(self) -> tuple[Entry, ...]:
        """Entries of the newest run when it has not ended, else nothing."""
        if not self._entries or self._entries[-1].state in TERMINAL:
            return ()
        return self.of_run(self._entries[-1].run_id)

    def last_run(self) -> tuple[Entry, ...]:
        """Entries of the newest run."""
        return self.of_run(self._entries[-1].run_id) if self._entries else ()

    def record(self, run_id: str, state: SwitchState, data: dict[str, Any]) -> Entry:
        """Write one step and return only when it would survive a power cut.

        Raises:
            JournalError: the disk did not take it; the act must not be done.
        """
        entry = self.stamped(run_id, state, data)
        try:
            self._append(encode(entry))
        except OSError as error:
            # What part of the line reached the disk is not known: look again before the next one.
            self._reload()
            raise JournalError(
                "journal", f"write {state}", str(error), "free space on the server's disk"
            ) from error
        self._entries.append(entry)
        return entry

    def stamped(self, run_id: str, state: SwitchState, data: dict[str, Any]) -> Entry:
        """The step as it would be written now; not written."""
        return Entry(
            seq=self._entries[-1].seq + 1 if self._entries else 1,
            run_id=run_id,
            state=state,
            boot_id=self._clock.boot_id(),
            monotonic=self._clock.monotonic(),
            wall=self._clock.wall().isoformat(timespec="seconds"),
            data=data,
        )

    def _append(self, line: bytes) -> None:
        if self._reading.torn:
            self._write_anew(self._content[: self._reading.sound_bytes])
        self._disk.append(JOURNAL, line)
        self._disk.sync(JOURNAL)
        if self._new:
            self._disk.sync_directory(JOURNAL)
            self._new = False
        self._content += line

    def rotate(self) -> None:
        """Keep the file bounded: between runs, older runs move to `ARCHIVE`.

        The newest runs stay, so that a request that was begun is never begun again. A power cut
        leaves the long journal or the short one. Outcomes are in the evidence chain for ever.

        Raises:
            OSError: the disk did not take it; the journal is as before.
        """
        if len(self._content) <= MAX_BYTES or self.damaged or self.unfinished():
            return
        replace(self._disk, ARCHIVE, self._content)
        self._start_again(_newest_runs(self._entries, MAX_BYTES // 4))

    def set_aside(self) -> str:
        """Put a damaged journal away under `ASIDE`, and go on after its last entry, an outcome.

        Returns:
            What was wrong with it.

        Raises:
            RefusedError: it is not damaged, or a run in it is still open.
            OSError: the disk did not take it; the journal is as before.
        """
        damage = self.damage
        if not damage or self.end_lost or self.unfinished():
            reason = "a run is still open" if damage else "it is not damaged"
            raise RefusedError(JOURNAL, "set aside", reason, "see `rekamatan wan pending`")
        replace(self._disk, ASIDE, self._content)
        self._start_again(tuple(self._entries[-1:]))
        return damage

    def _start_again(self, entries: tuple[Entry, ...]) -> None:
        self._write_anew(b"".join(encode(entry) for entry in entries))

    def _write_anew(self, content: bytes) -> None:
        replace(self._disk, JOURNAL, content)
        self._reload()

    def _reload(self) -> None:
        self._content = self._disk.read(JOURNAL) or b""
        self._reading = decode(self._content)
        self._entries = list(self._reading.entries)


def _newest_runs(entries: list[Entry], room: int) -> tuple[Entry, ...]:
    """Whole runs from the end that fit into `room` bytes; at least the newest one."""
    kept: list[Entry] = []
    for _, run in groupby(reversed(entries), key=lambda entry: entry.run_id):
        found = list(run)
        room -= sum(len(encode(entry)) for entry in found)
        if kept and room < 0:
            break
        kept += found
    return tuple(reversed(kept))
