"""A server that is off at night is told from a link that is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.offtime import OFF, OffTime, note_alive, note_start, parse_off
from rekamatan.records.site_ledger import SiteLedger
from tests.unit.records.test_district import ONE, centre, site, table

if TYPE_CHECKING:
    from pathlib import Path

JAKARTA = timezone(timedelta(hours=7))
NOW = datetime(2026, 3, 2, 1, 0, 0, tzinfo=UTC)


def test_silence_before_a_start_is_kept_with_both_ends(tmp_path: Path) -> None:
    ledger = SiteLedger(tmp_path / "ledger.sqlite")
    assert note_start(ledger, NOW) is None, "the very first start"
    note_alive(ledger, NOW)
    later = NOW + timedelta(hours=14)
    off = note_start(ledger, later)
    assert off == OffTime("2026-03-02T01:00:00Z", "2026-03-02T15:00:00Z")
    assert parse_off(ledger.note(OFF)) == off
    assert note_start(ledger, later + timedelta(minutes=2)) is None, "a restart"
    assert parse_off(ledger.note(OFF)) == off


def test_clock_that_went_back_claims_nothing(tmp_path: Path) -> None:
    ledger = SiteLedger(tmp_path / "ledger.sqlite")
    note_alive(ledger, NOW)
    assert note_start(ledger, NOW - timedelta(days=400)) is None


@pytest.mark.parametrize(
    ("since", "until", "night"),
    [
        ("2026-03-02T10:02:00Z", "2026-03-03T00:55:00Z", True),  # 17:02 to 07:55 in Jakarta
        ("2026-03-02T03:00:00Z", "2026-03-02T05:00:00Z", False),  # two hours at noon
        ("2026-03-02T10:02:00Z", "2026-03-03T06:00:00Z", False),  # on again at one: no routine
        ("2026-03-02T01:00:00Z", "2026-03-02T02:50:00Z", False),  # in the morning
    ],
)
def test_night_is_by_the_clock_on_the_wall(since: str, until: str, night: bool) -> None:  # noqa: FBT001 - a case
    assert OffTime(since, until).is_night(JAKARTA) is night


def test_district_table_says_so() -> None:
    answer = site([ONE])
    answer["off"] = {"since": "2026-03-02T10:02:00Z", "until": "x", "night": True}
    line = table({"kubu": answer}, centre({"kubu": [ONE]}))["kubu"]
    assert line.state == "agree"
    assert "off at night" in line.line()
