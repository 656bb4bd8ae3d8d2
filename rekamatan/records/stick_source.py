"""Which records of a record directory still need carrying: read from the disk alone.

Neither ledger nor write access is needed, so a dead server's disk, mounted read-only in another
machine, is a source like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import SECONDS_FORMAT
from rekamatan.records.incoming import partials
from rekamatan.records.names import RecordName
from rekamatan.records.receipts import SignedReceipt
from rekamatan.records.stick import Problem
from rekamatan.records.stick_manifest import CarriedRecord

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.records.receipts import ReceiptVerifier


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record without a verified receipt, and where its bytes are."""

    record: CarriedRecord
    path: Path


@dataclass(frozen=True, slots=True)
class Source:
    """`/var/lib/rekamatan/records` of a living or a dead server."""

    directory: Path
    verifier: ReceiptVerifier

    def waiting(self) -> tuple[list[Waiting], list[Problem]]:
        """Records that nobody has acknowledged, oldest first, and files that are no records.

        Raises:
            RecordError: this is no record directory.
        """
        folders = [self.directory / "spool", self.directory / "sent"]
        if not folders[0].is_dir():
            hint = "name the dead server's disk, or its directory records: --disk"
            raise RecordError(str(self.directory), "look for records", "no spool here", hint)
        found, problems = list[Waiting](), list[Problem]()
        for path in (path for folder in folders for path in sorted(folder.glob("*.rec"))):
            try:
                name = RecordName.parse(path.name)
                record = _record(path, name)
            except RecordError as error:
                problems.append(Problem(path.name, "misnamed", str(error)))
            except FileNotFoundError:
                continue  # the forwarder has just brought it over and moved it
            else:
                if not self.acknowledged(record):
                    found.append(Waiting(record, path))
        return sorted(found, key=_age), problems

    def acknowledged(self, record: CarriedRecord) -> bool:
        """True when the data centre's receipt for exactly these bytes is on this disk."""
        try:
            text = (self.directory / "receipts" / f"{record.id}.json").read_text(encoding="ascii")
            signed = SignedReceipt.from_json(text)
            self.verifier.check(signed, record_id=record.id, sha256=record.sha256, size=record.size)
        except (OSError, ValueError, RecordError):
            return False
        return True

    def unfinished(self) -> int:
        """Uploads that never became records here: their workstations still have them."""
        return sum(1 for _ in partials(self.directory / "incoming"))


def _record(path: Path, name: RecordName) -> CarriedRecord:
    facts = path.stat()
    captured_at = datetime.fromtimestamp(facts.st_mtime, UTC).strftime(SECONDS_FORMAT)
    return CarriedRecord(name.record_id, name.sha256, facts.st_size, name.owner, captured_at)


def _age(waiting: Waiting) -> tuple[str, str]:
    return waiting.record.captured_at, waiting.record.id
