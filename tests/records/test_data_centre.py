"""The ingest: a receipt only after file and ledger row are durable, and for ever the same."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

from rekamatan.errors import RecordError
from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt
from tests.records.services import Answer, Record
from tests.records.waiting import wait_for

if TYPE_CHECKING:
    from tests.records.conftest import DataCentreService
    from tests.records.postgres import Postgres

pytestmark = pytest.mark.postgres


def receipt_of(answer: Answer) -> SignedReceipt:
    return SignedReceipt.from_header(answer.headers[RECEIPT_HEADER])


def test_receipt_is_signed_for_this_record_of_this_site(data_centre: DataCentreService) -> None:
    record = Record.of_size(300_000)
    signed = receipt_of(data_centre.client().upload(record))
    claims = {"record_id": record.record_id, "sha256": record.sha256, "size": 300_000}
    data_centre.verifier().check(signed, **claims)  # type: ignore[arg-type] - the three by name
    with pytest.raises(RecordError):
        data_centre.verifier("bangko").check(signed, **claims)  # type: ignore[arg-type] - as above
    assert signed.receipt.dc == "pusat"
    assert receipt_of(data_centre.client().head(record)) == signed


def test_upload_with_creation_takes_one_exchange(data_centre: DataCentreService) -> None:
    record = Record.of_size(1000)
    answer = data_centre.client().request(
        "POST",
        "/files/",
        record.payload,
        Upload_Length="1000",
        Upload_Metadata=record.offer.metadata(),
        Content_Type="application/offset+octet-stream",
    )
    assert (answer.status, answer.offset) == (201, 1000)
    assert receipt_of(answer).receipt.id == record.record_id


def test_file_without_row_gets_its_row_and_the_very_same_receipt(
    data_centre: DataCentreService, postgres: Postgres
) -> None:
    """What a kill between rename and insert leaves, and what a lost database leaves."""
    record = Record.of_size(1000)
    signed = receipt_of(data_centre.client().upload(record))
    data_centre.service.kill()
    postgres.execute("TRUNCATE record")
    data_centre.service.start()
    assert receipt_of(data_centre.client().head(record)) == signed


def test_no_receipt_without_the_ledger_and_no_second_upload_after(
    data_centre: DataCentreService, postgres: Postgres
) -> None:
    record = Record.of_size(1000)
    client = data_centre.client()
    client.create(record)
    client.patch(record, 0, 999)
    postgres.execute("REVOKE INSERT ON record FROM rekamatan")
    try:
        answer = client.patch(record, 999)
    finally:
        postgres.execute("GRANT INSERT ON record TO rekamatan")
    assert answer.status == 503
    assert data_centre.stored() == []
    assert receipt_of(data_centre.client().head(record)).receipt.size == 1000


def test_ledger_restart_is_survived(data_centre: DataCentreService, postgres: Postgres) -> None:
    client = data_centre.client()
    client.upload(Record.of_size(1000))
    postgres.stop()
    assert client.create(Record.of_size(10)).status == 503
    postgres.start()
    assert data_centre.client().upload(Record.of_size(1000)).status == 204


def test_service_role_can_neither_change_nor_delete_a_record(
    data_centre: DataCentreService, postgres: Postgres
) -> None:
    data_centre.client().upload(Record.of_size(10))
    for statement in ("DELETE FROM record", "UPDATE record SET size = 1", "DROP TABLE record"):
        with (
            psycopg.connect(postgres.dsn()) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_altered_duplicate_is_refused_with_an_alarm(data_centre: DataCentreService) -> None:
    record = Record.of_size(1000)
    client = data_centre.client()
    client.upload(record)
    assert client.create(Record(b"x" * 1000, record.record_id)).status == 422
    assert data_centre.stored()[0].read_bytes() == record.payload
    assert "alarm: conflict" in data_centre.service.log()


def test_another_site_neither_sees_nor_takes_over_a_record(data_centre: DataCentreService) -> None:
    record = Record.of_size(1000)
    data_centre.client("kubu").upload(record)
    other = data_centre.client("bangko")
    assert other.head(record).status == 404
    assert other.patch(record).status == 404
    assert other.create(record).status == 422


def test_workstation_certificate_is_no_site(data_centre: DataCentreService) -> None:
    assert data_centre.client("ws1.kubu").create(Record.of_size(10)).status == 403


def test_list_names_records_and_no_canaries(data_centre: DataCentreService) -> None:
    record = Record.of_size(1000)
    canary = Record(b"tweet", "canary-00000000")
    client = data_centre.client()
    client.upload(record)
    assert receipt_of(client.upload(canary)).receipt.id == canary.record_id
    argv = [sys.executable, "-m", "rekamatan.cli", "records", "list", "--json"]
    done = subprocess.run(
        [*argv, "--config", str(data_centre.config)], check=True, capture_output=True
    )
    (row,) = json.loads(done.stdout)
    assert (row["id"], row["sha256"], row["size"]) == (record.record_id, record.sha256, 1000)
    assert row["site"] == "kubu"


def test_canary_is_gone_after_its_day(data_centre: DataCentreService, postgres: Postgres) -> None:
    client = data_centre.client()
    client.upload(Record(b"tweet", "canary-00000000"))
    client.upload(Record(b"a person", "00000000-aaaa"))
    for table in ("canary", "record"):
        postgres.execute(f"UPDATE {table} SET stored_at = stored_at - interval '25 hours'")  # noqa: S608 - constants
    data_centre.service.stop()
    data_centre.service.start()
    emptied = [(0,)]
    wait_for(
        lambda: postgres.rows("SELECT count(*) FROM canary") == emptied,
        10,
        data_centre.service.log,
    )
    assert [path.name.split(".")[0] for path in data_centre.stored()] == ["00000000-aaaa"]
