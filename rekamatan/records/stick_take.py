"""Payloads from a stick into a reception: that of the data centre, or of a site's new server.

The stick goes through the very desk an upload goes through: same checks, same order of syncs, same
ledger. What came by link already is found there and counts once.
"""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rekamatan.records.account import service_hands
from rekamatan.records.archive import ConflictError, StoredRecord, moment_of
from rekamatan.records.incoming import DiskFullError, PartialWriter
from rekamatan.records.metadata import Offer
from rekamatan.records.reception import AlteredError
from rekamatan.records.stick import Parcel, Problem, stick_errors

if TYPE_CHECKING:
    from rekamatan.records.incoming import PartialUpload
    from rekamatan.records.reception import Reception
    from rekamatan.records.stick_manifest import CarriedRecord

_alarm = logging.getLogger("rekamatan.records.alarm")
_CHUNK_BYTES = 128 * 1024


class NoRoomError(Exception):
    """The disk here is at its floor; what was taken is safe, the rest stays on the stick."""


@dataclass(slots=True)
class Intake:
    """Takes one parcel's records, one by one.

    Args:
        reception: the desk; its `incoming` must be a directory of its own, because the running
            service appends to uploads in its own.
        parcel: where the payloads are.
        owner: who answers for all of them (the data centre: the site); None: each its workstation.
        max_size: largest record in bytes.
    """

    reception: Reception
    parcel: Parcel
    owner: str | None
    max_size: int
    taken: int = 0
    known: int = 0
    problems: list[Problem] = field(default_factory=list)

    def take(self, record: CarriedRecord) -> StoredRecord | None:
        """The record as it stands in the ledger afterwards; None with a `Problem` noted.

        Raises:
            NoRoomError: the floor is reached.
            StickError: the stick was pulled out.
            LedgerUnavailableError: nothing more can be entered now.
        """
        if not record.sound or record.size > self.max_size:
            self._note(record, "misnamed", "its id, hash, owner or size cannot be")
            return None
        owner = self.owner or record.owner
        with service_hands():
            found = self.reception.archive.find(record.id)
        if found is not None:
            return self._compare(record, owner, found)
        return self._bring_in(record, owner)

    def _compare(
        self, record: CarriedRecord, owner: str, found: StoredRecord
    ) -> StoredRecord | None:
        if (found.sha256, found.owner) == (record.sha256, owner):
            self.known += 1
            return found
        _alarm.critical(
            "conflict: record %s of %s by stick with sha256 %s; held for %s with sha256 %s",
            *(record.id, owner, record.sha256, found.owner, found.sha256),
        )
        self._note(record, "conflict", "this id is taken by other bytes or by another site")
        return None

    def _bring_in(self, record: CarriedRecord, owner: str) -> StoredRecord | None:
        try:
            with stick_errors(self.parcel.stick, "read a record"):
                payload = self._payload(record)
            if payload is None:
                return None
            with service_hands():
                stored = self._receive(record, owner, payload)
        except AlteredError:
            self._note(record, "altered", "its bytes on the stick are not those that were recorded")
            return None
        except ConflictError as error:
            self._note(record, "conflict", error.reason)
            return None
        except DiskFullError as error:
            raise NoRoomError(str(error)) from error
        except OSError as error:  # the stick's own are StickErrors by now: this is the disk here
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise NoRoomError("no space left on this server's disk") from error
        self.taken += 1
        return stored

    def _payload(self, record: CarriedRecord) -> bytes | None:
        """The bytes; a single bad file is that record's problem, a lost stick is everybody's."""
        path = self.parcel.payload(record)
        try:
            return path.read_bytes()
        except OSError as error:
            if not self.parcel.manifest.exists():
                raise
            missing = isinstance(error, FileNotFoundError)
            code = "missing" if missing else "unreadable"
            self._note(record, code, error.strerror or "read error")
            return None

    def _receive(self, record: CarriedRecord, owner: str, payload: bytes) -> StoredRecord:
        offer = Offer(record.id, record.sha256, record.size)
        desk = self._desk(record)
        partial = desk.create(offer, owner)
        if isinstance(partial, StoredRecord):  # came by link since we looked, or was complete
            return partial
        if len(payload) != record.size:
            self.reception.incoming.discard(record.id)
            raise AlteredError(record.id, "take from the stick", f"{len(payload)} bytes")
        _append(partial, payload)
        return desk.finish(partial)

    def _desk(self, record: CarriedRecord) -> Reception:
        """At a site a record keeps the time it was captured at; a receipt's time is its own."""
        if self.owner is not None:
            return self.reception
        captured = moment_of(record.captured_at)
        return replace(self.reception, now=lambda: captured)

    def _note(self, record: CarriedRecord, code: str, detail: str) -> None:
        self.problems.append(Problem(record.id, code, detail))


def _append(partial: PartialUpload, payload: bytes) -> None:
    """The rest after what an interrupted import left; the hash decides about the whole."""
    writer = PartialWriter(partial)
    try:
        for start in range(partial.offset, len(payload), _CHUNK_BYTES):
            if writer.write(payload[start : start + _CHUNK_BYTES]):
                writer.sync()
    finally:
        writer.close()
