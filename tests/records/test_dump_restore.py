"""A nightly `pg_dump` on a bare PostgreSQL: rows, rights, counters, and the service on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from rekamatan.records.migrate import pending_migrations
from rekamatan.records.receipts import RECEIPT_HEADER
from tests.records.postgres import Postgres, binaries
from tests.records.services import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.records.conftest import DataCentreService

pytestmark = pytest.mark.postgres


@pytest.fixture
def bare() -> Iterator[Postgres]:
    """Another cluster: what is on it came out of the dump."""
    found = binaries()
    assert found is not None
    cluster = Postgres(found)
    yield cluster
    cluster.remove()


def move_to(data_centre: DataCentreService, cluster: Postgres) -> None:
    settings = json.loads(data_centre.config.read_text()) | {"dsn": cluster.dsn()}
    data_centre.service.stop()
    data_centre.config.write_text(json.dumps(settings))
    data_centre.service.start()


def test_dump_restores_on_a_bare_server(
    data_centre: DataCentreService, postgres: Postgres, bare: Postgres, tmp_path: Path
) -> None:
    records = [Record.of_size(20_000) for _ in range(3)]
    canary = Record(b"tweet", "canary-00000000")
    client = data_centre.client()
    for record in (*records, canary):
        client.upload(record)
    receipts = {r.record_id: client.head(r).headers[RECEIPT_HEADER] for r in records}
    rows = "SELECT id, site, sha256, size, stored_at, path, seq FROM record ORDER BY id"
    wanted = postgres.rows(rows)
    postgres.dump(tmp_path / "nightly.dump")
    client.close()
    bare.restore(tmp_path / "nightly.dump")
    assert bare.rows(rows) == wanted
    assert bare.rows("SELECT count(*) FROM canary") == [(1,)]
    assert pending_migrations(bare.dsn("admin")) == []

    move_to(data_centre, bare)
    again = data_centre.client()
    assert {r.record_id: again.head(r).headers[RECEIPT_HEADER] for r in records} == receipts
    late = Record.of_size(20_000)
    assert again.upload(late).status == 204, "the counter goes on where it was"
    (newest,) = bare.rows(f"SELECT seq FROM record WHERE id = '{late.record_id}'")  # noqa: S608 - a UUID
    assert newest[0] > max(row[-1] for row in wanted)  # type: ignore[operator] - numbers


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM record",
        "UPDATE record SET sha256 = repeat('0', 64)",
        "UPDATE doubt SET kind = 'missing'",
        "TRUNCATE doubt",
        "ALTER TABLE record DROP COLUMN seq",
        "SELECT setval('record_seq_seq', 1)",
        "CREATE TABLE mine (x int)",
    ],
)
def test_restored_rights_are_the_least(
    data_centre: DataCentreService,
    postgres: Postgres,
    bare: Postgres,
    tmp_path: Path,
    statement: str,
) -> None:
    data_centre.client().upload(Record.of_size(10))
    postgres.dump(tmp_path / "nightly.dump")
    bare.restore(tmp_path / "nightly.dump")
    for cluster in (postgres, bare):
        with (
            psycopg.connect(cluster.dsn()) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_backup_older_than_the_store_loses_no_record(
    data_centre: DataCentreService, postgres: Postgres, bare: Postgres, tmp_path: Path
) -> None:
    """What was stored after the dump gets its row from its file, and the very same receipt."""
    early, late = Record.of_size(1000), Record.of_size(1000)
    data_centre.client().upload(early)
    postgres.dump(tmp_path / "nightly.dump")
    data_centre.client().upload(late)
    receipt = data_centre.client().head(late).headers[RECEIPT_HEADER]
    bare.restore(tmp_path / "nightly.dump")
    move_to(data_centre, bare)
    assert data_centre.client().head(late).headers[RECEIPT_HEADER] == receipt
    assert bare.rows("SELECT count(*) FROM record") == [(2,)]
