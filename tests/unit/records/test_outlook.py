"""Forecasts are arithmetic on what this server measured, and say so when they cannot know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rekamatan.records import outlook as outlook_module
from rekamatan.records.archive import SECONDS_FORMAT
from rekamatan.records.outlook import full_in_days, outlook
from rekamatan.records.settings import IntakeSettings
from rekamatan.records.site_ledger import SiteEntry, SiteLedger
from rekamatan.records.summary import lines, summarise

if TYPE_CHECKING:
    from pathlib import Path

GIGABYTE = 10**9
MEGABYTE = 10**6


def test_disk_without_receipts_is_full_when_the_pace_says() -> None:
    assert full_in_days(10 * GIGABYTE, GIGABYTE, {}, 30, drains=False) == 11


def test_disk_that_is_freed_as_fast_as_it_fills_is_never_full() -> None:
    assert full_in_days(31 * GIGABYTE, GIGABYTE, {}, 30, drains=True) is None
    assert full_in_days(29 * GIGABYTE, GIGABYTE, {}, 30, drains=True) == 30


def test_what_retention_frees_counts_on_its_day() -> None:
    assert full_in_days(2 * GIGABYTE, GIGABYTE, {3: GIGABYTE}, 30, drains=False) == 4
    assert full_in_days(2 * GIGABYTE, GIGABYTE, {4: GIGABYTE}, 30, drains=False) == 3


def test_nothing_captured_never_fills_a_disk() -> None:
    assert full_in_days(1, 0.0, {}, 30, drains=False) is None


class Usage:
    free = 10 * GIGABYTE


def settings(directory: Path) -> IntakeSettings:
    return IntakeSettings(
        certificate="c", key="k", ca="a", floor_bytes=GIGABYTE, directory=str(directory)
    )


def ledger_with(directory: Path, acknowledged_ago_s: list[float], waiting: int) -> SiteLedger:
    """Records of 2 MB captured over the last two days."""
    ledger, now = SiteLedger(directory / "ledger.sqlite"), datetime.now(UTC)
    captured = (now - timedelta(days=2)).strftime(SECONDS_FORMAT)
    for number, ago in enumerate(acknowledged_ago_s):
        moment = (now - timedelta(seconds=ago)).strftime(SECONDS_FORMAT)
        facts = (f"acknowledged-{number}", "0" * 64, 2 * MEGABYTE, "ws1.kubu", captured)
        ledger.add(SiteEntry(*facts, receipt="{}", receipt_at=moment))
    for number in range(waiting):
        ledger.add(SiteEntry(f"waiting-{number}", "0" * 64, 2 * MEGABYTE, "ws1.kubu", captured))
    return ledger


def test_rate_and_drain_are_those_of_the_last_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlook_module.shutil, "disk_usage", lambda _: Usage)
    ledger_with(tmp_path, [1000, 500, 0, 90_000], waiting=6)
    found = outlook(tmp_path, settings(tmp_path))
    assert found.rate_kbps == pytest.approx(48, rel=0.02)  # 6 MB in 1000 s
    assert found.drain_s == pytest.approx(2000, rel=0.02)  # 12 MB
    assert found.disk_free_bytes == 9 * GIGABYTE


def test_without_a_receipt_in_the_last_hour_the_drain_is_not_known(tmp_path: Path) -> None:
    ledger_with(tmp_path, [90_000], waiting=1)
    found = outlook(tmp_path, settings(tmp_path))
    assert (found.rate_kbps, found.drain_s) == (None, None)


def test_no_backlog_is_drained_already(tmp_path: Path) -> None:
    ledger_with(tmp_path, [90_000], waiting=0)
    assert outlook(tmp_path, settings(tmp_path)).drain_s == 0.0


def test_pace_of_a_link_that_is_down_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlook_module.shutil, "disk_usage", lambda _: Usage)
    ledger_with(tmp_path, [], waiting=1000)  # 2 GB in two days, 9 GB free
    assert outlook(tmp_path, settings(tmp_path)).disk_days == 10


def test_what_retention_will_free_is_in_the_forecast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlook_module.shutil, "disk_usage", lambda _: Usage)
    ledger_with(tmp_path, [29 * 86_400] * 1000, waiting=0)  # 2 GB go in two days; 9 GB free
    assert outlook(tmp_path, settings(tmp_path)).disk_days == 12


def test_without_receipts_nothing_will_ever_be_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Large:
        free = 36 * GIGABYTE

    monkeypatch.setattr(outlook_module.shutil, "disk_usage", lambda _: Large)
    ledger_with(tmp_path, [], waiting=1000)  # 1 GB a day, 35 GB free, retention 30 days
    assert outlook(tmp_path, settings(tmp_path)).disk_days == 36


def test_the_day_the_disk_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlook_module.shutil, "disk_usage", lambda _: Usage)
    ledger_with(tmp_path, [], waiting=1000)
    config = tmp_path / "records.json"
    config.write_text(f'{{"certificate": "", "key": "", "ca": "", "floor_bytes": {GIGABYTE}}}')
    text = "\n".join(lines(summarise(tmp_path, config), "id"))
    assert "Ruang disk cukup untuk sekitar 10 hari perekaman." in text


@pytest.mark.parametrize("lang", ["id", "en"])
def test_summary_is_complete_in_both_languages(tmp_path: Path, lang: str) -> None:
    ledger = ledger_with(tmp_path, [10], waiting=3)
    ledger._write("INSERT INTO finding VALUES ('waiting-0', 'unknown', 'x', '2026')")
    config = tmp_path / "records.json"
    config.write_text('{"certificate": "c", "key": "k", "ca": "a"}')
    text = "\n".join(lines(summarise(tmp_path, config), lang))  # type: ignore[arg-type] - both
    assert "3" in text
    assert ("ATTENTION" if lang == "en" else "PERHATIAN") in text
    assert ("hours" if lang == "en" else "jam") in text


def test_counts_are_told_even_without_an_outlook(tmp_path: Path) -> None:
    ledger_with(tmp_path, [], waiting=1)
    found = summarise(tmp_path, tmp_path / "none.json")
    assert found.counts.captured == 1
    assert "no such file" in found.outlook_problem
