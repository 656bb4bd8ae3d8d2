"""A stock tus client that knows nothing of this project: tuspy, as published."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tusclient.client import TusClient as StockClient
from tusclient.exceptions import TusUploadFailed

from tests.records.relay import Relay
from tests.records.services import Record, wait_for_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.records.conftest import Intake

RECORD_BYTES = 700_000
SLOW = 300_000  # bytes per second


@pytest.fixture
def relay(intake: Intake) -> Iterator[Relay]:
    relay = Relay(intake.port)
    yield relay
    relay.close()


@pytest.fixture
def stock(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> StockClient:
    """Its certificates by its own means, the authority by that of its HTTP library."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(intake.authority.certificate))
    certificate, key = intake.authority.issue("ws1.kubu")
    identity = (str(certificate), str(key))
    return StockClient(f"https://127.0.0.1:{intake.port}/files/", client_cert=identity)


def metadata(record: Record) -> dict[str, str]:
    return {"id": record.record_id, "sha256": record.sha256}


def spooled(intake: Intake) -> list[bytes]:
    return [path.read_bytes() for path in (intake.directory / "spool").iterdir()]


def test_record_in_chunks_with_checksums(intake: Intake, stock: StockClient) -> None:
    record = Record.of_size(RECORD_BYTES)
    uploader = stock.uploader(
        file_stream=io.BytesIO(record.payload),
        metadata=metadata(record),
        chunk_size=200_000,
        upload_checksum=True,
    )
    uploader.upload()
    assert uploader.offset == RECORD_BYTES
    assert spooled(intake) == [record.payload]


def test_cut_upload_is_resumed_by_a_new_client_at_the_servers_offset(
    intake: Intake, stock: StockClient, relay: Relay
) -> None:
    record = Record.of_size(RECORD_BYTES)
    stock.url = f"https://127.0.0.1:{relay.port}/files/"
    first = stock.uploader(file_stream=io.BytesIO(record.payload), metadata=metadata(record))
    relay.bytes_per_s = SLOW
    with ThreadPoolExecutor() as beside:
        upload = beside.submit(first.upload)
        wait_for_size(intake.partial(record), 250_000)
        relay.cut()
        with pytest.raises(TusUploadFailed):
            upload.result(timeout=60)
    relay.bytes_per_s = None
    again = stock.uploader(file_stream=io.BytesIO(record.payload), client=stock, url=first.url)
    assert 250_000 <= again.offset < RECORD_BYTES, "it does not begin anew"
    again.upload()
    assert spooled(intake) == [record.payload]


def test_uploads_without_the_records_own_metadata_are_refused(
    intake: Intake, stock: StockClient
) -> None:
    uploader = stock.uploader(file_stream=io.BytesIO(b"x" * 10), metadata={"filename": "a.rec"})
    with pytest.raises(Exception, match="400"):
        uploader.upload()
    assert spooled(intake) == []
