"""A whole province at one small data centre: every site is in the middle of a record at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt
from tests.records.services import Record

if TYPE_CHECKING:
    from tests.records.conftest import DataCentreService
    from tests.records.postgres import Postgres

pytestmark = pytest.mark.postgres

SITES = 300
RECORD_BYTES = 200_000
FIRST_BYTES = 100_000
GROWTH_MB = 300  # 1 MB a site; measured: 180, of which most is TLS and HTTP buffers


def test_three_hundred_sites_in_the_middle_of_a_record_at_once(
    data_centre: DataCentreService, postgres: Postgres
) -> None:
    sites = [f"kantor-{number}" for number in range(SITES)]
    clients = {site: data_centre.client(site) for site in sites}
    records = {site: Record.of_size(RECORD_BYTES) for site in sites}
    before = data_centre.service.peak_mb()
    for site in sites:
        assert clients[site].create(records[site]).status == 201
    for site in sites:
        clients[site].begin_patch(records[site], 0, FIRST_BYTES)
    for site in reversed(sites):  # the last to come is the first to be done
        client, record = clients[site], records[site]
        client.connection.send(record.payload[FIRST_BYTES:])
        response = client.connection.getresponse()
        response.read()
        assert response.status == 204
        signed = SignedReceipt.from_header(response.headers[RECEIPT_HEADER])
        claims = {"record_id": record.record_id, "sha256": record.sha256, "size": RECORD_BYTES}
        data_centre.verifier(site).check(signed, **claims)  # type: ignore[arg-type] - by name
    assert data_centre.service.peak_mb() - before < GROWTH_MB
    assert sorted(path.read_bytes() for path in data_centre.stored()) == sorted(
        record.payload for record in records.values()
    )
    assert postgres.rows("SELECT count(DISTINCT site) FROM record") == [(SITES,)]
    for client in clients.values():
        client.close()
