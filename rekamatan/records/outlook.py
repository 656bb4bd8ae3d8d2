"""What the counts mean for tomorrow: rate, end of the backlog, and the day the disk is full.

Everything is measured on this server; what cannot be known is None, never a guess.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import SECONDS_FORMAT, moment_of
from rekamatan.records.offtime import OFF, OffTime, parse_off
from rekamatan.records.site_ledger import COMPARED_AT, LEDGER, reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rekamatan.records.settings import IntakeSettings

_RATE_WINDOW = timedelta(hours=1)
_PACE_DAYS = 14
_HORIZON_DAYS = 365


@dataclass(frozen=True, slots=True)
class Outlook:
    """Rates and forecasts of one site."""

    rate_kbps: float | None  # payload acknowledged within the last hour; None: nothing was
    drain_s: float | None  # until the backlog is gone at that rate; None: not known
    disk_free_bytes: int  # above the floor below which new records are refused
    disk_days: int | None  # until it is full at the present pace; None: not within a year
    findings: dict[str, int]  # kind -> how many records need a person
    compared_at: str | None  # when both ledgers were last compared, ISO 8601 UTC
    off: OffTime | None  # the last time this server had no power


def outlook(path: Path, settings: IntakeSettings) -> Outlook:
    """The outlook of the record directory `path`.

    Raises:
        RecordError: there is no readable ledger.
    """
    now = datetime.now(UTC)
    try:
        with reading(path) as connection:
            return _outlook(connection, path, settings, now)
    except sqlite3.Error as error:
        hint = "stop both services and run: rekamatan records rebuild"
        raise RecordError(str(path / LEDGER), "read the outlook", str(error), hint) from error


def full_in_days(
    free: int, pace: float, freed: Mapping[int, int], retention_days: int, *, drains: bool
) -> int | None:
    """The first day on which `free` bytes do not suffice; None when not within a year.

    Args:
        free: bytes above the floor now.
        pace: bytes captured a day.
        freed: day from now -> bytes whose retention ends then.
        retention_days: after so many days what is captured from now on is freed again.
        drains: whether records are being acknowledged; without receipts nothing is freed.
    """
    left = float(free)
    for day in range(1, _HORIZON_DAYS + 1):
        left += freed.get(day, 0) - pace
        if drains and day > retention_days:
            left += pace
        if left < 0:
            return day
    return None


def _outlook(
    connection: sqlite3.Connection, path: Path, settings: IntakeSettings, now: datetime
) -> Outlook:
    rate = _rate(connection, now)
    backlog = _number(connection, "SELECT sum(size) FROM record WHERE receipt IS NULL")
    free = max(0, shutil.disk_usage(path).free - settings.floor_bytes)
    drains = rate is not None or backlog == 0
    freed = _freed(connection, now, settings.retention_days)
    days = full_in_days(free, _pace(connection, now), freed, settings.retention_days, drains=drains)
    kinds = connection.execute("SELECT kind, count(*) FROM finding GROUP BY kind").fetchall()
    notes = dict(connection.execute("SELECT name, value FROM note").fetchall())
    return Outlook(
        rate_kbps=None if rate is None else round(rate * 8 / 1000, 1),
        drain_s=0.0 if backlog == 0 else None if rate is None else round(backlog / rate),
        disk_free_bytes=free,
        disk_days=days,
        findings=dict(kinds),
        compared_at=notes.get(COMPARED_AT),
        off=parse_off(notes.get(OFF)),
    )


def _rate(connection: sqlite3.Connection, now: datetime) -> float | None:
    """Bytes per second over the last hour, or since the backlog's first receipt within it."""
    since = (now - _RATE_WINDOW).strftime(SECONDS_FORMAT)
    query = "SELECT sum(size), min(receipt_at) FROM record WHERE receipt_at >= ? AND owner <> ''"
    size, first = connection.execute(query, (since,)).fetchone()
    if not size:
        return None
    started = moment_of(first)
    return float(size) / max(60.0, (now - started).total_seconds())


def _pace(connection: sqlite3.Connection, now: datetime) -> float:
    """Bytes captured a day, over the last fortnight or as long as there are records."""
    since = now - timedelta(days=_PACE_DAYS)
    query = "SELECT sum(size), min(captured_at) FROM record WHERE captured_at >= ?"
    size, first = connection.execute(query, (since.strftime(SECONDS_FORMAT),)).fetchone()
    if not size:
        return 0.0
    started = moment_of(first)
    return float(size) / max(1.0, (now - started) / timedelta(days=1))


def _freed(connection: sqlite3.Connection, now: datetime, retention_days: int) -> dict[int, int]:
    """Day from now -> bytes of acknowledged payloads that may be purged then."""
    since = (now - timedelta(days=retention_days)).strftime(SECONDS_FORMAT)
    query = (
        "SELECT substr(receipt_at, 1, 10), sum(size) FROM record "
        "WHERE receipt_at >= ? AND owner <> '' GROUP BY 1"
    )
    freed: dict[int, int] = {}
    for day, size in connection.execute(query, (since,)):
        due = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(
            days=retention_days + 1
        )
        freed[max(1, (due - now).days + 1)] = size
    return freed


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0] or 0)
