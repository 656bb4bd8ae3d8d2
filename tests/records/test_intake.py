"""The recording server's intake: what is answered is on the disk, and nothing else is."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.counts import record_counts
from tests.records.authority import Authority
from tests.records.services import BODY, Record, TusClient, checksum, wait_for_size

if TYPE_CHECKING:
    from pathlib import Path

    from tests.records.conftest import Intake

RECORD_BYTES = 700_000


def test_answered_record_is_in_spool_and_ledger(intake: Intake) -> None:
    record = Record.of_size(RECORD_BYTES)
    answer = intake.client().upload(record)
    assert (answer.status, answer.offset) == (204, RECORD_BYTES)
    stored = intake.directory / "spool" / f"{record.record_id}.{record.sha256}.ws1.kubu.rec"
    assert stored.read_bytes() == record.payload
    counts = record_counts(intake.directory)
    assert (counts.captured, counts.acknowledged, counts.active_captures) == (1, 0, 0)
    assert counts.backlog_bytes == RECORD_BYTES
    assert intake.client().head(record).offset == RECORD_BYTES


def test_cut_mid_patch_resumes_at_the_offset(intake: Intake) -> None:
    record = Record.of_size(RECORD_BYTES)
    client = intake.client()
    client.create(record)
    client.begin_patch(record, 0, 300_000)
    wait_for_size(intake.partial(record), 300_000)
    client.close()
    again = intake.client()
    offset = again.head(record).offset
    assert offset == 300_000
    assert again.patch(record, offset).status == 204


def test_upload_in_progress_is_an_active_capture(intake: Intake) -> None:
    record = Record.of_size(RECORD_BYTES)
    client = intake.client()
    client.create(record)
    client.begin_patch(record, 0, 100_000)
    wait_for_size(intake.partial(record), 100_000)
    assert record_counts(intake.directory).active_captures == 1


def test_kill_mid_record_loses_nothing_that_was_synced(intake: Intake) -> None:
    record = Record.of_size(RECORD_BYTES)
    client = intake.client()
    client.create(record)
    client.begin_patch(record, 0, 400_000)
    wait_for_size(intake.partial(record), 400_000)
    intake.service.kill()
    intake.service.start()
    again = intake.client()
    offset = again.head(record).offset
    assert offset == 400_000
    assert again.patch(record, offset).status == 204
    assert next((intake.directory / "spool").iterdir()).read_bytes() == record.payload


def test_complete_upload_killed_before_its_answer_is_finished_when_asked(intake: Intake) -> None:
    record = Record.of_size(1000)
    intake.client().create(record)
    intake.service.kill()
    intake.partial(record).write_bytes(record.payload)
    intake.service.start()
    assert intake.client().head(record).offset == 1000
    assert record_counts(intake.directory).captured == 1


def test_ledger_is_rebuilt_from_the_spool(intake: Intake) -> None:
    record = Record.of_size(1000)
    intake.client().upload(record)
    intake.service.kill()
    for path in intake.directory.glob("ledger.sqlite*"):
        path.unlink()
    intake.service.start()
    assert record_counts(intake.directory).captured == 1
    assert intake.client().head(record).offset == 1000


def test_newest_connection_shuts_the_hung_one(intake: Intake) -> None:
    record = Record.of_size(RECORD_BYTES)
    hung = intake.client()
    hung.create(record)
    hung.begin_patch(record, 0, 200_000)
    wait_for_size(intake.partial(record), 200_000)
    fresh = intake.client()
    assert fresh.head(record).offset == 200_000
    assert fresh.patch(record, 200_000).status == 204
    with pytest.raises(OSError):  # noqa: PT011 - reset or end of TLS stream, as the kernel likes
        _read_to_the_end(hung)


def _read_to_the_end(client: TusClient) -> None:
    sock = client.connection.sock
    assert sock is not None
    if not sock.recv(1):
        raise ConnectionResetError


def test_same_id_with_other_bytes_is_refused_with_an_alarm(intake: Intake) -> None:
    record = Record.of_size(1000)
    client = intake.client()
    client.upload(record)
    altered = Record(b"x" * 1000, record.record_id)
    assert client.create(altered).status == 422
    assert "alarm: conflict" in intake.service.log()
    assert client.create(record).status == 201, "the very same record counts once, and is welcome"
    assert record_counts(intake.directory).captured == 1


def test_wrong_offset_is_refused_and_changes_nothing(intake: Intake) -> None:
    record = Record.of_size(RECORD_BYTES)
    client = intake.client()
    client.create(record)
    assert client.patch(record, 5).status == 409
    assert intake.client().head(record).offset == 0


def test_altered_bytes_are_refused_with_460_and_start_again_at_zero(intake: Intake) -> None:
    record = Record.of_size(1000)
    client = intake.client()
    client.create(record)
    answer = client.patch(Record(b"y" * 1000, record.record_id))
    assert answer.status == 460
    assert client.head(record).status == 404
    assert client.upload(record).status == 204


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_chunk_with_wrong_checksum_is_taken_back(intake: Intake, algorithm: str) -> None:
    record = Record.of_size(1000)
    client = intake.client()
    client.create(record)
    good = checksum(algorithm, record.payload[:500])
    assert client.patch(record, 0, 500, Upload_Checksum=good).status == 204
    bad = checksum(algorithm, b"something else")
    assert client.patch(record, 500, 600, Upload_Checksum=bad).status == 460
    assert client.head(record).offset == 500
    assert client.patch(record, 500).status == 204


def test_another_workstation_neither_sees_nor_writes_the_record(intake: Intake) -> None:
    record = Record.of_size(1000)
    owner, other = intake.client("ws1.kubu"), intake.client("ws2.kubu")
    owner.create(record)
    assert other.head(record).status == 404
    assert other.patch(record).status == 404
    assert other.create(record).status == 422
    owner.patch(record)
    assert intake.client("ws2.kubu").head(record).status == 404


@pytest.mark.parametrize("common_name", ["ws1.bangko", "kubu", "bangko"])
def test_certificate_of_no_workstation_here_is_refused(intake: Intake, common_name: str) -> None:
    assert intake.client(common_name).create(Record.of_size(10)).status == 403


def test_foreign_certificate_gets_no_http_at_all(intake: Intake, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    certificate, key = stranger.issue("ws1.kubu")
    client = TusClient(intake.port, intake.authority.certificate, certificate, key)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        client.create(Record.of_size(10))


def test_below_the_floor_new_uploads_are_refused_and_old_ones_finish(intake: Intake) -> None:
    begun = Record.of_size(1000)
    intake.client().create(begun)
    intake.reconfigure(floor_bytes=1 << 60)
    client = intake.client()
    refused = client.create(Record.of_size(1000))
    assert refused.status == 507
    assert "must stay free" in refused.text
    assert intake.client().patch(begun).status == 204


def test_disk_that_fills_up_mid_record_is_told_and_resumed(intake: Intake) -> None:
    """On a real full file system: what is there stays whole, and goes on when there is room."""
    intake.service.stop()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", intake.directory],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("a file system of two megabytes needs root and mount")
    try:
        intake.service.start()
        _fill_up_and_resume(intake)
        intake.service.stop()
    finally:
        subprocess.run(["umount", "--lazy", intake.directory], check=True)


def _fill_up_and_resume(intake: Intake) -> None:
    safe, record = Record.of_size(100_000), Record.of_size(1_000_000)
    client = intake.client()
    client.upload(safe)
    client.create(record)
    ballast = intake.directory / "ballast"
    ballast.write_bytes(bytes(1_300_000))
    assert client.patch(record).status == 507
    again = intake.client()
    offset = again.head(record).offset
    assert 0 < offset < 1_000_000
    assert again.head(safe).offset == 100_000
    ballast.unlink()
    assert again.patch(record, offset).status == 204
    stored = next(intake.directory.glob(f"spool/{record.record_id}*"))
    assert stored.read_bytes() == record.payload


def test_canary_ids_are_reserved_where_records_are_captured(intake: Intake) -> None:
    record = Record(b"a person", "canary-of-a-person")
    assert intake.client().create(record).status == 400


def test_protocol_corners(intake: Intake) -> None:
    client = intake.client()
    options = client.request("OPTIONS", "/files/")
    assert options.headers["Tus-Version"] == "1.0.0"
    assert "termination" not in options.headers["Tus-Extension"]
    record = Record.of_size(10)
    assert client.request("POST", "/files/", Tus_Resumable="0.2.0").status == 412
    assert client.request("POST", "/files/", Upload_Length="10").status == 400
    client.create(record)
    assert client.request("DELETE", record.path).status == 405
    assert client.request("PATCH", record.path, Upload_Offset="0").status == 415
    override = {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": "0", "Content_Type": BODY}
    assert client.request("POST", record.path, record.payload, **override).status == 204


def test_more_bytes_than_announced_are_refused(intake: Intake) -> None:
    record = Record.of_size(1000)
    client = intake.client()
    client.create(record)
    assert client.patch(Record(record.payload + b"more", record.record_id)).status == 413
    assert intake.client().head(record).offset == 0


def test_stock_tus_client(intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tusclient = pytest.importorskip("tusclient.client", reason="tuspy is not installed")
    # tuspy hands a CA file to its first request only; requests reads this for all of them.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(intake.authority.certificate))
    certificate, key = intake.authority.issue("ws1.kubu")
    record = Record.of_size(300_000)
    source = tmp_path / "record"
    source.write_bytes(record.payload)
    client = tusclient.TusClient(
        f"https://127.0.0.1:{intake.port}/files/",
        client_cert=(str(certificate), str(key)),
    )
    uploader = client.uploader(
        str(source),
        chunk_size=100_000,
        metadata={"id": record.record_id, "sha256": record.sha256},
        upload_checksum=True,
    )
    uploader.upload()
    assert record_counts(intake.directory).captured == 1
