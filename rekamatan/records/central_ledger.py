"""The data centre's ledger: PostgreSQL over the local socket, with a role that can only add."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from rekamatan.errors import RecordError
from rekamatan.records.archive import (
    SECONDS_FORMAT,
    LedgerUnavailableError,
    StoredRecord,
    moment_of,
)
from rekamatan.records.digests import Item
from rekamatan.records.names import is_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_COLUMNS = "id, sha256, size, site, stored_at, path"
_CONNECT_TIMEOUT_S = 5
_UNUSABLE = (psycopg.OperationalError, psycopg.InterfaceError)
# Held while rows are entered: `seq` then grows in the order of commits, and a site that has asked
# up to one number never misses a smaller one that was committed later.
_ENTERING_LOCK = 0x52454B42


class CursorError(RecordError):
    """The cursor's row is not here: the ledger was set back. Ask again from the beginning."""


class CentralLedger:
    """One connection, reopened when PostgreSQL was restarted; safe to call from threads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    def find(self, record_id: str) -> StoredRecord | None:
        """The row, or None."""
        query = f"SELECT {_COLUMNS} FROM {_table(record_id)} WHERE id = %s"  # noqa: S608 - constants
        row = self._run(lambda connection: connection.execute(query, (record_id,)).fetchone())
        return None if row is None else _record(row)

    def add(self, records: Iterable[StoredRecord]) -> list[str]:
        """Insert rows in one transaction; ids already there stand. Returns the new ids."""

        def insert(connection: psycopg.Connection[Any]) -> list[str]:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ENTERING_LOCK,))
            return [r.record_id for r in records if _insert(connection, r)]

        return self._run(insert)

    def newest(self) -> datetime | None:
        """When the last known record was stored."""
        row = self._run(lambda c: c.execute("SELECT max(stored_at) FROM record").fetchone())
        return None if row is None else row[0]

    def records(self, site: str | None = None) -> list[StoredRecord]:
        """All records (canaries are none), of one site or of all, oldest first."""
        query = (
            f"SELECT {_COLUMNS} FROM record WHERE %(site)s::text IS NULL OR site = %(site)s "  # noqa: S608 - constants
            "ORDER BY stored_at, id"
        )
        rows = self._run(lambda c: c.execute(query, {"site": site}).fetchall())
        return [_record(row) for row in rows]

    def known(self, record_ids: list[str]) -> set[str]:
        """Those of the ids that have a row, canaries too."""
        query = (
            "SELECT id FROM record WHERE id = ANY(%(ids)s) "
            "UNION ALL SELECT id FROM canary WHERE id = ANY(%(ids)s)"
        )
        rows = self._run(lambda c: c.execute(query, {"ids": record_ids}).fetchall())
        return {row[0] for row in rows}

    def entered_after(self, site: str, cursor: str, limit: int) -> tuple[list[StoredRecord], str]:
        """The next records of `site` in the order they were entered, and the cursor behind them.

        A cursor is `<seq>:<id>` of the last record seen, "" for the beginning; naming the id shows
        a ledger that was restored from an older backup and has counted on from there.

        Raises:
            CursorError: that record is not at that place here.
        """
        seq, _, record_id = cursor.partition(":")
        if cursor and not self._is_at(site, seq, record_id):
            raise CursorError(site, "read receipts", f"cursor {cursor} is not of this ledger")
        query = (
            f"SELECT seq, {_COLUMNS} FROM record r WHERE site = %s AND seq > %s "  # noqa: S608 - constants
            "AND NOT EXISTS (SELECT FROM doubt WHERE doubt.id = r.id) ORDER BY seq LIMIT %s"
        )
        values = (site, int(seq or 0), limit)
        rows = self._run(lambda connection: connection.execute(query, values).fetchall())
        behind = f"{rows[-1][0]}:{rows[-1][1]}" if rows else cursor
        return [_record(row[1:]) for row in rows], behind

    def _is_at(self, site: str, seq: str, record_id: str) -> bool:
        if not (seq.isascii() and seq.isdigit()):
            return False
        query = "SELECT FROM record WHERE site = %s AND seq = %s::numeric AND id = %s"
        values = (site, seq, record_id)
        return self._run(lambda c: c.execute(query, values).fetchone()) is not None

    def items(self, site: str) -> list[Item]:
        """What the ledger vouches for in the name of `site`; what is in doubt is left out."""
        query = (
            "SELECT id, sha256, size FROM record r WHERE site = %s "
            "AND NOT EXISTS (SELECT FROM doubt WHERE doubt.id = r.id)"
        )
        rows = self._run(lambda connection: connection.execute(query, (site,)).fetchall())
        return [Item(*row) for row in rows]

    def entered(self, site: str) -> list[tuple[int, Item]]:
        """As `items`, each with the number of its row, which grows in the order of entering."""
        query = (
            "SELECT seq, id, sha256, size FROM record r WHERE site = %s "
            "AND NOT EXISTS (SELECT FROM doubt WHERE doubt.id = r.id)"
        )
        rows = self._run(lambda connection: connection.execute(query, (site,)).fetchall())
        return [(row[0], Item(*row[1:])) for row in rows]

    def sites(self) -> list[str]:
        """Every site that has a record here."""
        query = "SELECT DISTINCT site FROM record ORDER BY site"
        return [row[0] for row in self._run(lambda c: c.execute(query).fetchall())]

    def doubts(self) -> dict[str, str]:
        """Id -> `missing` or `altered`."""
        query = "SELECT id, kind FROM doubt ORDER BY id"
        return dict(self._run(lambda c: c.execute(query).fetchall()))

    def doubt(self, record_id: str, kind: str) -> None:
        """From now on give no receipt for this record; the first doubt stands."""
        statement = "INSERT INTO doubt (id, kind) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING"
        self._run(lambda connection: connection.execute(statement, (record_id, kind)))

    def trust(self, record_id: str) -> None:
        """Its bytes are here again."""
        self._run(lambda c: c.execute("DELETE FROM doubt WHERE id = %s", (record_id,)))

    def canaries_before(self, moment: datetime) -> list[StoredRecord]:
        """Canaries stored before `moment`."""
        query = f"SELECT {_COLUMNS} FROM canary WHERE stored_at < %s"  # noqa: S608 - constants
        return [_record(r) for r in self._run(lambda c: c.execute(query, (moment,)).fetchall())]

    def forget_canary(self, record_id: str) -> None:
        """Delete a canary's row; the role has no right to delete a record's."""
        self._run(lambda c: c.execute("DELETE FROM canary WHERE id = %s", (record_id,)))

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, work: Callable[[psycopg.Connection[Any]], _Result]) -> _Result:
        """Run `work` in a transaction, on a fresh connection if the kept one has died.

        Running it again is safe: every statement here is idempotent.
        """
        with self._lock:
            try:
                try:
                    return self._transact(work)
                except _UNUSABLE:
                    self._drop()
                    return self._transact(work)
            except psycopg.Error as error:
                self._drop()
                raise LedgerUnavailableError(
                    "data-centre ledger",
                    "query",
                    str(error).strip() or type(error).__name__,
                    "check postgresql.service; sites keep their records and try again",
                ) from error

    def _transact(self, work: Callable[[psycopg.Connection[Any]], _Result]) -> _Result:
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn, connect_timeout=_CONNECT_TIMEOUT_S)
        with self._connection.transaction():
            return work(self._connection)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _insert(connection: psycopg.Connection[Any], record: StoredRecord) -> int:
    statement = (
        f"INSERT INTO {_table(record.record_id)} ({_COLUMNS}) "  # noqa: S608 - constants
        "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING"
    )
    stored_at = moment_of(record.stored_at)
    values = (record.record_id, record.sha256, record.size, record.owner, stored_at)
    return connection.execute(statement, (*values, str(record.path))).rowcount


def _table(record_id: str) -> str:
    return "canary" if is_canary(record_id) else "record"


def _record(row: tuple[Any, ...]) -> StoredRecord:
    record_id, sha256, size, site, stored_at, path = row
    label = stored_at.astimezone(UTC).strftime(SECONDS_FORMAT)
    return StoredRecord(record_id, sha256, size, site, label, Path(path))
