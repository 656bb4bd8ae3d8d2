"""What a role does with a finished record: where it lies, how it is entered, what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from rekamatan.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.records.names import RecordName
    from rekamatan.records.receipts import SignedReceipt

SECONDS_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
CONFLICTS = "conflict"  # bytes that came under an id which stands for others; a person decides


def moment_of(text: str) -> datetime:
    """A ledger's time, ISO 8601 UTC in whole seconds, as a moment; `ValueError` for another."""
    return datetime.strptime(text, SECONDS_FORMAT).replace(tzinfo=UTC)


class ConflictError(RecordError):
    """This id is taken by other bytes or by another identity; refused with an alarm."""


class LedgerUnavailableError(RecordError):
    """The ledger did not commit: the record is not answered, the client tries again."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One finished record as its ledger row says it."""

    record_id: str
    sha256: str
    size: int
    owner: str
    stored_at: str  # ISO 8601 UTC, whole seconds; equals the file's mtime
    path: Path


class Archive(Protocol):
    """The finished records of one role; every call blocks until durable."""

    def find(self, record_id: str) -> StoredRecord | None:
        """The finished record with this id, whoever owns it."""
        ...

    def destination(self, name: RecordName, stored_at: datetime) -> Path:
        """Where the bytes go by rename; on the same file system as the incoming directory."""
        ...

    def enter(self, record: StoredRecord) -> StoredRecord:
        """Commit the ledger row and return the one that stands: an older row of this id wins.

        Raises:
            LedgerUnavailableError: nothing was entered.
            ConflictError: the id stands for other bytes.
        """
        ...

    def receipt(self, record: StoredRecord) -> SignedReceipt | None:
        """The data centre's receipt, where there is one already."""
        ...

    def maintain(self) -> None:
        """Hourly housekeeping."""
        ...
