"""Rows deleted, payloads altered, receipts forged, backups restored: each named and made good."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.counts import record_counts
from tests.records.district import SIZE, District
from tests.records.services import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.records.conftest import DataCentreService, Forwarding, Intake
    from tests.records.postgres import Postgres

    Start = Callable[..., Forwarding]

pytestmark = pytest.mark.postgres


def age(district: District) -> None:
    """Let everything stored be of an earlier day, in file, ledger and receipt alike."""
    (path,) = district.data_centre.stored()
    old = district.data_centre.directory / "store/2026/01/02" / path.name
    old.parent.mkdir(parents=True)
    path.rename(old)


def test_deleted_row_is_found_by_the_data_centre_itself(district: District) -> None:
    (record,) = district.capture()
    district.postgres.execute("DELETE FROM record")
    (problem,) = district.reconcile()
    assert record.record_id in problem
    district.must_be_whole([record])


@pytest.mark.parametrize("day", ["of today", "of an earlier day"])
def test_deleted_row_is_found_by_the_site_and_the_record_counts_once(
    district: District, day: str
) -> None:
    (record,) = district.capture()
    if day == "of an earlier day":
        age(district)
    district.postgres.execute("DELETE FROM record")
    assert district.settle()["missing"] == [record.record_id]
    district.wait_all_acknowledged()
    assert district.rows() == [record.record_id]
    copies = [problem for problem in district.reconcile() if "second copy" in problem]
    assert len(copies) == (day == "of an earlier day")
    district.must_be_whole([record])


@pytest.mark.parametrize("care", ["careless", "time and size kept"])
def test_altered_payload_is_found_named_and_sent_again(district: District, care: str) -> None:
    (record, other) = district.capture(2)
    before = district.receipt(record)
    (path,) = district.data_centre.directory.glob(f"store/*/*/*/{record.record_id}*")
    facts = path.stat()
    path.write_bytes(b"x" * SIZE)
    if care == "time and size kept":
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    else:
        (problem,) = district.reconcile("--quick")
        assert record.record_id in problem
    (problem,) = district.reconcile()
    assert record.record_id in problem
    assert "changed" in problem
    assert len(list((district.data_centre.directory / "store/altered").iterdir())) == 1
    assert district.settle()["missing"] == [record.record_id]
    district.must_be_whole([record, other])
    assert district.receipt(record) == before, "the promise of that day stands, and is kept"


def test_lost_file_gets_no_receipt_and_is_sent_again(district: District) -> None:
    (record,) = district.capture()
    district.data_centre.stored()[0].unlink()
    assert district.data_centre.client().head(record).status == 404
    assert district.settle()["missing"] == [record.record_id]
    district.must_be_whole([record])


def test_purged_record_that_the_data_centre_lost_stays_named(district: District) -> None:
    (record,) = district.capture()
    district.link.service.stop()
    for path in district.link.spool.sent.iterdir():
        path.unlink()
    district.postgres.execute("DELETE FROM record")
    (stored,) = district.data_centre.stored()
    backup = stored.rename(district.data_centre.directory / "backup")
    for _ in range(2):
        assert district.settle()["missing"] == [record.record_id]
    (finding,) = district.link.spool.ledger.findings()
    assert "restore its backup" in finding.detail
    backup.rename(stored)
    district.reconcile()
    assert district.settle()["missing"] == []
    assert district.link.spool.ledger.findings() == []


def test_forged_receipts_are_named_and_nothing_is_let_go(
    intake: Intake, data_centre: DataCentreService, forwarding: Start, postgres: Postgres
) -> None:
    district = District(intake, data_centre, forwarding(), postgres)
    district.capture()
    district.link.service.stop()
    signing_key = data_centre.directory.parent / "signing-key"
    signing_key.write_text("/" * 42 + "8=")  # someone else's key at the data centre's place
    data_centre.service.stop()
    data_centre.service.start()
    fresh = Record.of_size(SIZE)
    intake.client().upload(fresh)
    district.link.service.start()
    district.wait(lambda: bool(district.link.spool.ledger.findings()))
    district.wait(lambda: "stays" in district.link.service.log())
    assert [e.record_id for e in district.link.spool.ledger.waiting()] == [fresh.record_id]
    assert {f.kind for f in district.link.spool.ledger.findings()} == {"unproven"}
    assert record_counts(intake.directory).acknowledged == 1
    kept = [path.name.split(".")[0] for path in (intake.directory / "spool").iterdir()]
    assert kept == [fresh.record_id]


def test_old_backup_of_the_whole_data_centre_is_noticed_and_made_good(
    district: District, tmp_path: Path
) -> None:
    early = district.capture(2)
    store, saved = district.data_centre.directory / "store", tmp_path / "store.saved"
    shutil.copytree(store, saved)
    district.postgres.dump(tmp_path / "ledger.dump")
    late = district.capture(2)
    assert district.settle()["missing"] == []
    district.data_centre.service.stop()
    shutil.rmtree(store)
    shutil.copytree(saved, store)
    district.postgres.restore(tmp_path / "ledger.dump")
    district.data_centre.service.start()
    assert district.settle()["missing"] == sorted(record.record_id for record in late)
    district.must_be_whole([*early, *late])


def test_ledger_set_back_alone_is_mended_from_the_store(district: District, tmp_path: Path) -> None:
    """Only the database is restored: the files say what it lacks."""
    early = district.capture(2)
    district.postgres.dump(tmp_path / "ledger.dump")
    late = district.capture(2)
    receipts = {record.record_id: district.receipt(record) for record in late}
    district.data_centre.service.stop()
    district.postgres.restore(tmp_path / "ledger.dump")
    district.data_centre.service.start()
    assert {record.record_id: district.receipt(record) for record in late} == receipts
    district.must_be_whole([*early, *late])


def test_record_that_came_another_way_counts_once(district: District) -> None:
    """By stick or car first: the same bytes under the same id, in this site's name."""
    district.link.service.stop()
    record = Record.of_size(SIZE)
    district.intake.client().upload(record)
    district.data_centre.client().upload(record)
    district.link.service.start()
    district.wait_all_acknowledged()
    district.must_be_whole([record])


