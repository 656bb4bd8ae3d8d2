"""Two ledgers that watch each other: they agree, and whatever one lacks it gets back."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.counts import record_counts
from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt
from rekamatan.records.settlement import CURSOR
from rekamatan.records.site_ledger import COMPARED_AT
from rekamatan.records.spool import Spool
from tests.records.district import SIZE, District, command
from tests.records.services import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.records.conftest import Forwarding

    Start = Callable[..., Forwarding]

pytestmark = pytest.mark.postgres


def test_ledgers_of_a_quiet_day_agree(district: District) -> None:
    district.must_be_whole(district.capture(3))


def test_receipt_lost_on_the_way_is_fetched_without_sending_again(district: District) -> None:
    spool = district.link.spool
    before = spool.ledger.note(CURSOR)
    (record,) = district.capture()
    district.link.service.stop()
    spool.withdraw(spool.ledger.acknowledged()[0])
    # The forwarder settles at its start too; a receipt that it took then was not lost.
    spool.ledger.remember(CURSOR, before)
    sent = district.link.relay.bytes_up
    assert district.settle()["missing"] == []
    assert [e.record_id for e in spool.ledger.acknowledged()] == [record.record_id]
    assert district.link.relay.bytes_up - sent < SIZE / 2


@pytest.mark.parametrize("content", [b"", b"\0" * 300, b"no receipt"])
def test_bad_receipt_file_neither_stops_the_forwarder_nor_is_believed(
    district: District, content: bytes
) -> None:
    (record,) = district.capture()
    district.link.service.stop()
    path = district.link.spool.receipts / f"{record.record_id}.json"
    path.write_bytes(content)
    district.link.spool.ledger._write("UPDATE record SET receipt = ''")
    district.link.service.start()
    district.wait(lambda: "unproven: record" in district.link.service.log())
    district.wait_all_acknowledged()
    assert SignedReceipt.from_json(path.read_text()).receipt.id == record.record_id
    fresh = district.capture()
    district.must_be_whole([record, *fresh])


def test_what_the_data_centre_lost_is_sent_again_without_anybodys_command(
    district: District,
) -> None:
    """The forwarder compares both ledgers by itself; nobody presses `settle` here."""
    (record,) = district.capture()
    (stored,) = district.data_centre.stored()
    district.link.service.stop()
    stored.unlink()
    assert len(district.reconcile()) == 1
    district.link.spool.ledger.remember(COMPARED_AT, "")
    district.link.service.start()
    district.wait(lambda: district.held() == {record.record_id: record.payload})
    district.wait(lambda: bool(district.link.spool.ledger.note(COMPARED_AT)))
    district.must_be_whole([record])


def test_record_in_the_sites_name_that_it_never_captured_is_unknown(district: District) -> None:
    district.capture()
    stranger = Record.of_size(SIZE)
    district.data_centre.client().upload(stranger)
    assert district.settle()["unknown"] == [stranger.record_id]
    assert record_counts(district.intake.directory).captured == 1


def test_spare_server_takes_over_the_count(district: District) -> None:
    """Its disk is new: what the data centre has in the site's name is adopted by a person."""
    records = district.capture(3)
    district.link.service.stop()
    district.intake.service.stop()
    shutil.rmtree(district.intake.directory)
    district.intake.directory.mkdir()
    district.intake.service.start()
    ids = sorted(record.record_id for record in records)
    assert district.settle()["unknown"] == ids
    assert record_counts(district.intake.directory).captured == 0
    adopted = district.settle("--adopt")
    assert (adopted["adopted"], adopted["unknown"]) == (3, [])
    counts = record_counts(district.intake.directory)
    assert (counts.captured, counts.acknowledged) == (3, 3)
    assert district.settle()["missing"] == []


def test_lost_payload_is_named_and_does_not_hold_up_the_others(district: District) -> None:
    district.link.service.stop()
    lost, good = Record.of_size(SIZE), Record.of_size(SIZE)
    for record in (good, lost):
        district.intake.client().upload(record)
    next(district.intake.directory.glob(f"spool/{lost.record_id}*")).unlink()
    district.link.service.start()
    district.link.wait_acknowledged(1)
    district.wait(lambda: bool(district.link.spool.ledger.findings()))
    (finding,) = district.link.spool.ledger.findings()
    assert (finding.record_id, finding.kind) == (lost.record_id, "lost")


def test_no_receipt_for_a_row_whose_upload_was_rolled_back_to_incoming(
    district: District,
) -> None:
    """The commit was done and its answer lost: the file went back, and the row must not speak."""
    (record,) = district.capture()
    (stored,) = district.data_centre.stored()
    incoming = district.data_centre.directory / "incoming"
    announced = {"record_id": record.record_id, "sha256": record.sha256, "size": SIZE}
    (incoming / f"{record.record_id}.json").write_text(json.dumps({**announced, "owner": "kubu"}))
    stored.rename(incoming / f"{record.record_id}.part")
    answer = district.data_centre.client().head(record)
    assert answer.offset == SIZE
    assert SignedReceipt.from_header(answer.headers[RECEIPT_HEADER]).receipt.id == record.record_id
    assert stored.read_bytes() == record.payload
    district.must_be_whole([record])


def test_site_ledger_is_rebuilt_by_command_and_only_without_its_services(
    district: District,
) -> None:
    records = district.capture(2)
    district.link.service.stop()
    waiting = Record.of_size(SIZE)
    district.intake.client().upload(waiting)
    arguments = ("--config", str(district.intake.config))
    arguments += ("--site-file", str(district.intake.site_file))
    refused = command("rebuild", *arguments)
    assert refused["error"] == "RefusedError"
    district.intake.service.stop()
    assert command("rebuild", *arguments) == {"records": 3}
    ledger = Spool(district.intake.directory).ledger
    assert [entry.record_id for entry in ledger.waiting()] == [waiting.record_id]
    assert {entry.owner for entry in ledger.acknowledged()} == {ledger.waiting()[0].owner}
    assert len(ledger.acknowledged()) == 2
    district.intake.service.start()
    district.link.spool = district.intake.spool()
    district.link.service.start()
    district.must_be_whole([*records, waiting])
