"""A hash-chained log: each line carries the SHA-256 of the line before it.

Nothing is ever rewritten. A line that a power cut tore stays where it is, is closed by the next
append and takes part in the chain as it is; so a torn line is told apart from a changed one.
Cutting off the newest lines shows only against a head kept elsewhere: `export` carries it away.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rekamatan.errors import ConfigError, RekamatanError
from rekamatan.evidence.redaction import refuse_personal_and_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

START = "0" * 64  # `previous` of the first line
TAIL_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: its number from 1, when it was written, and what it says."""

    line: int
    at: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a reading of the whole chain found."""

    entries: tuple[Entry, ...]
    head: str  # SHA-256 of the last line; START for an empty chain
    broken: tuple[str, ...]  # sentences: where the chain does not fit
    torn: tuple[int, ...]  # lines that a power cut left incomplete

    @property
    def ok(self) -> bool:
        """True while nothing was changed, removed from the middle or put in."""
        return not self.broken


def append(path: Path, entry: Mapping[str, Any]) -> str:
    """Write one entry, durable on return.

    Returns:
        The new head of the chain.

    Raises:
        RefusedError: the entry holds a secret or a person's number.
        RekamatanError: it could not be written whole.
    """
    refuse_personal_and_secret(entry)
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path) as handle:
        tail = _last_line(handle)
        closing = b"" if tail is None or tail.endswith(b"\n") else b"\n"
        previous = START if tail is None else _digest(tail.removesuffix(b"\n"))
        body = {"at": _now(), "entry": dict(entry), "previous": previous}
        line = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        _write(handle, closing + line + b"\n", path)
        os.fsync(handle)
    if new:
        _sync_directory(path.parent)
    return _digest(line)


def verify(path: Path) -> Verification:
    """Read the whole chain.

    Raises:
        ConfigError: there is no chain, or it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        hint = "nothing was recorded on this machine yet, or run as root"
        raise ConfigError(str(path), "read", error.strerror or "unreadable", hint) from None
    return verify_bytes(content)


def verify_bytes(content: bytes) -> Verification:
    """`verify` for a chain that is already in memory."""
    entries: list[Entry] = []
    broken: list[str] = []
    torn: list[int] = []
    previous = START
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
        if not content:
            break
        entry, stated = _parse(line, number)
        if entry is None:
            torn.append(number)
        elif stated != previous:
            broken.append(f"line {number} does not follow line {number - 1}")
        if entry is not None:
            entries.append(entry)
        previous = _digest(line)
    # A line that is no JSON is forgiven only as what a power cut leaves: a beginning, cut off.
    broken += [f"line {n} is not an entry" for n in torn if not _cut_off(content, n)]
    return Verification(tuple(entries), previous, tuple(broken), tuple(torn))


def _parse(line: bytes, number: int) -> tuple[Entry | None, str]:
    try:
        body = json.loads(line)
        return Entry(number, str(body["at"]), dict(body["entry"])), str(body["previous"])
    except (ValueError, KeyError, TypeError):
        return None, ""


def _cut_off(content: bytes, number: int) -> bool:
    """True for a line that begins like an entry and just stops; blocks never written read as 0."""
    line = content.removesuffix(b"\n").split(b"\n")[number - 1].rstrip(b"\0")
    return b'{"at": '.startswith(line[:7]) and not line.endswith(b"}")


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _last_line(handle: int) -> bytes | None:
    """The last line with its newline, if it has one; None for an empty file."""
    size = os.fstat(handle).st_size
    reach = TAIL_BYTES
    while True:
        start = max(0, size - reach)
        tail = os.pread(handle, size - start, start)
        cut = tail.rfind(b"\n", 0, len(tail) - 1)
        if cut >= 0 or start == 0:
            return tail[cut + 1 :] or None
        reach *= 4


def _write(handle: int, data: bytes, path: Path) -> None:
    try:
        written = os.write(handle, data)
    except OSError as error:
        raise RekamatanError(
            str(path), "append", error.strerror or "not written", "free some disk space"
        ) from None
    if written != len(data):
        raise RekamatanError(str(path), "append", "written only in part", "free some disk space")


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