def test_other_bytes_by_another_way_are_refused_and_named(district: District) -> None:
    district.link.service.stop()
    record = Record.of_size(SIZE)
    district.intake.client().upload(record)
    other = Record(b"y" * SIZE, record.record_id)
    district.data_centre.client().upload(other)
    district.link.service.start()
    district.wait(lambda: "is not taken" in district.link.service.log())
    assert district.settle()["altered"] == [record.record_id]
    assert district.held() == {record.record_id: other.payload}
    (kept,) = (district.intake.directory / "spool").iterdir()
    assert kept.read_bytes() == record.payload
    assert "alarm: conflict" in district.data_centre.service.log()


def test_a_site_sees_its_own_receipts_only_and_page_by_page(
    data_centre: DataCentreService, postgres: Postgres
) -> None:
    postgres.execute(
        "INSERT INTO record (id, site, sha256, size, stored_at, path) SELECT 'record-' || n, "
        "CASE WHEN n % 2 = 0 THEN 'kubu' ELSE 'bangko' END, repeat('0', 64), n, now(), '/none' "
        "FROM generate_series(1, 900) AS n"
    )
    seen, cursor = list[str](), ""
    while True:
        answer = data_centre.client("kubu").request("GET", f"/receipts?after={cursor}")
        page = json.loads(answer.text)
        if not page["receipts"]:
            break
        assert {receipt["site"] for receipt in page["receipts"]} == {"kubu"}
        seen += [receipt["id"] for receipt in page["receipts"]]
        cursor = page["cursor"]
    assert len(seen) == len(set(seen)) == 450
    for wrong in ("1:record-1", "99999999999999999999999:record-2", "x", "-1:record-2", "2:kubu"):
        got = data_centre.client("kubu").request("GET", f"/receipts?after={wrong}")
        assert got.status == 409, wrong
    assert data_centre.client("kubu").request("GET", "/items?bucket=../x").status == 400
    assert data_centre.client("ws1.kubu").request("GET", "/receipts").status == 403


@pytest.mark.parametrize("content", [b"", b"torn"])
def test_bad_file_in_the_store_neither_stops_the_ingest_nor_gets_a_receipt(
    data_centre: DataCentreService, postgres: Postgres, content: bytes
) -> None:
    """What a disk without fsync, or somebody, leaves: a name that promises other bytes."""
    good, bad = Record.of_size(1000), Record.of_size(1000)
    for record in (good, bad):
        data_centre.client().upload(record)
    (path,) = data_centre.directory.glob(f"store/*/*/*/{bad.record_id}*")
    path.write_bytes(content)
    postgres.execute("TRUNCATE record")
    data_centre.service.stop()
    data_centre.service.start()
    assert data_centre.client().head(good).offset == 1000
    assert data_centre.client().head(bad).status == 404
    assert "altered: record" in data_centre.service.log()
    assert data_centre.client().upload(bad).status == 204
