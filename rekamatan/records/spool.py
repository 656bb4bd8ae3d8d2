"""The site's finished records: `spool/` until the receipt is here, `sent/` until retention ends."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import (
    CONFLICTS,
    SECONDS_FORMAT,
    ConflictError,
    LedgerUnavailableError,
    StoredRecord,
    moment_of,
)
from rekamatan.records.durable import (
    fsync_directory,
    fsync_file,
    has_sha256,
    make_directory,
    move_apart,
    move_durably,
    stamp_durably,
    write_durably,
)
from rekamatan.records.names import RecordName
from rekamatan.records.receipts import SignedReceipt, UnprovenError
from rekamatan.records.site_ledger import LEDGER, Finding, FindingKind, SiteEntry, SiteLedger

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.records.receipts import ReceiptVerifier

_log = logging.getLogger(__name__)
_alarm = logging.getLogger("rekamatan.records.alarm")


class Spool:
    """Implements `Archive` for the site and keeps payloads, receipts and ledger in step."""

    def __init__(self, directory: Path) -> None:
        self.spool = directory / "spool"
        self.sent = directory / "sent"
        self.receipts = directory / "receipts"
        for path in (self.spool, self.sent, self.receipts):
            make_directory(path)
        self.ledger = SiteLedger(directory / LEDGER)
        self._acknowledging = threading.Lock()  # a lane and the settlement may hold one receipt

    def find(self, record_id: str) -> StoredRecord | None:
        """The finished record with this id."""
        entry = self.ledger.find(record_id)
        if entry is None:
            return None
        facts = (entry.record_id, entry.sha256, entry.size, entry.owner, entry.captured_at)
        return StoredRecord(*facts, path=self.payload(entry))

    def destination(self, name: RecordName, stored_at: datetime) -> Path:
        """In the spool; the time does not matter at a site."""
        del stored_at
        return self.spool / name.file_name

    def enter(self, record: StoredRecord) -> StoredRecord:
        """Commit the row of a captured record; one that came by stick meanwhile stands."""
        facts = (record.record_id, record.sha256, record.size, record.owner, record.stored_at)
        if self.ledger.add(SiteEntry(*facts)):
            return record
        standing = self.find(record.record_id)
        if standing is None:
            raise LedgerUnavailableError(record.record_id, "enter", "the row is not there")
        if (standing.sha256, standing.owner) != (record.sha256, record.owner):
            move_apart(record.path, self.spool.parent / CONFLICTS)
            _alarm.critical("conflict: a second record %s was moved apart", record.record_id)
            raise ConflictError(record.record_id, "enter", "this id is taken by another record")
        stamp_durably(record.path, moment_of(standing.stored_at))
        return standing

    def receipt(self, record: StoredRecord) -> SignedReceipt | None:
        """The data centre's receipt, once the forwarder has verified it."""
        entry = self.ledger.find(record.record_id)
        if entry is None or entry.receipt is None:
            return None
        return SignedReceipt.from_json(entry.receipt)

    def maintain(self) -> None:
        """Nothing: purging belongs to the forwarder, which holds the receipts."""

    def payload(self, entry: SiteEntry) -> Path:
        """Where the bytes are: spool or sent."""
        name = RecordName(entry.record_id, entry.sha256, entry.owner).file_name
        waiting = self.spool / name
        return waiting if waiting.exists() else self.sent / name

    def acknowledge(self, entry: SiteEntry, signed: SignedReceipt) -> None:
        """Keep a *verified* receipt durably, and only then let go of the payload.

        Receipt file, ledger row, move: a power cut between them is settled by `adopt_receipts`.
        """
        text = signed.to_json()
        with self._acknowledging:
            write_durably(self._receipt_file(entry.record_id), text.encode())
            self.ledger.acknowledge(entry.record_id, text, _now().strftime(SECONDS_FORMAT))
            # Purged long ago, or already moved by whoever got the same receipt before.
            with suppress(FileNotFoundError):
                self._let_go(entry)
        for kind in ("missing", "unproven", "lost"):
            self.ledger.settle(entry.record_id, kind)

    def withdraw(self, entry: SiteEntry) -> bool:
        """The data centre does not hold what its receipt says: send the record again.

        Returns False when the payload was purged and cannot be. The receipt is kept apart as
        evidence. Payload, receipt, row: cut in between, it is withdrawn again next time.
        """
        payload = self.payload(entry)
        if not payload.exists():
            return False
        if payload.parent != self.spool:
            move_durably(payload, self.spool / payload.name)
        self._put_apart(self._receipt_file(entry.record_id), "withdrawn")
        self.ledger.withdraw(entry.record_id)
        return True

    def purge(self, retention: timedelta, verifier: ReceiptVerifier) -> list[str]:
        """Delete payloads whose receipt is older than `retention`; returns their ids.

        The receipt must be on the disk, durable, signed, and for this very record; otherwise the
        payload stays. One that is back in the spool waits to be sent again and stays too.
        """
        limit = (_now() - retention).strftime(SECONDS_FORMAT)
        old = [e for e in self.ledger.acknowledged() if e.receipt_at and e.receipt_at < limit]
        purged = []
        for entry in old:
            payload = self.payload(entry)
            sent = payload.parent == self.sent and payload.exists()
            if entry.owner and sent and self._has_receipt(entry, verifier):
                payload.unlink()
                purged.append(entry.record_id)
        if purged:
            fsync_directory(self.sent)
        return purged

    def adopt_payloads(self) -> int:
        """Enter payloads the ledger does not know; returns how many.

        They get one attempt noted, so that the forwarder asks before it sends.
        """
        return sum(
            self._adopt(path)
            for directory in (self.spool, self.sent)
            for path in sorted(directory.glob("*.rec"))
        )

    def adopt_receipts(self, verifier: ReceiptVerifier) -> int:
        """Settle receipts whose row or move a power cut took; returns how many.

        A file that is no receipt is put apart and named, and its record waits for a new one: one
        bad sector must not keep an office's records from being sent.
        """
        settled = 0
        for path in sorted(self.receipts.glob("*.json")):
            try:
                settled += self._adopt_receipt(path, verifier)
            except (UnprovenError, UnicodeDecodeError) as error:
                self._distrust(path, str(error), verifier)
            except OSError as error:  # unreadable now; it stays where it is
                _alarm.critical("receipt %s cannot be read: %s", path, error)
        return settled

    def name_finding(self, record_id: str, kind: FindingKind, detail: str) -> None:
        """Keep it in the ledger, and raise the alarm when it is new."""
        found = Finding(record_id, kind, detail, _now().strftime(SECONDS_FORMAT))
        if self.ledger.find_out(found):
            _alarm.critical("%s: record %s: %s", kind, record_id, detail)

    def _adopt(self, path: Path) -> bool:
        try:
            name = RecordName.parse(path.name)
        except RecordError as error:
            _log.warning("%s", error)
            return False
        if self.ledger.find(name.record_id) is not None:
            return False
        if not has_sha256(path, name.sha256):
            detail = "its payload on the disk is damaged; its workstation may send it again"
            self.name_finding(name.record_id, "lost", detail)
            return False
        facts = path.stat()
        captured_at = datetime.fromtimestamp(facts.st_mtime, UTC).strftime(SECONDS_FORMAT)
        return self.ledger.add(
            SiteEntry(name.record_id, name.sha256, facts.st_size, name.owner, captured_at, 1)
        )

    def _adopt_receipt(self, path: Path, verifier: ReceiptVerifier) -> bool:
        text = path.read_text(encoding="ascii")
        signed = SignedReceipt.from_json(text)
        receipt = signed.receipt
        entry = self.ledger.find(path.stem)
        wanted = receipt if entry is None else entry
        verifier.check(signed, record_id=path.stem, sha256=wanted.sha256, size=wanted.size)
        if entry is None:  # payload purged, ledger lost: the count of records comes back
            return self._count_receipt(signed)
        settled = entry.receipt is None
        if settled:
            self.ledger.acknowledge(entry.record_id, text, _now().strftime(SECONDS_FORMAT))
        with suppress(FileNotFoundError):
            self._let_go(entry)
        return settled

    def enter_receipt(self, signed: SignedReceipt) -> bool:
        """Count a record of which only the verified receipt is left."""
        write_durably(self._receipt_file(signed.receipt.id), signed.to_json().encode())
        return self._count_receipt(signed)

    def _count_receipt(self, signed: SignedReceipt) -> bool:
        receipt = signed.receipt
        facts = (receipt.id, receipt.sha256, receipt.size, "", receipt.stored_at)
        text, moment = signed.to_json(), receipt.stored_at
        entered = self.ledger.add(SiteEntry(*facts, receipt=text, receipt_at=moment))
        for kind in ("unproven", "unknown"):
            self.ledger.settle(receipt.id, kind)
        return entered

    def _distrust(self, path: Path, reason: str, verifier: ReceiptVerifier) -> None:
        """Put a bad receipt apart; take it from the ledger if that has a good one, else ask."""
        self._put_apart(path, "set-aside")
        entry = self.ledger.find(path.stem)
        if entry is not None and entry.receipt is not None:
            try:
                _check(entry, entry.receipt, verifier)
            except UnprovenError:
                self.ledger.withdraw(entry.record_id)
            else:
                write_durably(path, entry.receipt.encode())
                _alarm.critical("receipt %s was bad, written anew from the ledger", path.name)
                return
        self.name_finding(path.stem, "unproven", f"file put apart, asked for again: {reason}")

    def _put_apart(self, path: Path, folder: str) -> None:
        if path.exists():
            move_apart(path, self.receipts / folder)

    def _let_go(self, entry: SiteEntry) -> None:
        name = RecordName(entry.record_id, entry.sha256, entry.owner).file_name
        move_durably(self.spool / name, self.sent / name)

    def _receipt_file(self, record_id: str) -> Path:
        return self.receipts / f"{record_id}.json"

    def _has_receipt(self, entry: SiteEntry, verifier: ReceiptVerifier) -> bool:
        path = self._receipt_file(entry.record_id)
        try:
            _check(entry, path.read_text(encoding="ascii"), verifier)
            fsync_file(path)
            fsync_directory(self.receipts)
        except (OSError, ValueError, RecordError):
            return False
        return True


def _check(entry: SiteEntry, text: str, verifier: ReceiptVerifier) -> None:
    """Raise `UnprovenError` unless `text` is the data centre's receipt for this entry."""
    verifier.check(
        SignedReceipt.from_json(text),
        record_id=entry.record_id,
        sha256=entry.sha256,
        size=entry.size,
    )


def _now() -> datetime:
    return datetime.now(UTC)
