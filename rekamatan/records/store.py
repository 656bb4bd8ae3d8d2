"""The data centre's finished records: files under `yyyy/mm/dd/`, a ledger row each, a receipt."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import SECONDS_FORMAT, StoredRecord
from rekamatan.records.durable import make_directory
from rekamatan.records.names import RecordName, is_canary
from rekamatan.records.receipts import Receipt, ReceiptSigner, SignedReceipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.records.central_ledger import CentralLedger

_log = logging.getLogger(__name__)
_BATCH = 500


class Store:
    """Implements `Archive` for the data centre."""

    def __init__(
        self, directory: Path, ledger: CentralLedger, signer: ReceiptSigner, canary_life: timedelta
    ) -> None:
        make_directory(directory)
        self._directory = directory
        self._ledger = ledger
        self._signer = signer
        self._canary_life = canary_life

    def find(self, record_id: str) -> StoredRecord | None:
        """The finished record with this id."""
        return self._ledger.find(record_id)

    def destination(self, name: RecordName, stored_at: datetime) -> Path:
        """`yyyy/mm/dd/<name>`; canaries apart, so that purging never lists a record."""
        if is_canary(name.record_id):
            return self._directory / "canary" / name.file_name
        return self._directory / stored_at.strftime("%Y/%m/%d") / name.file_name

    def enter(self, record: StoredRecord) -> None:
        """Commit the ledger row."""
        self._ledger.add([record])

    def receipt(self, record: StoredRecord) -> SignedReceipt:
        """Sign what is stored; asked again, it is the very same receipt."""
        facts = (record.record_id, record.sha256, record.size, record.stored_at, record.owner)
        return self._signer.sign(Receipt(*facts, dc=self._signer.data_centre))

    def maintain(self) -> None:
        """Delete canaries past their day; the file first, or a restart brings its row back."""
        for canary in self._ledger.canaries_before(datetime.now(UTC) - self._canary_life):
            canary.path.unlink(missing_ok=True)
            self._ledger.forget_canary(canary.record_id)


def rebuild(directory: Path, ledger: CentralLedger, *, everything: bool = False) -> int:
    """Enter stored files the ledger does not know; returns how many.

    At a start only the days from the newest row on are read (a kill between rename and insert
    leaves its file there, and so does a ledger restored from yesterday's dump); `everything`
    reads the whole store.
    """
    newest = None if everything else ledger.newest()
    since = "" if newest is None else (newest - timedelta(days=1)).strftime("%Y/%m/%d")
    added, batch = 0, list[StoredRecord]()
    for path in _files(directory, since):
        batch.append(_read(path))
        if len(batch) == _BATCH:
            added += ledger.add(batch)
            batch.clear()
    return added + ledger.add(batch)


def missing(ledger: CentralLedger) -> list[StoredRecord]:
    """Ledger rows whose file is gone or has another size."""
    return [record for record in ledger.records() if not _is_whole(record)]


def _files(directory: Path, since: str) -> Iterator[Path]:
    for day in sorted(directory.glob("[0-9]*/[0-9]*/[0-9]*")):
        if day.relative_to(directory).as_posix() >= since:
            yield from filter(_is_named, sorted(day.glob("*.rec")))
    yield from filter(_is_named, sorted(directory.glob("canary/*.rec")))


def _is_named(path: Path) -> bool:
    try:
        RecordName.parse(path.name)
    except RecordError as error:
        _log.warning("%s", error)
        return False
    return True


def _is_whole(record: StoredRecord) -> bool:
    return record.path.is_file() and record.path.stat().st_size == record.size


def _read(path: Path) -> StoredRecord:
    name = RecordName.parse(path.name)
    facts = path.stat()
    stored_at = datetime.fromtimestamp(facts.st_mtime, UTC).strftime(SECONDS_FORMAT)
    return StoredRecord(name.record_id, name.sha256, facts.st_size, name.owner, stored_at, path)
