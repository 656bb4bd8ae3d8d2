"""The transaction with the real drivers on twins of OpenWrt and RutOS; only the gate is played."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from rekamatan.models import SwitchState
from rekamatan.wan import switch
from tests.contract.openwrt_case import INDOSAT, TELKOMSEL, access, boot_router
from tests.faults.test_switch_on_twin import KilledError, Office, ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import Site
    from tests.contract.openwrt_case import RunningRouter

OLD, NEW = ("indosat", "1"), ("telkomsel", "2")


class Router(Office):
    """An office whose modem is OpenWrt underneath."""

    twin: RunningRouter

    def site(self) -> Site:
        profiles = {
            one.name: dataclasses.replace(one, attach_timeout_s=6) for one in (INDOSAT, TELKOMSEL)
        }
        profiles["telkomsel"] = dataclasses.replace(profiles["telkomsel"], apn=self.apn)
        modem = access(self.twin)
        return dataclasses.replace(super().site(), modem=modem, profiles=profiles)

    def active(self) -> tuple[str, str, bool]:
        slot, _, name = self.twin.selected()
        marks = self.twin.console("ls /etc/rekamatan-wan/pending /etc/rekamatan-wan/firing")
        return name, slot, "/etc/rekamatan-wan/" in marks.replace("ls: /etc/rekamatan-wan/", "")

    @staticmethod
    def _profile(name: str, apn: str, slot: str) -> object:  # type: ignore[override]
        del apn, slot
        return name  # `site` puts its own in its place


@pytest.fixture(params=["modemmanager", "rutos"])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Router]:
    twin = boot_router(tmp_path, request.param, Faults())
    twin.wait_attached()
    yield Router(tmp_path, twin)
    twin.close()


def _kill() -> None:
    raise KilledError


def test_good_switch(office: Router) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "telkomsel")
    assert office.active() == (*NEW, False)
    assert office.twin.radio.attempts[-1] == (TELKOMSEL.sim.imsi, "internet")


def test_wrong_apn_comes_back(office: Router) -> None:
    office.apn = "intrenet"
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "indosat")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    assert office.active() == (*OLD, False)


def test_killed_process_is_settled_by_the_next_one(office: Router) -> None:
    office.gate.before_check = _kill
    with pytest.raises(KilledError):
        office.run()
    assert office.active() == (*NEW, True)
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == (*OLD, False)


def test_modem_returns_alone_when_the_server_is_dead(
    office: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "arm_seconds", lambda _: 600)
    office.gate.before_check = _kill
    with pytest.raises(KilledError):
        office.run()
    office.twin.advance(601)
    office.twin.wait_for(lambda: office.active()[:2] == OLD, "the timer did not fire", within_s=20)
    office.twin.wait_attached()


def test_power_cut_of_the_modem_in_the_window_ends_on_the_old_link(office: Router) -> None:
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
