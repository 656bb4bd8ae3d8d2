"""By car and back: the real commands, a real PostgreSQL, and every record exactly once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.config import site_to_json
from rekamatan.records.counts import record_counts
from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt
from tests.records.conftest import SLUG, make_site, tls_directory
from tests.records.services import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.records.conftest import DataCentreService, Forwarding, Intake
    from tests.records.postgres import Postgres

pytestmark = pytest.mark.postgres


@dataclass
class Journey:
    """The office, the car, the data centre."""

    stick: Path
    intake: Intake
    data_centre: DataCentreService
    tls_dir: Path

    def argv(self, action: str, *more: str) -> list[str]:
        return [sys.executable, "-m", "rekamatan.cli", "records", action, str(self.stick), *more]

    def press(self, action: str, *more: str, code: int = 0) -> dict[str, Any]:
        done = subprocess.run(
            self.argv(action, "--json", *more), capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        parsed: dict[str, Any] = json.loads(done.stdout)
        return parsed

    @property
    def office(self) -> tuple[str, ...]:
        return ("--config", str(self.intake.config), "--site-file", str(self.intake.site_file))

    def export(self, *more: str, code: int = 0) -> dict[str, Any]:
        tls = ("--tls-dir", str(self.tls_dir), "--anywhere")
        return self.press("export", *self.office, *tls, *more, code=code)

    def at_data_centre(self, *, code: int = 0) -> dict[str, Any]:
        arguments = ("--role", "data-centre", "--config", str(self.data_centre.config))
        report = self.press("import", *arguments, code=code)
        (parcel,) = report["parcels"]
        return dict(parcel)

    def at_home(self, *, code: int = 0) -> dict[str, Any]:
        report = self.press("import", "--role", "site", *self.office, code=code)
        (parcel,) = report["parcels"]
        return dict(parcel)

    def capture(self, count: int, size: int = 40_000) -> list[Record]:
        records = [Record.of_size(size) for _ in range(count)]
        client = self.intake.client()
        for record in records:
            assert client.upload(record).status == 204
        return records

    def payload_on_stick(self, record: Record) -> Path:
        return next(self.stick.rglob(f"{record.record_id}.rec"))

    def stored(self) -> dict[str, bytes]:
        """What the store holds: id -> bytes; two files of one id are an error."""
        paths = self.data_centre.stored()
        found = {path.name.split(".")[0]: path.read_bytes() for path in paths}
        assert len(found) == len(paths), "a record is stored twice"
        return found


@pytest.fixture
def journey(tmp_path: Path, intake: Intake, data_centre: DataCentreService) -> Journey:
    site = make_site("https://127.0.0.1:9", data_centre.public_key)
    intake.site_file.write_text(site_to_json(site))
    stick = tmp_path / "stick"
    stick.mkdir()
    return Journey(stick, intake, data_centre, tls_directory(tmp_path, intake.authority))


def rows(postgres: Postgres) -> list[tuple[object, ...]]:
    return postgres.rows("SELECT id, sha256, size, site FROM record ORDER BY id")


def expected(records: list[Record]) -> list[tuple[object, ...]]:
    return sorted((r.record_id, r.sha256, len(r.payload), SLUG) for r in records)


def test_there_and_back_every_button_twice(journey: Journey, postgres: Postgres) -> None:
    records = journey.capture(5)
    assert journey.export()["carried"] == 5
    assert journey.export()["copied"] == 0
    first, second = journey.at_data_centre(), journey.at_data_centre()
    assert (first["taken"], first["known"], first["receipts"]) == (5, 0, 5)
    assert (second["taken"], second["known"], second["receipts"]) == (0, 5, 5)
    assert rows(postgres) == expected(records)
    assert journey.stored() == {r.record_id: r.payload for r in records}
    assert record_counts(journey.intake.directory).acknowledged == 0, "not before the way back"
    home, again = journey.at_home(), journey.at_home()
    assert (home["acknowledged"], home["known"], home["taken"]) == (5, 0, 0)
    assert (again["acknowledged"], again["known"], again["taken"]) == (0, 5, 0)
    assert record_counts(journey.intake.directory).acknowledged == 5
    assert list((journey.intake.directory / "spool").iterdir()) == []
    receipt = SignedReceipt.from_header(
        journey.intake.client().head(records[0]).headers[RECEIPT_HEADER]
    )
    assert receipt.receipt.sha256 == records[0].sha256, "the workstation sees it too"


def test_by_link_and_by_stick_counts_once(
    journey: Journey, forwarding: Callable[..., Forwarding], postgres: Postgres
) -> None:
    records = journey.capture(4)
    journey.export()
    forwarding().wait_acknowledged(4)
    report = journey.at_data_centre()
    assert (report["taken"], report["known"], report["receipts"]) == (0, 4, 4)
    assert rows(postgres) == expected(records)
    assert len(journey.stored()) == 4
    assert journey.at_home()["known"] == 4


def test_by_link_and_by_stick_at_the_same_moment(
    journey: Journey, forwarding: Callable[..., Forwarding], postgres: Postgres
) -> None:
    """The link brings a record while the stick brings the same one, at both ends at once."""
    records = journey.capture(12, size=200_000)
    journey.export()
    link = forwarding(bytes_per_s=1_000_000)
    link.relay.wait_until_sent(300_000)
    report = journey.at_data_centre()
    assert report["taken"] > 0, "the link was first everywhere: this test showed nothing"
    journey.at_home()
    link.wait_acknowledged(12)
    assert rows(postgres) == expected(records)
    assert journey.stored() == {r.record_id: r.payload for r in records}
    counts = record_counts(journey.intake.directory)
    assert (counts.captured, counts.acknowledged, counts.backlog_bytes) == (12, 12, 0)
    assert len(list((journey.intake.directory / "sent").glob("*.rec"))) == 12


def test_by_stick_first_then_the_link_comes_back(
    journey: Journey, forwarding: Callable[..., Forwarding], postgres: Postgres
) -> None:
    records = journey.capture(3)
    journey.export()
    journey.at_data_centre()
    link = forwarding()
    link.wait_acknowledged(3)
    assert rows(postgres) == expected(records)
    assert len(journey.stored()) == 3
    assert journey.at_home()["acknowledged"] == 0


def test_altered_on_the_way_is_named_and_comes_by_link(
    journey: Journey, forwarding: Callable[..., Forwarding], postgres: Postgres
) -> None:
    records = journey.capture(3)
    journey.export()
    journey.payload_on_stick(records[1]).write_bytes(b"z" * 40_000)
    journey.payload_on_stick(records[2]).unlink()
    report = journey.at_data_centre(code=1)
    problems = {problem["record_id"]: problem["code"] for problem in report["problems"]}
    assert problems == {records[1].record_id: "altered", records[2].record_id: "missing"}
    assert rows(postgres) == expected(records[:1])
    assert journey.at_home()["acknowledged"] == 1
    assert record_counts(journey.intake.directory).acknowledged == 1
    forwarding().wait_acknowledged(3)
    assert rows(postgres) == expected(records)


def test_same_id_with_other_bytes_is_a_conflict(journey: Journey, postgres: Postgres) -> None:
    (record,) = journey.capture(1)
    other = Record(b"other bytes", record.record_id)
    journey.data_centre.client().upload(other)
    journey.export()
    report = journey.at_data_centre(code=1)
    assert [problem["code"] for problem in report["problems"]] == ["conflict"]
    assert report["receipts"] == 0
    assert rows(postgres) == expected([other])
    assert journey.stored()[record.record_id] == b"other bytes"


def test_forged_list_takes_nothing(journey: Journey, postgres: Postgres) -> None:
    journey.capture(1)
    journey.export()
    manifest = next(journey.stick.rglob("manifest.json"))
    manifest.write_text(manifest.read_text().replace('"waiting":1', '"waiting":0'))
    arguments = ("--role", "data-centre", "--config", str(journey.data_centre.config))
    assert journey.press("import", *arguments, code=3)["error"] == "StickError"
    assert rows(postgres) == []


def test_forged_receipts_let_go_of_nothing(journey: Journey) -> None:
    records = journey.capture(2)
    journey.export()
    journey.at_data_centre()
    receipts = next(journey.stick.rglob("receipts.jsonl"))
    genuine = receipts.read_text().splitlines()
    forged = genuine[0].replace('"dc":"pusat"', '"dc":"other"')
    swapped = (
        genuine[1].replace(records[0].record_id, "0" * 36).replace(records[1].record_id, "0" * 36)
    )
    receipts.write_text(f"{forged}\n{swapped}\ngarbage\n")
    report = journey.at_home(code=1)
    assert [problem["code"] for problem in report["problems"]] == ["unproven"] * 3
    assert report["acknowledged"] == 0
    assert len(list((journey.intake.directory / "spool").iterdir())) == 2


def test_stick_of_another_site_is_refused_at_the_office(journey: Journey) -> None:
    journey.capture(1)
    journey.export()
    folder = next(journey.stick.glob("rekaman/*"))
    folder.rename(folder.with_name("bangko"))
    done = subprocess.run(
        journey.argv("import", "--role", "site", *journey.office),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "Ini stik kantor lain." in done.stderr
    assert "bangko" in done.stderr
    assert "Traceback" not in done.stderr


def test_export_killed_again_and_again_ends_whole(journey: Journey, postgres: Postgres) -> None:
    """`kill -9` is what a power cut and a pulled stick look like to the files on it."""
    records = journey.capture(12, size=300_000)
    tls = ("--tls-dir", str(journey.tls_dir), "--anywhere")
    killed = 0
    for count in (2, 5, 9):
        process = subprocess.Popen(journey.argv("export", "--json", *journey.office, *tls))
        deadline = time.monotonic() + 30
        while len(list(journey.stick.rglob("*.rec"))) < count and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.001)  # a record takes milliseconds, and one of them must be hit
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed, "no export was killed in the middle: this test showed nothing"
    assert journey.export()["complete"]
    assert journey.at_data_centre()["taken"] == 12
    assert rows(postgres) == expected(records)


def test_import_killed_in_the_middle_goes_on(journey: Journey, postgres: Postgres) -> None:
    records = journey.capture(12, size=300_000)
    journey.export()
    arguments = ("--role", "data-centre", "--config", str(journey.data_centre.config))
    process = subprocess.Popen(journey.argv("import", "--json", *arguments))
    deadline = time.monotonic() + 30
    while len(journey.data_centre.stored()) < 4 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)  # as above
    process.send_signal(signal.SIGKILL)
    process.wait()
    report = journey.at_data_centre()
    assert report["taken"] + report["known"] == 12
    assert report["receipts"] == 12
    assert rows(postgres) == expected(records)
    assert len(journey.stored()) == 12
    assert journey.at_home()["acknowledged"] == 12


def test_dead_servers_disk_comes_back_by_stick(journey: Journey, tmp_path: Path) -> None:
    """The old disk brings its own identity; its receipts tell the new server what there was."""
    journey.capture(3)
    journey.intake.service.stop()
    old = tmp_path / "old"
    (old / "etc/rekamatan").mkdir(parents=True)
    (old / "var/lib/rekamatan").mkdir(parents=True)
    journey.tls_dir.rename(old / "etc/rekamatan/tls")
    (old / "etc/rekamatan/site.json").write_text(journey.intake.site_file.read_text())
    journey.intake.directory.rename(old / "var/lib/rekamatan/records")
    journey.intake.directory.mkdir()
    journey.intake.service.start()
    report = journey.press("export", "--disk", str(old), "--anywhere")
    assert (report["carried"], report["complete"]) == (3, True)
    assert journey.at_data_centre()["taken"] == 3
    home = journey.at_home()
    assert (home["acknowledged"], home["taken"]) == (3, 0)
    assert record_counts(journey.intake.directory).acknowledged == 3


def test_dead_servers_records_by_stick_into_the_new_server_and_on_by_link(
    journey: Journey,
    tmp_path: Path,
    forwarding: Callable[..., Forwarding],
    postgres: Postgres,
) -> None:
    records = journey.capture(3)
    captured_at = {e.record_id: e.captured_at for e in journey.intake.spool().ledger.waiting()}
    journey.intake.service.stop()
    journey.intake.directory.rename(tmp_path / "dead")
    journey.intake.directory.mkdir()
    journey.intake.service.start()
    tls = ("--tls-dir", str(journey.tls_dir), "--site-file", str(journey.intake.site_file))
    journey.press("export", "--disk", str(tmp_path / "dead"), "--anywhere", *tls)
    assert journey.at_home()["taken"] == 3
    assert journey.at_home()["taken"] == 0
    entries = journey.intake.spool().ledger.waiting()
    assert {e.record_id: e.captured_at for e in entries} == captured_at
    assert {e.owner for e in entries} == {f"ws1.{SLUG}"}
    forwarding().wait_acknowledged(3)
    assert rows(postgres) == expected(records)


def test_data_centre_without_room_says_so_and_goes_on_later(
    journey: Journey, postgres: Postgres
) -> None:
    journey.capture(2)
    journey.export()
    settings = json.loads(journey.data_centre.config.read_text())
    full = journey.data_centre.config.with_name("full.json")
    full.write_text(json.dumps(settings | {"floor_bytes": 2**62}))
    arguments = ("--role", "data-centre", "--config", str(full))
    (report,) = journey.press("import", *arguments, code=1)["parcels"]
    assert [problem["code"] for problem in report["problems"]] == ["disk_full"]
    assert rows(postgres) == []
    assert journey.at_data_centre()["taken"] == 2
