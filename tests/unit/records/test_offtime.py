"""A server that is off at night is told from a link that is down."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ConfigError
from rekamatan.records.archive import moment_of
from rekamatan.records.forwarder import Forwarder
from rekamatan.records.lanes import Junction
from rekamatan.records.listing import site_digests
from rekamatan.records.offtime import ALIVE, OFF, OffTime, note_alive, note_start, parse_off
from rekamatan.records.receipts import ReceiptVerifier
from rekamatan.records.settings import IntakeSettings
from rekamatan.records.site_ledger import SiteLedger
from rekamatan.records.spool import Spool
from rekamatan.records.summary import lines, summarise
from tests.unit.records.test_district import ONE, centre, site, table
from tests.unit.records.test_receipts import PUBLIC

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.records.uplink import Uplink

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


def told(directory: Path) -> str:
    config = directory / "records.json"
    settings = {"certificate": "", "key": "", "ca": "", "directory": str(directory)}
    config.write_text(json.dumps(settings))
    return "\n".join(lines(summarise(directory, config), "id"))


@pytest.mark.parametrize(
    ("until", "night"), [("2026-03-03T00:55:00Z", True), ("2026-03-02T12:02:00Z", False)]
)
def test_technician_is_told_that_a_night_without_power_is_no_fault_of_the_link(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    until: str,
    night: bool,  # noqa: FBT001 - a case
) -> None:
    monkeypatch.setenv("TZ", "Asia/Jakarta")
    time.tzset()
    SiteLedger(tmp_path / "ledger.sqlite").remember(
        OFF, json.dumps({"since": "2026-03-02T10:02:00Z", "until": until})
    )
    text = told(tmp_path)
    answer = site_digests(IntakeSettings.load(tmp_path / "records.json"))
    monkeypatch.undo()
    time.tzset()
    assert ("ini bukan gangguan jaringan" in text) is night
    assert ("Server terakhir mati dari" in text) is not night
    assert answer["off"]["night"] is night, "what playbooks/status.yml reads"


class OneMinute(Junction):
    """Ends the forwarder after the first minute of its housekeeping."""

    def __init__(self, ledger: SiteLedger) -> None:
        super().__init__()
        self._ledger = ledger

    def rest(self, seconds: float) -> None:
        if threading.current_thread() is not threading.main_thread():
            super().rest(seconds)  # a lane
            return
        self._ledger.remember(ALIVE, "2026-03-02T01:00:00Z")
        self.stop()


def test_forwarder_keeps_the_time_without_power_and_says_every_minute_that_it_lives(
    tmp_path: Path,
) -> None:
    spool, began = Spool(tmp_path), datetime.now(UTC) - timedelta(seconds=1)
    note_alive(spool.ledger, NOW)

    def nowhere() -> Uplink:
        raise ConfigError("site.json", "data_centre", "no link in this test")

    verifier, junction = ReceiptVerifier(PUBLIC, "kubu"), OneMinute(spool.ledger)
    Forwarder(spool, nowhere, verifier, timedelta(days=30), junction, lambda: 0.0).run()
    off = parse_off(spool.ledger.note(OFF))
    assert off is not None
    assert off.since == "2026-03-02T01:00:00Z"
    assert moment_of(off.until) >= began
    assert moment_of(spool.ledger.note(ALIVE)) >= began


def test_district_table_says_so() -> None:
    answer = site([ONE])
    answer["off"] = {"since": "2026-03-02T10:02:00Z", "until": "x", "night": True}
    line = table({"kubu": answer}, centre({"kubu": [ONE]}))["kubu"]
    assert line.state == "agree"
    assert "off at night" in line.line()
