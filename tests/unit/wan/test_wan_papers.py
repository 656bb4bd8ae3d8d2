"""What people hold in their hands: the order, the job sheet, a damaged journal."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekamatan import cli
from rekamatan.agent import sentences
from rekamatan.commands import wan as wan_command
from rekamatan.models import LadderStep, SwitchState
from rekamatan.plain import to_plain
from rekamatan.verify.store import write_json
from rekamatan.wan import request
from tests.unit.wan.conftest import SITE
from tests.unit.wan.test_wan_command import OUTCOME

if TYPE_CHECKING:
    from pathlib import Path


def test_damaged_journal_is_set_aside_once_nothing_is_open(
    office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekamatan.paths.EVIDENCE", office / "evidence")
    assert cli.main(["wan", "recover", "--set-aside"]) == 3
    assert "it is not damaged" in capsys.readouterr().err
    journal = wan_command._journal()
    for state in (SwitchState.PLANNED, SwitchState.PREFLIGHT, SwitchState.REFUSED):
        journal.record("w1", state, {})
    path = office / "wan" / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"preflight"', b'"preflighx"'))
    assert cli.main(["wan", "recover", "--set-aside", "--json"]) == 0
    assert "line 2" in json.loads(capsys.readouterr().out)["damage"]
    assert b"preflighx" in (office / "wan" / "journal.damaged.jsonl").read_bytes()
    assert not wan_command._journal().damaged
    left = (office / "evidence" / "chain.jsonl").read_text()
    assert "line 2 of journal.jsonl cannot be read" in left


def test_job_sheet_is_printed_for_a_stranded_run_only(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = (LadderStep("other_sim:telkomsel", "no_help", "no address", 71.0),)
    stranded = replace(OUTCOME, state=SwitchState.STRANDED, active="indosat", ladder=tried)
    for outcome in (stranded, replace(OUTCOME, run_id="w2")):
        write_json(office / "wan" / "outcomes" / f"{outcome.run_id}.json", to_plain(outcome))
    assert cli.main(["wan", "job", "w1"]) == 0
    assert "kartu SIM lain telkomsel: tidak membantu (71 s). no address" in capsys.readouterr().out
    assert cli.main(["wan", "job", "w1", "--lang", "en", "--json"]) == 0
    assert "JOB SHEET" in json.loads(capsys.readouterr().out)["sheet"]
    assert cli.main(["wan", "job", "w2"]) == 3
    assert cli.main(["wan", "job", "w9"]) == 3


def test_office_that_is_on_a_third_carrier_is_told_so() -> None:
    outcome = replace(OUTCOME, state=SwitchState.REVERTED, active="vsat")
    assert "sekarang memakai vsat" in sentences.say_outcome(outcome, "id")
    assert sentences.outcome_exit(outcome) == 1


@pytest.mark.usefixtures("office")
def test_order_file_is_checked_at_the_door_and_travels_with_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")]
    subprocess.run(argv, check=True)
    public = (tmp_path / "key.pub").read_text().strip()
    site = replace(SITE, change_order_signers=(f"kadis@rohil {public}",))
    monkeypatch.setattr(wan_command, "load_site", lambda: site)
    file = tmp_path / "surat.order"
    make = ["order", "make", str(file), "--number", "470/12", "--issuer", "kadis@rohil"]
    make += ["--profile", "telkomsel", "--site", "kubu", "--from", "2020-01-01T00:00+07:00"]
    expired = tmp_path / "lama.order"
    old = ["order", "make", str(expired), *make[3:], "--until", "2020-02-01T00:00+07:00"]
    assert cli.main(old) == 0
    assert cli.main(["order", "sign", str(expired), "--key", str(tmp_path / "key")]) == 0
    assert cli.main([*make, "--until", "2099-01-01T00:00+07:00"]) == 0
    switch = ["wan", "switch", "--profile", "telkomsel", "--detach"]
    assert cli.main([*switch, "--change-order", "470/12"]) == 3
    for given, code in ((file, "order_unsigned"), (expired, "order_expired")):
        assert cli.main([*switch, "--order", str(given)]) == 3
        assert code in capsys.readouterr().err
    assert request.filed() is None
    assert cli.main(["order", "sign", str(file), "--key", str(tmp_path / "key")]) == 0
    assert cli.main([*switch, "--order", str(tmp_path / "none")]) == 2
    assert cli.main([*switch, "--order", str(file)]) == 0
    filed = request.filed()
    assert filed is not None
    assert (filed.request.change_order, filed.request.order) == ("470/12", file.read_text())
