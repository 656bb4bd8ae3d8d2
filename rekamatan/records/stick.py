"""A stick that carries records by car: what lies where on it, and what can be wrong with it.

    <stick>/rekaman/<site>/manifest.json        what it carries, signed with the site's own key
                           records/<xx>/<id>.rec  payloads; xx: first two digits of the sha256
                           receipts.jsonl       written at the data centre, one receipt a line

Sticks are FAT. There a name takes one directory entry per 13 characters and a directory holds
65,536 entries (Microsoft FAT specification 1.03: 2 MiB of 32 bytes): hence short names in 256
directories, not the spool's long ones in one, which would be full at 6,500 records.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rekamatan.records.stick_manifest import CarriedRecord

FOLDER = "rekaman"
NOTE_EVERY_S = 60.0  # manifest or receipts are written so often: a pulled stick is still of use
_REFUSALS = {"read_only", "not_writable", "other_site", "same_disk", "busy", "forged", "no_stick"}
_CODES = {
    errno.EROFS: "read_only",
    errno.EACCES: "not_writable",
    errno.EPERM: "not_writable",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
}
_HINTS = {
    "read_only": "move the stick's lock, or take another stick",
    "not_writable": "run it as root",
    "full": "take a bigger stick, or a second one",
    "gone": "put the stick in again and repeat: what is done stays done",
}


class StickError(RecordError):
    """Something about the stick; `code` is what programs and translations go by.

    Codes: read_only, not_writable, full, gone, broken, other_site, same_disk, busy, forged,
    no_stick, nothing_here. Those that refuse before anything was written have exit code 3.
    """

    def __init__(self, code: str, stick: Path, action: str, reason: str, hint: str = "") -> None:
        super().__init__(str(stick), action, reason, hint or _HINTS.get(code, ""))
        self.code = code
        self.stick = stick
        self.exit_code = 3 if code in _REFUSALS else 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One record that did not come along, and why; all others did."""

    record_id: str
    code: str  # altered, unreadable, missing, conflict, unproven, misnamed, disk_full
    detail: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a carrying has come; `total_bytes` is 0 where sizes do not matter."""

    done: int
    total: int
    done_bytes: int = 0
    total_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One site's part of a stick."""

    stick: Path
    site: str

    @property
    def directory(self) -> Path:
        """Everything of this site."""
        return self.stick / FOLDER / self.site

    @property
    def manifest(self) -> Path:
        """What the site says it put here."""
        return self.directory / "manifest.json"

    @property
    def receipts(self) -> Path:
        """What the data centre says it has."""
        return self.directory / "receipts.jsonl"

    def payload(self, record: CarriedRecord) -> Path:
        """Where the bytes of `record` are."""
        return self.directory / "records" / record.sha256[:2] / f"{record.id}.rec"

    @contextmanager
    def locked(self) -> Iterator[Callable[[], None]]:
        """One carrying at a time; yields a check that this is still the same stick.

        A stick that is pulled out may be unmounted behind our back: its path is then a directory
        of the server's own disk, which must not be filled in its stead.
        """
        with stick_errors(self.stick, "lock"):
            descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield lambda: self._require(descriptor)
        except BlockingIOError:
            hint = "wait until the other one is done"
            raise StickError("busy", self.stick, "lock", "it is in use already", hint) from None
        finally:
            os.close(descriptor)

    def _require(self, descriptor: int) -> None:
        with stick_errors(self.stick, "look for the stick"):
            here = self.directory.stat()
        if not os.path.samestat(here, os.fstat(descriptor)):
            raise StickError("gone", self.stick, "look for the stick", "it was unmounted")


def parcels(stick: Path) -> list[Parcel]:
    """The sites whose records or receipts are on the stick.

    Raises:
        StickError: there is no such directory.
    """
    if not stick.is_dir():
        raise StickError("no_stick", stick, "look", "no such directory", "is the stick mounted?")
    with stick_errors(stick, "look"):
        folder = stick / FOLDER
        return [Parcel(stick, p.name) for p in sorted(folder.glob("*")) if p.is_dir()]


@contextmanager
def stick_errors(stick: Path, action: str) -> Iterator[None]:
    """Turn what the kernel says about the stick into a `StickError` with a next step."""
    try:
        yield
    except OSError as error:
        code = _CODES.get(error.errno or 0, "gone")
        reason = error.strerror or type(error).__name__
        raise StickError(code, stick, action, reason) from error
