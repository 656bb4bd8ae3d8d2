"""The rollout ledger survives a kill at any byte and never forgets what it acknowledged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rekamatan.cli import main
from rekamatan.errors import ConfigError, RefusedError
from rekamatan.fleet.ledger import FILE_NAME, RolloutLedger, SiteState

if TYPE_CHECKING:
    from pathlib import Path

ORDER, PROFILE, SITES = "470/2026/118", "telkomsel", ("kubu", "bangko", "sinaboi")


@pytest.fixture
def ledger(tmp_path: Path) -> RolloutLedger:
    return RolloutLedger.open(tmp_path, ORDER, PROFILE, SITES)


def test_starts_with_every_site_planned(ledger: RolloutLedger) -> None:
    assert ledger.states() == dict.fromkeys(SITES, SiteState.PLANNED)


def test_the_latest_word_counts(ledger: RolloutLedger) -> None:
    ledger.record("kubu", "switching", {})
    ledger.record("kubu", SiteState.VERIFIED, {"outage_s": 9.5})
    ledger.record("bangko", SiteState.ROLLED_BACK, {})
    assert ledger.finished("kubu")
    assert not ledger.finished("bangko")
    assert not ledger.finished("nowhere")
    assert ledger.entries()["kubu"].data == {"outage_s": 9.5}


def test_an_unknown_state_is_refused(ledger: RolloutLedger) -> None:
    with pytest.raises(ValueError, match="done"):
        ledger.record("kubu", "done", {})


def test_a_rerun_goes_on_and_takes_new_sites_in(ledger: RolloutLedger, tmp_path: Path) -> None:
    ledger.record("kubu", SiteState.VERIFIED, {})
    again = RolloutLedger.open(tmp_path, ORDER, PROFILE, (*SITES, "pujud"))
    assert again.states() == {
        "kubu": SiteState.VERIFIED,
        "bangko": SiteState.PLANNED,
        "sinaboi": SiteState.PLANNED,
        "pujud": SiteState.PLANNED,
    }


@pytest.mark.parametrize(("order", "profile"), [("other", PROFILE), (ORDER, "indosat")])
def test_another_rollout_is_refused(
    ledger: RolloutLedger, tmp_path: Path, order: str, profile: str
) -> None:
    before = ledger.path.read_bytes()
    with pytest.raises(RefusedError, match="470/2026/118"):
        RolloutLedger.open(tmp_path, order, profile, SITES)
    assert ledger.path.read_bytes() == before


def test_a_damaged_line_is_named(ledger: RolloutLedger) -> None:
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(lines[0] + b"garbage\n" + b"".join(lines[1:]))
    with pytest.raises(ConfigError, match="line 2"):
        ledger.states()


def test_interrupted_switches_are_unknown_not_failed(ledger: RolloutLedger) -> None:
    ledger.record("kubu", SiteState.SWITCHING, {})
    assert ledger.settle_interrupted() == ["kubu"]
    assert ledger.states()["kubu"] is SiteState.UNKNOWN
    assert ledger.settle_interrupted() == []


@settings(deadline=None)  # a busy machine is no failure
@given(cut=st.integers(0, 400))
def test_a_torn_line_costs_only_itself(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    directory = tmp_path_factory.mktemp("ledger")
    ledger = RolloutLedger.open(directory, ORDER, PROFILE, SITES[:1])
    ledger.record("kubu", SiteState.VERIFIED, {"note": "first"})
    acknowledged = ledger.path.read_bytes()
    ledger.record("kubu", SiteState.STRANDED, {"note": "torn " + "x" * 300})
    torn = ledger.path.read_bytes()[: len(acknowledged) + cut]
    ledger.path.write_bytes(torn)
    whole = torn.endswith(b"\n") and len(torn) > len(acknowledged)
    expected = SiteState.STRANDED if whole else SiteState.VERIFIED
    assert ledger.states() == {"kubu": expected}
    ledger.record("kubu", SiteState.DEGRADED, {})
    assert [json.loads(line) for line in ledger.path.read_bytes().splitlines()]
    assert ledger.states() == {"kubu": SiteState.DEGRADED}


WRITER = """
import sys
from pathlib import Path
from rekamatan.fleet.ledger import RolloutLedger, SiteState
ledger = RolloutLedger.open(Path(sys.argv[1]), "order", "telkomsel", ["kubu"])
for number in range(1_000_000):
    ledger.record("kubu", SiteState.SWITCHING, {"number": number})
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for _ in range(20):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    found = RolloutLedger.read(tmp_path).entries()["kubu"].data["number"]
    assert found >= max(acknowledged, default=19)


def test_a_line_is_on_the_disk_before_record_returns(
    ledger: RolloutLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.pread(handle, 10_000, 0)))
    ledger.record("kubu", SiteState.VERIFIED, {})
    assert synced[-1] == ledger.path.read_bytes()


def test_two_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    RolloutLedger.open(tmp_path, "order", "telkomsel", ["kubu"])
    program = WRITER.replace("1_000_000", "40").replace("    print(number, flush=True)\n", "")
    writers = [subprocess.Popen([sys.executable, "-c", program, tmp_path]) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    lines = (tmp_path / FILE_NAME).read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 82


def test_show(ledger: RolloutLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rollout", "show", str(tmp_path)]) == 4
    assert "Direncanakan" in capsys.readouterr().out
    for site in SITES:
        ledger.record(site, SiteState.VERIFIED, {})
    assert main(["rollout", "show", str(tmp_path), "--lang", "en"]) == 0
    assert "3 of 3 verified" in capsys.readouterr().out
    ledger.record("kubu", SiteState.ROLLED_BACK, {"reason": "APN refused"})
    assert main(["rollout", "show", str(tmp_path)]) == 1
    assert "APN refused" in capsys.readouterr().out
    assert main(["rollout", "show", str(tmp_path / "nowhere")]) == 2
