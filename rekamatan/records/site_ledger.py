"""The site's ledger: SQLite beside the spool. The directories are the truth, this is the index."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rekamatan.records.archive import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEDGER = "ledger.sqlite"  # in the record directory
COMPARED_AT = "compared-at"  # the note of when both ledgers were last compared, ISO 8601 UTC
_BUSY_TIMEOUT_S = 30.0
_READER_TIMEOUT_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    id          TEXT PRIMARY KEY,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    owner       TEXT NOT NULL,
    captured_at TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    sent_offset INTEGER NOT NULL DEFAULT 0,
    receipt     TEXT,
    receipt_at  TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS record_waiting ON record (captured_at) WHERE receipt IS NULL;
CREATE TABLE IF NOT EXISTS note (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS finding (
    id      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (id, kind)
) STRICT;
"""
_COLUMNS = "id, sha256, size, owner, captured_at, attempts, sent_offset, receipt, receipt_at"


FindingKind = Literal["missing", "altered", "unknown", "unproven", "lost"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one record that a person should know; it stays until it is settled.

    `missing`: the data centre no longer has it. `altered`: it has other bytes. `unknown`: it has a
    record in this site's name that was never here. `unproven`: the file in `receipts/` is no
    receipt. `lost`: neither payload nor receipt is here.
    """

    record_id: str
    kind: FindingKind
    detail: str
    seen_at: str  # ISO 8601 UTC


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """One record as the site knows it."""

    record_id: str
    sha256: str
    size: int
    owner: str  # "" when only its receipt is left after a rebuild
    captured_at: str
    attempts: int = 0
    sent_offset: int = 0
    receipt: str | None = None  # JSON of the signed receipt
    receipt_at: str | None = None


@contextmanager
def reading(directory: Path) -> Iterator[sqlite3.Connection]:
    """The ledger of a record directory as it is now, for any process; it changes nothing.

    Raises:
        sqlite3.Error: there is no readable ledger, or it turns out so within the block.
    """
    uri = f"{(directory / LEDGER).as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_READER_TIMEOUT_S)) as connection:
        yield connection


class SiteLedger:
    """Shared by intake and forwarder (two processes); every write is synced before it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._errors("open"):
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)

    def find(self, record_id: str) -> SiteEntry | None:
        """The row, or None."""
        rows = self._rows("WHERE id = ?", record_id)
        return rows[0] if rows else None

    def waiting(self) -> list[SiteEntry]:
        """Records without a receipt, oldest first."""
        return self._rows("WHERE receipt IS NULL ORDER BY captured_at, id")

    def waiting_next(self, since: str, *, fresh: bool, most: int) -> list[SiteEntry]:
        """At most so many without a receipt; it costs the same however many wait.

        Captured at `since` or later: newest first; the older ones: oldest first.
        """
        if fresh:
            order = "captured_at >= ? ORDER BY captured_at DESC, id DESC"
        else:
            order = "captured_at < ? ORDER BY captured_at, id"
        return self._rows(f"WHERE receipt IS NULL AND {order} LIMIT ?", since, most)

    def acknowledged(self) -> list[SiteEntry]:
        """Records with a receipt, oldest receipt first."""
        return self._rows("WHERE receipt IS NOT NULL ORDER BY receipt_at, id")

    def add(self, entry: SiteEntry) -> bool:
        """Enter a record; False when the id is already there (the row stands)."""
        marks = ", ".join("?" * len(_COLUMNS.split(",")))
        values = (
            *(entry.record_id, entry.sha256, entry.size, entry.owner, entry.captured_at),
            *(entry.attempts, entry.sent_offset, entry.receipt, entry.receipt_at),
        )
        insert = f"INSERT OR IGNORE INTO record ({_COLUMNS}) VALUES ({marks})"  # noqa: S608 - constants
        return self._write(insert, *values) == 1

    def note_attempt(self, record_id: str) -> None:
        """Before the first byte goes out: from now on the far end may hold a part of it."""
        self._write("UPDATE record SET attempts = attempts + 1 WHERE id = ?", record_id)

    def note_offset(self, record_id: str, offset: int) -> None:
        """How far the far end had it when an attempt ended."""
        self._write("UPDATE record SET sent_offset = ? WHERE id = ?", offset, record_id)

    def acknowledge(self, record_id: str, receipt: str, receipt_at: str) -> None:
        """Keep the verified receipt."""
        self._write(
            "UPDATE record SET receipt = ?, receipt_at = ?, sent_offset = size WHERE id = ?",
            *(receipt, receipt_at, record_id),
        )

    def withdraw(self, record_id: str) -> None:
        """The receipt no longer stands: the record waits again, and the far end is asked first."""
        self._write(
            "UPDATE record SET receipt = NULL, receipt_at = NULL, sent_offset = 0, "
            "attempts = max(attempts, 1) WHERE id = ?",
            record_id,
        )

    def note(self, name: str) -> str:
        """A remembered value, "" when there is none."""
        with self._errors("read"), self._lock:
            row = self._connection.execute(
                "SELECT value FROM note WHERE name = ?", (name,)
            ).fetchone()
        return "" if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Keep a value across restarts."""
        self._write("INSERT OR REPLACE INTO note VALUES (?, ?)", name, value)

    def findings(self) -> list[Finding]:
        """What is not settled, oldest first."""
        query = "SELECT id, kind, detail, seen_at FROM finding ORDER BY seen_at, id"
        with self._errors("read"), self._lock:
            return [Finding(*row) for row in self._connection.execute(query)]

    def find_out(self, finding: Finding) -> bool:
        """Keep a finding; False when it is known already (the first time stands)."""
        return self._write(
            "INSERT OR IGNORE INTO finding VALUES (?, ?, ?, ?)",
            *(finding.record_id, finding.kind, finding.detail, finding.seen_at),
        ) == 1  # fmt: skip

    def settle(self, record_id: str, kind: FindingKind) -> None:
        """A finding no longer holds."""
        self._write("DELETE FROM finding WHERE id = ? AND kind = ?", record_id, kind)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _rows(self, clause: str, *values: object) -> list[SiteEntry]:
        query = f"SELECT {_COLUMNS} FROM record {clause}"  # noqa: S608 - clauses are constants
        with self._errors("read"), self._lock:
            return [SiteEntry(*row) for row in self._connection.execute(query, values)]

    def _write(self, statement: str, *values: object) -> int:
        with self._errors("write"), self._lock:
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def _errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerUnavailableError(
                str(self._path),
                action,
                str(error),
                "check free space; if the file is damaged, stop rekamatan-intake and "
                "rekamatan-forwarder and run: rekamatan records rebuild",
            ) from error
