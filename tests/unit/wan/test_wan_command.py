"""The command line: sentences, exit codes, and what needs a unit."""

from __future__ import annotations

import argparse
import json
import string
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekamatan import cli
from rekamatan.agent import advice, credentials, follow, sentences, survey_words, units, wan_words
from rekamatan.agent.trail import leave_evidence
from rekamatan.commands import order as order_command
from rekamatan.commands import wan as wan_command
from rekamatan.errors import RekamatanError, UnknownOutcomeError
from rekamatan.language import Phrase
from rekamatan.models import GateResult, Probe, SwitchOutcome, SwitchState, Verdict
from rekamatan.plain import to_plain
from rekamatan.verify.store import read_json, write_json
from rekamatan.wan import job_sheet, request
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.journal import Journal
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

SITE = sim.make_site()
OUTCOME = SwitchOutcome(
    run_id="w1",
    site="kubu",
    state=SwitchState.COMMITTED,
    target="telkomsel",
    previous="indosat",
    active="telkomsel",
    change_order="470/12",
    reason="",
    gate=None,
    baseline=None,
    outage_s=9.5,
    started="2026-03-01T00:00:00+00:00",
    duration_s=42.0,
    changed=True,
)
SLOW = GateResult(
    Verdict.FAIL, (Probe("canary.throughput", ok=False, value=90, unit="kbps"),), "telkomsel", "", 1
)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({}, 0, "Selesai: kantor ini sekarang memakai telkomsel"),
        ({"changed": False}, 0, "sudah memakai telkomsel"),
        ({"gate": replace(SLOW, verdict=Verdict.DEGRADED)}, 0, "belum sempurna"),
        ({"state": SwitchState.REVERTED, "gate": SLOW}, 1, "Jalur terlalu lambat"),
        (
            {"state": SwitchState.REVERTED, "reason": "not_attached: no address"},
            1,
            "memeriksa APN",
        ),
        (
            {"state": SwitchState.REVERTED, "active": "indosat", "gate": SLOW},
            1,
            "telkomsel tidak lulus uji, jadi kantor ini kembali memakai indosat",
        ),
        (
            {"state": SwitchState.REVERTED, "active": "indosat", "reason": "interrupted in armed"},
            1,
            "Pergantian ke telkomsel tidak selesai, jadi kantor ini kembali memakai indosat",
        ),
        (
            {
                "state": SwitchState.REVERTED,
                "active": "indosat",
                "gate": replace(SLOW, verdict=Verdict.PASS),
            },
            1,
            "tidak selesai",
        ),
        ({"state": SwitchState.STRANDED}, 1, "tidak punya jalur"),
        ({"state": SwitchState.REFUSED, "reason": "capture_in_progress: 1"}, 3, "Perekaman sedang"),
        ({"state": SwitchState.REFUSED, "reason": "something odd"}, 3, "Sebab: something odd"),
        ({"state": SwitchState.REVERTING, "active": None}, 4, "belum diketahui"),
    ],
)
def test_every_end_is_a_sentence_and_an_exit_code(
    change: dict[str, object], code: int, said: str
) -> None:
    outcome = replace(OUTCOME, **change)  # type: ignore[arg-type]
    assert sentences.outcome_exit(outcome) == code
    assert said in sentences.say_outcome(outcome, "id")
    assert sentences.say_outcome(outcome, "en") != sentences.say_outcome(outcome, "id")


def test_both_languages_take_the_same_fields() -> None:
    modules = (advice, sentences, survey_words, wan_words, job_sheet, order_command)
    found = [v for module in modules for v in vars(module).values() if isinstance(v, Phrase)]
    found += [*advice.ADVICE.values(), *sentences.STEPS.values(), *sentences.GATE.values()]
    found += [*job_sheet.TASKS, *job_sheet.RUNGS.values(), *job_sheet.RESULTS.values()]
    assert len(found) > 40
    for phrase in found:
        assert _fields(phrase.id) == _fields(phrase.en), phrase
    assert set(sentences.STEPS) == set(SwitchState)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["--profile", "smartfren", "--change-order", "1"], 3, "unknown_profile"),
        (["--profile", "telkomsel"], 3, "no_change_order"),
    ],
)
def test_bad_requests_are_refused_at_the_door(
    argv: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["wan", "switch", *argv]) == code
    assert said in capsys.readouterr().err
    assert request.filed() is None


