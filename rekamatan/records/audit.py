"""The data centre's store against its ledger: every file, every row, and every byte if wished."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.records.archive import CONFLICTS, StoredRecord, moment_of
from rekamatan.records.durable import (
    fsync_directory,
    has_sha256,
    move_apart,
    move_durably,
    stamp_durably,
)
from rekamatan.records.store import (
    ALTERED,
    read_stored,
    rebuild,
    stored_files,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.records.central_ledger import CentralLedger

_alarm = logging.getLogger("rekamatan.records.alarm")


@dataclass(frozen=True, slots=True)
class Audit:
    """What the store and the ledger do not agree on, by id, sorted."""

    entered: tuple[str, ...]  # the file was there, its row was not: entered again
    missing: tuple[str, ...]  # the row is there, its file is not
    altered: tuple[str, ...]  # the bytes are not those of the receipt; the file was moved apart
    doubled: tuple[str, ...]  # a second file of the same bytes, removed
    conflicts: tuple[str, ...]  # other bytes under a taken id, moved apart


def audit_store(directory: Path, ledger: CentralLedger, *, every_byte: bool = True) -> Audit:
    """Compare `directory` with `ledger`, mend what can be mended, and doubt the rest.

    Without `every_byte` only files are read whose size or time is not what the ledger says: quick,
    and blind to an alteration that was careful to keep both.

    Raises:
        LedgerUnavailableError: PostgreSQL does not answer; nothing is concluded.
    """
    entered = rebuild(directory, ledger, everything=True)
    records = {record.record_id: record for record in ledger.records()}
    doubled, conflicts = _settle_strays(directory, records)
    doubts = ledger.doubts()
    found: dict[str, list[str]] = {"missing": [], "altered": []}
    for record in records.values():
        doubt = doubts.get(record.record_id)
        state = _state(record, every_byte=every_byte or doubt is not None)
        if state == "altered":
            move_apart(record.path, directory / ALTERED)
        if state is not None:
            ledger.doubt(record.record_id, state)
            _alarm.critical("%s: record %s of %s", state, record.record_id, record.owner)
            found[doubt or state].append(record.record_id)
        elif doubt is not None:
            ledger.trust(record.record_id)
    return Audit(
        *(tuple(sorted(entered)), tuple(sorted(found["missing"])), tuple(sorted(found["altered"]))),
        *(tuple(sorted(doubled)), tuple(sorted(conflicts))),
    )


def suspects(ledger: CentralLedger) -> dict[str, dict[str, str]]:
    """Site -> id -> `missing` or `altered`; changes nothing.

    From standing doubts, and from a look at every file's size and time.
    """
    found: dict[str, dict[str, str]] = {}
    doubts = ledger.doubts()
    for record in ledger.records():
        kind = doubts.get(record.record_id)
        if kind is None and not record.path.is_file():
            kind = "missing"
        elif kind is None and not _looks_right(record):
            kind = "altered"
        if kind is not None:
            found.setdefault(record.owner, {})[record.record_id] = kind
    return found


def _state(record: StoredRecord, *, every_byte: bool) -> str | None:
    if not record.path.is_file():
        return "missing"
    if (every_byte or not _looks_right(record)) and not _is_true(record):
        return "altered"
    return None


def _settle_strays(
    directory: Path, records: dict[str, StoredRecord]
) -> tuple[list[str], list[str]]:
    """Files whose id has its row at another path: same bytes go, other bytes are kept apart."""
    doubled, conflicts = list[str](), list[str]()
    for stray, standing in _strays(directory, records):
        same = (stray.sha256, stray.owner) == (standing.sha256, standing.owner) and _is_true(stray)
        if same and not standing.path.is_file():
            stored_at = moment_of(standing.stored_at)
            stamp_durably(stray.path, stored_at)
            move_durably(stray.path, standing.path)
        elif same and _is_true(standing):
            stray.path.unlink()
            fsync_directory(stray.path.parent)
            doubled.append(stray.record_id)
        else:
            move_apart(stray.path, directory / CONFLICTS)
            conflicts.append(stray.record_id)
            _alarm.critical("conflict: a second record %s was moved apart", stray.record_id)
    return doubled, conflicts


def _strays(
    directory: Path, records: dict[str, StoredRecord]
) -> Iterator[tuple[StoredRecord, StoredRecord]]:
    for path in stored_files(directory):
        found = read_stored(path)
        standing = records.get(found.record_id)
        if standing is not None and standing.path != path:
            yield found, standing


def _looks_right(record: StoredRecord) -> bool:
    """Size and time as they were stamped: whole seconds, which no ordinary write leaves."""
    facts = record.path.stat()
    stored_at = moment_of(record.stored_at)
    stamped_ns = int(stored_at.timestamp()) * 1_000_000_000
    return (facts.st_size, facts.st_mtime_ns) == (record.size, stamped_ns)


def _is_true(record: StoredRecord) -> bool:
    return has_sha256(record.path, record.sha256)
