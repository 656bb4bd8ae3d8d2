"""The workstation, which shares no code with the product, against the product's real intake."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from lab import workstation
from tests.records.conftest import authority, intake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.records.authority import Authority
    from tests.records.conftest import Intake

__all__ = ["authority", "intake"]  # fixtures


def client(intake: Intake, authority: Authority) -> workstation.Intake:
    certificate, _ = authority.issue("ws1.kubu")
    return workstation.Intake("127.0.0.1", certificate.with_suffix(""), intake.port)


def stored(intake: Intake) -> set[str]:
    files = [path for path in intake.directory.rglob("*.rec") if path.is_file()]
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_captured_record_lies_in_the_spool_byte_for_byte(
    intake: Intake,
    authority: Authority,
) -> None:
    capture = workstation.Capture(os.urandom(300_000))
    client(intake, authority).take(capture)
    assert stored(intake) == {capture.sha256}


def test_an_upload_continues_where_the_server_says(
    intake: Intake,
    authority: Authority,
) -> None:
    capture = workstation.Capture(os.urandom(200_000))
    station = client(intake, authority)
    connection = station.connect()
    capture.location = station.open(connection, capture)
    kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    headers = {"Tus-Resumable": "1.0.0", **kind}
    connection.request("PATCH", capture.location, body=capture.payload[:80_000], headers=headers)
    connection.getresponse().read()
    connection.close()
    assert station.offset(station.connect(), capture) == 80_000
    station.take(capture)
    assert stored(intake) == {capture.sha256}


def test_a_server_that_is_off_costs_time_and_no_record(
    intake: Intake,
    authority: Authority,
    tmp_path: Path,
) -> None:
    intake.service.kill()
    notes = tmp_path / "kubu.jsonl"
    capture = workstation.Capture(os.urandom(50_000))
    station, notebook = client(intake, authority), workstation.Notebook(notes)
    with pytest.raises(workstation.CaptureError):
        station.take(capture)
    offering = threading.Thread(target=workstation._insist, args=(station, notebook, capture))
    offering.start()
    intake.service.start()
    offering.join(timeout=20)
    assert not offering.is_alive()
    assert stored(intake) == {capture.sha256}
    assert {json.loads(line)["event"] for line in notes.read_text().splitlines()} <= {"refused"}
