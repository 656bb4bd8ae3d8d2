"""One payload from the disk to the stick: whole, synced, and read back from the stick itself.

Sticks lie: worn or counterfeit ones take every write and give back something else. Hence the
page cache is dropped and the bytes are read again before a record counts as carried.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from rekamatan.records.durable import make_directory, write_durably
from rekamatan.records.stick import StickError, stick_errors

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.records.stick_manifest import CarriedRecord


class BadSourceError(Exception):
    """The record itself cannot be carried; `code` is that of its `Problem`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def is_whole(path: Path, record: CarriedRecord) -> bool:
    """True when these very bytes are at `path`; they are read from the medium, not from memory."""
    try:
        if path.stat().st_size != record.size:
            return False
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest() == record.sha256


def copy_to_stick(source: Path, target: Path, record: CarriedRecord, stick: Path) -> None:
    """Put `source` at `target`, or nothing.

    Raises:
        BadSourceError: the disk's copy is gone, unreadable, or not the record it is named after.
        StickError: the stick is full, read-only, gone, or does not give back what it was given.
    """
    payload = _payload(source)
    if hashlib.sha256(payload).hexdigest() != record.sha256:
        raise BadSourceError("altered", "its bytes are not those that were recorded")
    with stick_errors(stick, "write a record"):
        make_directory(target.parent)
        write_durably(target, payload)
        whole = is_whole(target, record)
    if not whole:
        _drop(target)
        reason = f"it gave back other bytes than were written ({record.id})"
        hint = "this stick is broken or counterfeit: throw it away and take another"
        raise StickError("broken", stick, "read a record back", reason, hint)


def _payload(source: Path) -> bytes:
    """The record (megabytes at most); a dying disk's error is the record's, not the stick's."""
    try:
        return source.read_bytes()
    except FileNotFoundError as error:
        raise BadSourceError("missing", "it is not on this disk any more") from error
    except OSError as error:
        raise BadSourceError("unreadable", error.strerror or "read error") from error


def _drop(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the stick is gone or read-only, and no manifest names this file
