"""The site's finished records: `spool/` until the receipt is here, `sent/` until retention ends."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import SECONDS_FORMAT, StoredRecord
from rekamatan.records.durable import (
    fsync_directory,
    make_directory,
    move_durably,
    write_durably,
)
from rekamatan.records.names import RecordName
from rekamatan.records.receipts import SignedReceipt
from rekamatan.records.site_ledger import SiteEntry, SiteLedger

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.records.receipts import ReceiptVerifier

_log = logging.getLogger(__name__)


class Spool:
    """Implements `Archive` for the site and keeps payloads, receipts and ledger in step."""

    def __init__(self, directory: Path) -> None:
        self.spool = directory / "spool"
        self.sent = directory / "sent"
        self.receipts = directory / "receipts"
        for path in (self.spool, self.sent, self.receipts):
            make_directory(path)
        self.ledger = SiteLedger(directory / "ledger.sqlite")

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

    def enter(self, record: StoredRecord) -> None:
        """Commit the row of a captured record."""
        self.ledger.add(
            SiteEntry(
                *(record.record_id, record.sha256, record.size, record.owner, record.stored_at)
            )
        )

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
        write_durably(self.receipts / f"{entry.record_id}.json", text.encode())
        self.ledger.acknowledge(entry.record_id, text, _now().strftime(SECONDS_FORMAT))
        self._let_go(entry)

    def purge(self, retention: timedelta) -> list[str]:
        """Delete payloads whose receipt is older than `retention`; returns their ids.

        The receipt must be on the disk and name this very record; otherwise the payload stays.
        """
        limit = (_now() - retention).strftime(SECONDS_FORMAT)
        purged = []
        for entry in self.ledger.acknowledged():
            old = entry.receipt_at is not None and entry.receipt_at < limit
            if old and entry.owner and self.payload(entry).exists() and self._has_receipt(entry):
                self.payload(entry).unlink()
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

        Raises:
            RecordError: a file under `receipts/` is not the data centre's.
        """
        return sum(
            self._adopt_receipt(path.read_text(encoding="ascii"), verifier)
            for path in sorted(self.receipts.glob("*.json"))
        )

    def _adopt(self, path: Path) -> bool:
        try:
            name = RecordName.parse(path.name)
        except RecordError as error:
            _log.warning("%s", error)
            return False
        if self.ledger.find(name.record_id) is not None:
            return False
        facts = path.stat()
        captured_at = datetime.fromtimestamp(facts.st_mtime, UTC).strftime(SECONDS_FORMAT)
        return self.ledger.add(
            SiteEntry(name.record_id, name.sha256, facts.st_size, name.owner, captured_at, 1)
        )

    def _adopt_receipt(self, text: str, verifier: ReceiptVerifier) -> bool:
        signed = SignedReceipt.from_json(text)
        receipt = signed.receipt
        verifier.check(signed, record_id=receipt.id, sha256=receipt.sha256, size=receipt.size)
        entry = self.ledger.find(receipt.id)
        if entry is None:  # payload purged, ledger lost: the count of records comes back
            facts = (receipt.id, receipt.sha256, receipt.size, "", receipt.stored_at)
            return self.ledger.add(SiteEntry(*facts, receipt=text, receipt_at=receipt.stored_at))
        settled = entry.receipt is None
        if settled:
            self.ledger.acknowledge(entry.record_id, text, _now().strftime(SECONDS_FORMAT))
        with suppress(FileNotFoundError):
            self._let_go(entry)
        return settled

    def _let_go(self, entry: SiteEntry) -> None:
        name = RecordName(entry.record_id, entry.sha256, entry.owner).file_name
        move_durably(self.spool / name, self.sent / name)

    def _has_receipt(self, entry: SiteEntry) -> bool:
        try:
            text = (self.receipts / f"{entry.record_id}.json").read_text(encoding="ascii")
            receipt = SignedReceipt.from_json(text).receipt
        except (OSError, RecordError):
            return False
        return (receipt.id, receipt.sha256) == (entry.record_id, entry.sha256)


def _now() -> datetime:
    return datetime.now(UTC)
