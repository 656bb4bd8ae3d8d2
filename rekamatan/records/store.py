"""The data centre's finished records: files under `yyyy/mm/dd/`, a ledger row each, a receipt."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
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
    has_sha256,
    make_directory,
    move_apart,
    move_durably,
    stamp_durably,
)
from rekamatan.records.names import RecordName, is_canary
from rekamatan.records.receipts import Receipt, ReceiptSigner, SignedReceipt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.records.central_ledger import CentralLedger
    from rekamatan.records.settings import IngestSettings

_log = logging.getLogger(__name__)
_alarm = logging.getLogger("rekamatan.records.alarm")
_BATCH = 500
ALTERED = "altered"  # where files go whose bytes are not what their name says


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

    @classmethod
    def of(cls, settings: IngestSettings, ledger: CentralLedger) -> Store:
        """The data centre's, with the key and the name it signs with.

        Raises:
            ConfigError: the signing key cannot be read.
        """
        signer = ReceiptSigner.from_file(Path(settings.signing_key), settings.data_centre)
        return cls(settings.store, ledger, signer, timedelta(hours=settings.canary_hours))

    def find(self, record_id: str) -> StoredRecord | None:
        """The finished record with this id.

        A row without its file is not an answer: no receipt is given for bytes that are not here,
        and the site may bring them again.
        """
        record = self._ledger.find(record_id)
        if record is not None and not record.path.is_file():
            _alarm.critical("missing: record %s of %s has no file", record_id, record.owner)
            self._ledger.doubt(record_id, "missing")
            return None
        return record

    def destination(self, name: RecordName, stored_at: datetime) -> Path:
        """`yyyy/mm/dd/<name>`; canaries apart, so that purging never lists a record."""
        if is_canary(name.record_id):
            return self._directory / "canary" / name.file_name
        return self._directory / stored_at.strftime("%Y/%m/%d") / name.file_name

    def enter(self, record: StoredRecord) -> StoredRecord:
        """Commit the ledger row; where one stands already, its file is made good."""
        if self._ledger.add([record]):
            return record
        standing = self._ledger.find(record.record_id)
        if standing is None:  # no row, and none entered: nothing can be promised
            raise LedgerUnavailableError(record.record_id, "enter", "the row is not there")
        if (standing.sha256, standing.owner) != (record.sha256, record.owner):
            self._refuse(record, standing)
        elsewhere = standing.path != record.path
        if elsewhere and standing.path.is_file():
            record.path.unlink()  # came by two ways at once: the same bytes twice
            return standing
        stored_at = moment_of(standing.stored_at)
        stamp_durably(record.path, stored_at)
        if elsewhere:
            move_durably(record.path, standing.path)
        self._ledger.trust(record.record_id)
        _alarm.critical("restored: record %s came again from its site", record.record_id)
        return standing

    def receipt(self, record: StoredRecord) -> SignedReceipt:
        """Sign what is stored; asked again, it is the very same receipt."""
        facts = (record.record_id, record.sha256, record.size, record.stored_at, record.owner)
        return self._signer.sign(Receipt(*facts, dc=self._signer.data_centre))

    def maintain(self) -> None:
        """Delete canaries past their day; the file first, or a restart brings its row back."""
        for canary in self._ledger.canaries_before(datetime.now(UTC) - self._canary_life):
            canary.path.unlink(missing_ok=True)
            self._ledger.forget_canary(canary.record_id)

    def _refuse(self, record: StoredRecord, standing: StoredRecord) -> None:
        move_durably(record.path, self._directory / CONFLICTS / record.path.name)
        _alarm.critical(
            "conflict: record %s of %s with sha256 %s; the ledger has it of %s with sha256 %s",
            *(record.record_id, record.owner, record.sha256, standing.owner, standing.sha256),
        )
        raise ConflictError(record.record_id, "enter", "this id is taken by another record")


def rebuild(directory: Path, ledger: CentralLedger, *, everything: bool = False) -> list[str]:
    """Enter stored files the ledger does not know; returns their ids.

    At a start only the days from the newest row on are read (a kill between rename and insert
    leaves its file there, and so does a ledger restored from yesterday's dump); `everything`
    reads the whole store.
    """
    newest = None if everything else ledger.newest()
    since = "" if newest is None else (newest - timedelta(days=1)).strftime("%Y/%m/%d")
    added, batch = list[str](), list[StoredRecord]()
    for path in stored_files(directory, since):
        batch.append(read_stored(path))
        if len(batch) == _BATCH:
            added += _enter_sound(directory, ledger, batch)
            batch.clear()
    return added + _enter_sound(directory, ledger, batch)


def _enter_sound(directory: Path, ledger: CentralLedger, batch: list[StoredRecord]) -> list[str]:
    """Enter what is new and is what its name says; one bad file must not stop all the others."""
    known = ledger.known([record.record_id for record in batch])
    sound = []
    for record in batch:
        if record.record_id in known:
            continue
        if has_sha256(record.path, record.sha256):
            sound.append(record)
            continue
        _alarm.critical("altered: record %s of %s", record.record_id, record.owner)
        move_apart(record.path, directory / ALTERED)
    return ledger.add(sound)


def stored_files(directory: Path, since: str = "") -> Iterator[Path]:
    """Records and canaries; `since` is a day, `yyyy/mm/dd`."""
    for day in sorted(directory.glob("[0-9]*/[0-9]*/[0-9]*")):
        if day.relative_to(directory).as_posix() >= since:
            yield from filter(_is_named, sorted(day.glob("*.rec")))
    yield from filter(_is_named, sorted(directory.glob("canary/*.rec")))


def read_stored(path: Path) -> StoredRecord:
    """What a stored file says of itself by its name, size and time."""
    name = RecordName.parse(path.name)
    facts = path.stat()
    stored_at = datetime.fromtimestamp(facts.st_mtime, UTC).strftime(SECONDS_FORMAT)
    return StoredRecord(name.record_id, name.sha256, facts.st_size, name.owner, stored_at, path)


def _is_named(path: Path) -> bool:
    try:
        RecordName.parse(path.name)
    except RecordError as error:
        _log.warning("%s", error)
        return False
    return True
