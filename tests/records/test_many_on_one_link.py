"""Records one behind the other: no idle round trip between two, and little sent twice by cuts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.site_ledger import LEDGER
from tests.records.services import Record
from tests.records.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.records.conftest import DataCentreService, Forwarding, Intake

    Start = Callable[..., Forwarding]

pytestmark = pytest.mark.postgres
MOST_SENT_AGAIN = 100_000  # bytes, for each cut
# TLS adds 22 bytes to each write of 8 KB, a handshake with two certificates and the questions of
# an attempt under 8 KB together.
TLS_SHARE, CONNECTION_BYTES = 22 / 8192, 8_000


def have_backlog(intake: Intake, records: list[Record]) -> None:
    for record in records:
        intake.client().upload(record)
    with closing(sqlite3.connect(intake.directory / LEDGER, isolation_level=None)) as ledger:
        ledger.execute("UPDATE record SET captured_at = '2026-01-01T00:00:00Z'")


def stored(data_centre: DataCentreService) -> set[bytes]:
    return {path.read_bytes() for path in data_centre.stored()}


def test_next_records_leave_before_the_first_is_answered(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    records = [Record.of_size(200_000) for _ in range(3)]
    intake.client().upload(records[0])
    link = forwarding()
    link.wait_acknowledged(1)  # the handshake is over: from here on only answers come down
    link.relay.answers_pass.clear()
    before = link.relay.bytes_up
    for record in records[1:]:
        intake.client().upload(record)
    link.relay.wait_until_sent(before + 400_000)
    wait_for(lambda: len(data_centre.stored()) == 3, 20, link.service.log)
    assert len(link.spool.ledger.acknowledged()) == 1, "no answer has come down yet"
    link.relay.answers_pass.set()
    link.wait_acknowledged(3)
    assert stored(data_centre) == {record.payload for record in records}


def test_record_refused_for_what_it_is_lets_those_begun_behind_it_through(
    intake: Intake, data_centre: DataCentreService, forwarding: Start
) -> None:
    bad, good = Record.of_size(200_000), [Record.of_size(200_000) for _ in range(3)]
    other = Record.of_size(100, record_id=bad.record_id)
    assert data_centre.client().upload(other).status == 204
    have_backlog(intake, [bad, *good])
    link = forwarding()
    link.wait_acknowledged(3)
    assert stored(data_centre) == {other.payload, *(record.payload for record in good)}
    assert f"record {bad.record_id} is not taken" in link.service.log()
    assert [e.record_id for e in link.spool.ledger.waiting()] == [bad.record_id]


@pytest.mark.parametrize("cuts", [5])
def test_a_cut_sends_little_again(
    intake: Intake, data_centre: DataCentreService, forwarding: Start, cuts: int
) -> None:
    """Counted on the link: what went up, less what is stored and what each connection costs."""
    records = [Record.of_size(size) for size in (2_000_000, 300_000, 300_000, 600_000)]
    have_backlog(intake, records)
    link = forwarding(1_000_000)
    size = sum(len(record.payload) for record in records)
    for number in range(1, cuts + 1):
        link.relay.wait_until_sent(number * size // (cuts + 1), timeout_s=60)
        link.relay.cut()
    link.wait_acknowledged(len(records), timeout_s=90)
    assert stored(data_centre) == {record.payload for record in records}
    again = link.relay.bytes_up - size * (1 + TLS_SHARE) - (cuts + 3) * CONNECTION_BYTES
    assert again <= cuts * MOST_SENT_AGAIN, f"{again:.0f} bytes went up again by {cuts} cuts"
    print(f"{again / cuts / 1000:.0f} KB again for each cut")  # noqa: T201 - the measure itself
