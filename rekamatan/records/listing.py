"""What each side's ledger holds, in the shape in which two sides are compared; changes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rekamatan.errors import RecordError
from rekamatan.records.digests import Item, bucket_digests, within
from rekamatan.records.offtime import OFF, OffTime, parse_off
from rekamatan.records.site_ledger import LEDGER, reading

if TYPE_CHECKING:
    from collections.abc import Collection

    from rekamatan.records.settings import IngestSettings, IntakeSettings


def site_digests(settings: IntakeSettings) -> dict[str, Any]:
    """`{"digests": {bucket: digest}, "waiting": n, "findings": {id: kind}, "off": ...}`.

    Digests are of the records this site holds receipts for; `off` is the last time without power,
    `{"since", "until", "night"}`, or None.
    """
    return spool_digests(Path(settings.directory))


def spool_digests(directory: Path) -> dict[str, Any]:
    """The same of the ledger in `directory`."""
    acknowledged, waiting, findings, off = _read_site(directory)
    return {
        "digests": bucket_digests(acknowledged),
        "waiting": len(waiting),
        "findings": findings,
        "off": None if off is None else {**asdict(off), "night": off.is_night()},
    }


def site_items(settings: IntakeSettings, buckets: Collection[str]) -> dict[str, Any]:
    """`{"acknowledged": [[id, sha256, size]], "waiting": [...]}` of these buckets."""
    return spool_items(Path(settings.directory), buckets)


def spool_items(directory: Path, buckets: Collection[str]) -> dict[str, Any]:
    """The same of the ledger in `directory`."""
    acknowledged, waiting, _, _ = _read_site(directory)
    return {
        "acknowledged": [astuple(item) for item in within(acknowledged, buckets)],
        "waiting": [astuple(item) for item in within(waiting, buckets)],
    }


def central_digests(settings: IngestSettings) -> dict[str, Any]:
    """`{"sites": {slug: {bucket: digest}}, "suspects": {slug: {id: kind}}}` of the data centre."""
    from rekamatan.records.audit import suspects  # noqa: PLC0415 - psycopg: not at sites
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - as above

    with closing(CentralLedger(settings.dsn)) as ledger:
        sites = {site: bucket_digests(ledger.items(site)) for site in ledger.sites()}
        return {"sites": sites, "suspects": suspects(ledger)}


def central_items(settings: IngestSettings, buckets: Collection[str]) -> dict[str, Any]:
    """`{slug: [[id, sha256, size]]}` of these buckets."""
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - psycopg

    with closing(CentralLedger(settings.dsn)) as ledger:
        return {
            site: [astuple(item) for item in within(ledger.items(site), buckets)]
            for site in ledger.sites()
        }


def _read_site(
    directory: Path,
) -> tuple[list[Item], list[Item], dict[str, str], OffTime | None]:
    try:
        with reading(directory) as connection:
            connection.execute("BEGIN")  # one moment for all of it
            query = "SELECT id, sha256, size FROM record WHERE receipt IS {} NULL"
            acknowledged = [Item(*row) for row in connection.execute(query.format("NOT"))]
            waiting = [Item(*row) for row in connection.execute(query.format(""))]
            findings = dict(connection.execute("SELECT id, kind FROM finding").fetchall())
            notes = dict(connection.execute("SELECT name, value FROM note").fetchall())
    except sqlite3.Error as error:
        hint = "is rekamatan-intake running? check: systemctl status rekamatan-intake"
        raise RecordError(str(directory / LEDGER), "read the ledger", str(error), hint) from error
    return acknowledged, waiting, findings, parse_off(notes.get(OFF))
