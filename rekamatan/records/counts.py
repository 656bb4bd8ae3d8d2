"""How many records a site holds, sent and has receipts for; read from the disk, by any process."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import moment_of
from rekamatan.records.captures import active_captures
from rekamatan.records.site_ledger import LEDGER, reading

if TYPE_CHECKING:
    from pathlib import Path

_QUERY = """
SELECT count(*),
       count(*) FILTER (WHERE receipt IS NOT NULL OR sent_offset >= size),
       count(receipt),
       min(captured_at) FILTER (WHERE receipt IS NULL),
       coalesce(sum(size) FILTER (WHERE receipt IS NULL), 0),
       max(receipt_at)
FROM record
"""


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """The four answers every recording application gives, and the backlog behind them."""

    captured: int
    sent: int
    acknowledged: int
    oldest_unacknowledged_s: float | None  # None: everything is acknowledged
    active_captures: int  # captures under way at the workstations now
    backlog_bytes: int
    last_receipt_at: str | None  # ISO 8601 UTC


def record_counts(path: Path) -> RecordCounts:
    """The counts of the record directory `path` (`paths.RECORDS` on a recording server).

    Raises:
        RecordError: there is no readable ledger. Unknown is never reported as zero.
    """
    ledger = path / LEDGER
    if not ledger.is_file():
        hint = "is rekamatan-intake running? check: systemctl status rekamatan-intake"
        raise RecordError(str(ledger), "count records", "no ledger here", hint)
    try:
        with reading(path) as connection:
            row = connection.execute(_QUERY).fetchone()
    except sqlite3.Error as error:
        hint = "run: rekamatan records reconcile"
        raise RecordError(str(ledger), "count records", str(error), hint) from error
    captured, sent, acknowledged, oldest, backlog_bytes, last_receipt_at = row
    return RecordCounts(
        *(captured, sent, acknowledged, _age_s(oldest)),
        *(active_captures(path), backlog_bytes, last_receipt_at),
    )


def _age_s(captured_at: str | None) -> float | None:
    if captured_at is None:
        return None
    captured = moment_of(captured_at)
    return max(0.0, (datetime.now(UTC) - captured).total_seconds())
