"""The transaction with the real driver, over SSH, on a RouterOS 7 twin; only the gate is played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.twins.harness import APNS, SIMS, RunningTwin
from rekamatan.models import SwitchState
from rekamatan.wan import switch
from tests.faults.office import KilledError, ended, kill
from tests.faults.routeros_office import RouterosOffice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def office(tmp_path: Path) -> Iterator[RouterosOffice]:
    twin = RunningTwin(tmp_path)
    twin.wait_attached()
    yield RouterosOffice(tmp_path, twin)
    twin.close()


def test_good_switch_and_the_second_one_changes_nothing(office: RouterosOffice) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "telkomsel")
    assert office.active() == ("telkomsel", "down", False)
    assert office.twin.radio.attempts[-1] == (SIMS["down"]["imsi"], "internet")


def test_wrong_apn_comes_back(office: RouterosOffice) -> None:
    office.apn = "intrenet"
    assert "intrenet" not in APNS["telkomsel"]
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "indosat")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    assert office.active() == ("indosat", "up", False)


def test_dead_path_comes_back(office: RouterosOffice) -> None:
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == ("indosat", "up", False)


def test_killed_process_is_settled_by_the_next_one(office: RouterosOffice) -> None:
    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    assert office.active() == ("telkomsel", "down", True)
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == ("indosat", "up", False)


def test_modem_returns_alone_when_the_server_is_dead(
    office: RouterosOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "arm_seconds", lambda *_: 6)
    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    office.twin.wait_for(
        lambda: office.active()[:2] == ("indosat", "up"), "the timer did not fire", within_s=20
    )
    office.twin.wait_attached()


def test_power_cut_of_the_modem_in_the_window_ends_on_the_old_link(office: RouterosOffice) -> None:
    def power_cut() -> None:
        office.gate.before_check = lambda: None
        office.twin.wait_saved()
        office.twin.power_cut()
        office.twin.boot()
        office.twin.wait_for(lambda: office.active()[0] == "indosat", "the boot entry did not run")

    office.gate.before_check = power_cut
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == ("indosat", "up", False)
