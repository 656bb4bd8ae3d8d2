"""The transaction with the real drivers on twins of OpenWrt and RutOS; only the gate is played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from rekamatan.models import SwitchState
from rekamatan.wan import switch
from tests.contract import openwrt_case
from tests.contract.openwrt_case import INDOSAT, TELKOMSEL, boot_router
from tests.faults.office import KilledError, Office, ended, kill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import ModemAccess
    from tests.contract.openwrt_case import RunningRouter

OLD, NEW = ("indosat", "1"), ("telkomsel", "2")


class OpenwrtOffice(Office):
    """Goes from indosat in slot 1 to telkomsel in slot 2."""

    twin: RunningRouter
    password = openwrt_case.PASSWORD
    home, away = INDOSAT, TELKOMSEL

    def access(self) -> ModemAccess:
        return openwrt_case.access(self.twin)

    def active(self) -> tuple[str, str, bool]:
        slot, _, name = self.twin.selected()
        marks = self.twin.console("ls /etc/rekamatan-wan/pending /etc/rekamatan-wan/firing")
        return name, slot, "/etc/rekamatan-wan/" in marks.replace("ls: /etc/rekamatan-wan/", "")


@pytest.fixture(params=["modemmanager", "rutos"])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OpenwrtOffice]:
    twin = boot_router(tmp_path, request.param, Faults())
    twin.wait_attached()
    yield OpenwrtOffice(tmp_path, twin)
    twin.close()


def test_good_switch(office: OpenwrtOffice) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "telkomsel")
    assert office.active() == (*NEW, False)
    assert office.twin.radio.attempts[-1] == (TELKOMSEL.sim.imsi, "internet")


def test_wrong_apn_comes_back(office: OpenwrtOffice) -> None:
    office.apn = "intrenet"
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "indosat")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    assert office.active() == (*OLD, False)


def test_killed_process_is_settled_by_the_next_one(office: OpenwrtOffice) -> None:
    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    assert office.active() == (*NEW, True)
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == (*OLD, False)


def test_modem_returns_alone_when_the_server_is_dead(
    office: OpenwrtOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "arm_seconds", lambda *_: 600)
    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    office.twin.advance(601)
    office.twin.wait_for(lambda: office.active()[:2] == OLD, "the timer did not fire", within_s=20)
    office.twin.wait_attached()


def test_power_cut_of_the_modem_in_the_window_ends_on_the_old_link(office: OpenwrtOffice) -> None:
    def power_cut() -> None:
        office.gate.before_check = lambda: None
        office.twin.wait_saved()
        office.twin.power_cut()
        office.twin.boot()
        office.twin.advance(31)
        office.twin.wait_for(lambda: office.active()[:2] == OLD, "the boot hook did not run")
        office.twin.advance(31)

    office.gate.before_check = power_cut
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == (*OLD, False)
