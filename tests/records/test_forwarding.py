"""From workstation to data centre and back as a receipt, over links that break."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.counts import record_counts
from tests.records.services import Record
from tests.records.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.records.conftest import DataCentreService, Forwarding, Intake

    Start = Callable[..., Forwarding]

pytestmark = pytest.mark.postgres
RECORD_BYTES = 600_000
SLOW = 200_000  # bytes per second: a record of RECORD_BYTES takes three seconds


def payloads(directory: Path) -> list[str]:
    return sorted(path.name.split(".")[0] for path in directory.glob("*.rec"))


def test_record_of_a_workstation_is_acknowledged_by_the_data_centre(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    link = forwarding()
    record = Record.of_size(RECORD_BYTES)
    intake.client().upload(record)
    link.wait_acknowledged(1)
    assert data_centre.stored()[0].read_bytes() == record.payload
    assert (intake.directory / "receipts" / f"{record.record_id}.json").is_file()
    link.service.stop()  # the move to sent/ is the last step
    assert payloads(intake.directory / "spool") == []
    assert payloads(intake.directory / "sent") == [record.record_id]
    counts = record_counts(intake.directory)
    assert (counts.captured, counts.sent, counts.acknowledged) == (1, 1, 1)
    assert counts.oldest_unacknowledged_s is None
    assert intake.client().head(record).headers["Rekamatan-Receipt"], "the workstation can prove it"


def test_cut_mid_record_resumes_and_sends_little_twice(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    link = forwarding(SLOW)
    record = Record.of_size(RECORD_BYTES)
    intake.client().upload(record)
    link.relay.wait_until_sent(300_000)
    link.relay.cut()
    link.wait_acknowledged(1)
    assert data_centre.stored()[0].read_bytes() == record.payload
    assert link.relay.bytes_up < RECORD_BYTES * 1.4


def test_kill_of_the_data_centre_mid_record(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    link = forwarding(SLOW)
    record = Record.of_size(RECORD_BYTES)
    intake.client().upload(record)
    link.relay.wait_until_sent(300_000)
    data_centre.service.kill()
    data_centre.service.start()
    link.wait_acknowledged(1)
    assert data_centre.stored()[0].read_bytes() == record.payload


def test_kill_of_the_forwarder_mid_record(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    link = forwarding(SLOW)
    record = Record.of_size(RECORD_BYTES)
    intake.client().upload(record)
    link.relay.wait_until_sent(300_000)
    link.service.kill()
    link.service.start()
    link.wait_acknowledged(1)
    assert len(data_centre.stored()) == 1
    assert link.relay.bytes_up < RECORD_BYTES * 1.4


def test_forged_receipt_lets_nothing_go(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    """Someone answers under the data centre's name who does not hold its signing key."""
    link = forwarding(public_key=base64.b64encode(bytes(31) + b"\1").decode())
    record = Record.of_size(1000)
    intake.client().upload(record)
    wait_for(lambda: "alarm: record" in link.service.log(), 10)
    assert data_centre.stored() != [], "it did send, and it did get an answer"
    assert payloads(intake.directory / "spool") == [record.record_id]
    assert list((intake.directory / "receipts").iterdir()) == []
    assert record_counts(intake.directory).acknowledged == 0


def test_fresh_record_overtakes_the_backlog(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    backlog = [Record.of_size(RECORD_BYTES) for _ in range(3)]
    for record in backlog:
        intake.client().upload(record)
    _make_old(intake)
    link = forwarding(SLOW)
    link.relay.wait_until_sent(100_000)
    fresh = Record.of_size(100_000)
    intake.client().upload(fresh)
    link.wait_acknowledged(4)
    order = [path.name.split(".")[0] for path in _by_arrival(data_centre)]
    assert order.index(fresh.record_id) == 0


def test_refused_record_does_not_hold_up_the_others(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    taken = Record.of_size(1000)
    data_centre.client("bangko").upload(taken)  # the same id, from elsewhere
    intake.client().upload(taken)
    good = Record.of_size(1000)
    intake.client().upload(good)
    link = forwarding()
    link.wait_acknowledged(1)
    assert payloads(intake.directory / "spool") == [taken.record_id]


def test_a_crash_between_receipt_and_move_is_settled_at_start(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    del data_centre
    link = forwarding()
    record = Record.of_size(RECORD_BYTES)
    intake.client().upload(record)
    link.wait_acknowledged(1)
    link.service.stop()
    (sent,) = (intake.directory / "sent").iterdir()
    sent.rename(intake.directory / "spool" / sent.name)
    intake.service.kill()
    for path in intake.directory.glob("ledger.sqlite*"):
        path.unlink()
    intake.service.start()
    assert record_counts(intake.directory).acknowledged == 0
    before = link.relay.bytes_up
    link.service.start()
    wait_for(lambda: not payloads(intake.directory / "spool"), 10)
    assert record_counts(intake.directory).acknowledged == 1
    # The ledgers are compared at a start: a handshake and some questions, no record.
    link.service.stop()
    assert link.relay.bytes_up - before < 20_000, "the receipt was here: nothing travels again"


def _make_old(intake: Intake) -> None:
    ledger = intake.spool().ledger
    ledger._write("UPDATE record SET captured_at = '2026-01-01T00:00:00Z'")


def _by_arrival(data_centre: DataCentreService) -> list[Path]:
    return sorted(data_centre.stored(), key=lambda path: path.stat().st_mtime_ns)
