"""Receiving records, free of HTTP: announce, append, finish, and the refusals."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import (
    SECONDS_FORMAT,
    ConflictError,
    LedgerUnavailableError,
    StoredRecord,
)
from rekamatan.records.capture_words import CaptureStoppedError
from rekamatan.records.durable import move_durably, stamp_durably
from rekamatan.records.incoming import DiskFullError, TooManyUnfinishedError
from rekamatan.records.names import RecordName, is_canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.archive import Archive
    from rekamatan.records.captures import CaptureDesk
    from rekamatan.records.incoming import Incoming, PartialUpload
    from rekamatan.records.metadata import Offer
    from rekamatan.records.receipts import SignedReceipt

_alarm = logging.getLogger("rekamatan.records.alarm")


class AlteredError(RecordError):
    """All bytes came, and they are not the announced ones; the upload starts again at 0."""


@dataclass(frozen=True, slots=True)
class Reception:
    """One role's reception desk. All methods block on the disk; call them off the event loop."""

    incoming: Incoming
    archive: Archive
    accepts_canaries: bool
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    captures: CaptureDesk | None = None  # where records are captured

    def look_up(self, record_id: str, owner: str) -> PartialUpload | StoredRecord | None:
        """What is here under this id *for this owner*; another identity's record is not here.

        A complete but unfinished upload (power cut between last byte and answer) is finished now.
        """
        found = self._find(record_id)
        if found is None or found.owner != owner:
            return None
        if isinstance(found, StoredRecord):
            return found
        return self.finish(found) if found.complete else found

    def create(self, offer: Offer, owner: str) -> PartialUpload | StoredRecord:
        """Announce `offer`, or find what is already here of it.

        Raises:
            ConflictError: the id belongs to other bytes or to another identity.
            CaptureStoppedError: captures are stopped, and this one did not begin before that.
            DiskFullError: it would not fit above the floor.
            RecordError: canary ids are reserved where records are captured.
        """
        if is_canary(offer.record_id) and not self.accepts_canaries:
            # A canary is deleted after a day: a person's record under such an id would be lost.
            raise RecordError(offer.record_id, "create", "ids that begin with canary- are reserved")
        found = self._find(offer.record_id)
        if found is None:
            return self._announce(offer, owner)
        sha256 = found.sha256 if isinstance(found, StoredRecord) else found.offer.sha256
        if (sha256, found.owner) != (offer.sha256, owner):
            _alarm.critical(
                "conflict: record %s offered by %s with sha256 %s; held for %s with sha256 %s",
                *(offer.record_id, owner, offer.sha256, found.owner, sha256),
            )
            raise ConflictError(offer.record_id, "create", "this id is taken by another record")
        if isinstance(found, StoredRecord):
            return found
        return self.finish(found) if found.complete else found

    def _announce(self, offer: Offer, owner: str) -> PartialUpload:
        """Where records are captured, policy, link and permits have a say beside the floor."""
        if self.captures is None:
            return self.incoming.create(offer, owner)
        under_way = self.captures.admit(offer.record_id, owner)
        try:
            return self.incoming.create(offer, owner, under_way=under_way)
        except TooManyUnfinishedError:
            raise
        except DiskFullError as error:
            raise CaptureStoppedError("disk_full", offer.record_id, error.reason) from error

    def finish(self, partial: PartialUpload) -> StoredRecord:
        """Verify, sync, rename, enter in the ledger: only then may the record be answered.

        Raises:
            AlteredError: the bytes are not the announced ones; the upload is discarded.
            LedgerUnavailableError: not entered; the upload is as before, complete.
            ConflictError: the id was taken by other bytes meanwhile.
        """
        offer = partial.offer
        if not partial.matches_hash():
            self.incoming.discard(offer.record_id)
            _alarm.critical("altered: record %s from %s", offer.record_id, partial.owner)
            raise AlteredError(offer.record_id, "finish", "bytes differ from the announced sha256")
        stored_at = self.now().replace(microsecond=0)
        stamp_durably(partial.path, stored_at)
        name = RecordName(offer.record_id, offer.sha256, partial.owner)
        target = self.archive.destination(name, stored_at)
        move_durably(partial.path, target)
        record = StoredRecord(
            *(offer.record_id, offer.sha256, offer.size, partial.owner),
            *(stored_at.strftime(SECONDS_FORMAT), target),
        )
        try:
            entered = self.archive.enter(record)
        except LedgerUnavailableError:
            move_durably(target, partial.path)
            raise
        self.incoming.discard(offer.record_id)
        if self.captures is not None:
            self.captures.end(offer.record_id, partial.owner)
        return entered

    def receipt(self, record: StoredRecord) -> SignedReceipt | None:
        """The receipt for a finished record, where the role has one."""
        return self.archive.receipt(record)

    def _find(self, record_id: str) -> PartialUpload | StoredRecord | None:
        return self.archive.find(record_id) or self.incoming.find(record_id)