def test_not_root_is_told_so(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(units.os, "geteuid", lambda: 1000)
    for argv in (["wan", "pending"], ["wan", "rollback"], ["verify"], ["status"]):
        monkeypatch.setattr("rekamatan.paths.SITE_FILE", office / "none.json")
        assert cli.main(argv) == 3
        assert "put sudo before the command" in capsys.readouterr().err


@pytest.mark.usefixtures("office")
def test_detached_switch_gives_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["wan", "switch", "--profile", "telkomsel", "--change-order", "470/12"]
    assert cli.main([*argv, "--detach", "--json"]) == 0
    run_id = json.loads(capsys.readouterr().out)["run_id"]
    filed = request.filed()
    assert filed is not None
    assert filed.request.run_id == run_id
    assert cli.main([*argv, "--detach"]) == 3  # the first has not had its chance yet


def test_followed_switch_tells_its_steps_and_its_end(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        filed = request.filed()
        assert filed is not None
        run_id = filed.request.run_id
        disk = DirectoryDisk(office / "wan")
        Journal(disk, follow_clock).record(run_id, SwitchState.PREFLIGHT, {})
        found = iter([None, replace(OUTCOME, run_id=run_id)])
        monkeypatch.setattr(follow.request, "outcome", lambda _: next(found))

    follow_clock = sim.World().clock
    monkeypatch.setitem(request.submit.__kwdefaults__, "start", work)
    monkeypatch.setattr(follow, "active", lambda _: True)
    argv = ["wan", "switch", "--profile", "telkomsel", "--change-order", "470/12"]
    assert cli.main(argv) == 0
    said = capsys.readouterr().out
    assert "memeriksa modem dan jalur lama" in said
    assert said.rstrip().endswith("Perekaman dapat diteruskan.")


@pytest.mark.usefixtures("office")
def test_a_unit_that_is_gone_is_unknown_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "active", lambda _: False)
    monkeypatch.setattr(follow, "GONE_S", 0.0)
    with pytest.raises(UnknownOutcomeError):
        follow.follow("w1", lambda *_: None)


@pytest.mark.usefixtures("office")
def test_pending_tells_what_the_journal_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["wan", "pending", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"pending": False}
    journal = wan_command._journal()
    journal.record("w1", SwitchState.PLANNED, {"target": "telkomsel"})
    journal.record("w1", SwitchState.APPLIED, {})
    assert cli.main(["wan", "pending", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["run_id"], found["state"], found["pending"]) == ("w1", "applied", True)
    assert cli.main(["wan", "outcome", "w1", "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["ended"] is False
    assert cli.main(["wan", "outcome", "w9"]) == 1


def test_verify_shows_what_the_unit_measured(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unit(*_: object, **__: object) -> argparse.Namespace:
        asked = units.take_question(office / "verify")
        assert (asked["canary"], asked["profile"]) == (False, "")
        write_json(office / "verify" / "last.json", {"id": asked["id"], "gate": to_plain(SLOW)})
        return argparse.Namespace(returncode=0, stderr="")

    monkeypatch.setattr(units.subprocess, "run", unit)
    assert cli.main(["verify", "--no-canary"]) == 1
    said = capsys.readouterr().out
    assert "!!  canary.throughput 90 kbps" in said
    assert "Jalur terlalu lambat untuk rekaman" in said


def test_an_error_in_the_unit_reaches_the_one_who_asked(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unit(*_: object, **__: object) -> argparse.Namespace:
        question = units.take_question(office / "verify")
        with pytest.raises(RekamatanError), units.told_to_the_asker(question):
            raise RekamatanError("modem", "log in", "wrong password", "provision again")
        return argparse.Namespace(returncode=1, stderr="Job failed")

    monkeypatch.setattr(units.subprocess, "run", unit)
    assert cli.main(["wan", "plan", "--profile", "telkomsel"]) == 1
    assert "modem: log in: wrong password (provision again)" in capsys.readouterr().err


def test_verify_waits_for_no_switch(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with request.exclusive(office / "wan"):
        assert cli.main(["verify"]) == 3
    assert "another run is active" in capsys.readouterr().err


@pytest.mark.usefixtures("office")
def test_an_old_answer_is_not_taken_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    write_json(units.paths.VERIFY / "last.json", {"id": "old", "gate": to_plain(SLOW)})
    done = argparse.Namespace(returncode=0, stderr="")
    monkeypatch.setattr(units.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(UnknownOutcomeError):
        units.ask_reader({}, "last.json")


def test_credential_is_read_from_systemd_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert not credentials.available("modem-switch")
    with pytest.raises(RekamatanError, match="was not given it"):
        credentials.credential("modem-switch")
    (tmp_path / "modem-switch").write_text(
        json.dumps({"password": "rahasia1", "apn_passwords": {"telkomsel": "rahasia2"}})
    )
    found = credentials.credential("modem-switch")
    assert (found.password, found.apn_passwords["telkomsel"]) == ("rahasia1", "rahasia2")
    assert "rahasia" not in repr(found)
    (tmp_path / "modem-switch").write_text('{"password: rahasia1')
    with pytest.raises(RekamatanError) as raised:
        credentials.credential("modem-switch")
    assert "rahasia1" not in str(raised.value)
    assert raised.value.__suppress_context__  # a traceback would quote the document


def test_evidence_that_cannot_be_written_does_not_fail_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = tmp_path / "chain.jsonl"
    leave_evidence({"kind": "wan", "outcome": {"state": "committed"}}, chain)
    assert '"committed"' in chain.read_text()
    leave_evidence({"kind": "wan", "note": "1407010101900001"}, chain)
    assert "evidence not written" in capsys.readouterr().err
    assert read_json(chain) is not None
