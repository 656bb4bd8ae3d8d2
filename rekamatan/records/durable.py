"""Writes that a power cut cannot take back: fsync of the file, rename, fsync of the directory."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def fsync_directory(directory: Path) -> None:
    """Make names created, renamed or removed in `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Make what was written to `path`, by whomever, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stamp_durably(path: Path, moment: datetime) -> None:
    """Make the file carry its own time, and all its bytes durable with it.

    A rebuilt ledger reads the time back from here.
    """
    seconds = int(moment.timestamp())
    os.utime(path, (seconds, seconds))
    fsync_file(path)


def has_sha256(path: Path, sha256: str) -> bool:
    """Read the file back and compare; False when it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def make_directory(directory: Path) -> None:
    """Create `directory` and its parents, each entry durable in its own parent."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    fsync_directory(directory.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all; on return it is on the disk."""
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    fsync_directory(path.parent)


def move_apart(path: Path, directory: Path) -> None:
    """Keep a file that nobody vouches for out of the way, beside what came there before it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    move_durably(path, directory / f"{path.name}.{stamp}")


def move_durably(source: Path, target: Path) -> None:
    """Rename an already synced file; both directories know it on return."""
    make_directory(target.parent)
    source.rename(target)
    fsync_directory(target.parent)
    if source.parent != target.parent:
        fsync_directory(source.parent)
