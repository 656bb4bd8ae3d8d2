"""The transaction on modems that have no timer: the server's journal is the way back.

The real drivers over HTTP on a HiLink twin; only the gate is played. It passes when the bearer that
is up was dialled with the profile's APN: an old bearer does not pass for a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from lab.twins.hilink import xml
from lab.twins.hilink.running import PASSWORD, RunningHilink
from rekamatan.models import SwitchState
from rekamatan.modems.hilink_session import HilinkSession
from tests.contract import hilink_case
from tests.faults.office import KilledError, Office, ended, kill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import ModemAccess, WanProfile

REQUESTS = 5  # data off, make, choose, data on, and the logout


class HilinkOffice(Office):
    """Goes from one APN of its card to the other."""

    twin: RunningHilink
    password = PASSWORD
    home, away = hilink_case.INTERNET, hilink_case.KTP

    def __init__(self, root: Path, twin: RunningHilink, faults: Faults) -> None:
        super().__init__(root, twin)
        self.faults = faults

    def access(self) -> ModemAccess:
        return hilink_case.access(self.twin)

    def carries(self, profile: WanProfile) -> bool:
        radio = self.twin.radio
        return radio.attached is not None and radio.attempts[-1][1] == profile.apn

    def settled_on(self, name: str) -> bool:
        """Profile in use, data on, and a bearer that was dialled with the profile's APN."""
        self.twin.wait_attached()
        apn = self.site().profiles[name].apn
        return self.twin.active() == (name, True) and self.twin.radio.attempts[-1][1] == apn


@pytest.fixture
def office(tmp_path: Path) -> Iterator[HilinkOffice]:
    faults = Faults()
    twin = RunningHilink(tmp_path, faults)
    twin.wait_attached()
    yield HilinkOffice(tmp_path, twin, faults)
    twin.close()


def test_good_switch_and_the_second_one_changes_nothing(office: HilinkOffice) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "ktp")
    assert office.settled_on("ktp")
    dialled = len(office.twin.radio.attempts)
    assert office.run() is None  # the same request is not begun again
    assert len(office.twin.radio.attempts) == dialled


def test_wrong_apn_comes_back(office: HilinkOffice) -> None:
    office.apn = "ktp.telkonsel"
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "internet")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    assert office.settled_on("internet")


def test_dead_path_comes_back(office: HilinkOffice) -> None:
    office.gate.cut.add("ktp")
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


def test_killed_at_the_gate_is_settled_by_the_journal(office: HilinkOffice) -> None:
    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    assert office.twin.active() == ("ktp", True)  # the modem itself does nothing about it
    office.gate.before_check = lambda: None
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


@pytest.mark.parametrize("served", range(1, REQUESTS))
def test_killed_after_each_request_ends_on_a_working_link(
    office: HilinkOffice, monkeypatch: pytest.MonkeyPatch, served: int
) -> None:
    left = [served]
    post = HilinkSession.post

    def mortal(self: HilinkSession, *arguments: object, **more: object) -> None:
        post(self, *arguments, **more)  # type: ignore[arg-type]
        left[0] -= 1
        if left[0] == 0:
            raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(HilinkSession, "post", mortal)
        with pytest.raises(KilledError):
            office.run()
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


def test_power_cut_of_modem_and_server_in_the_window(office: HilinkOffice) -> None:
    def power_cut() -> None:
        office.twin.wait_saved()
        office.twin.power_cut()
        raise KilledError

    office.gate.before_check = power_cut
    with pytest.raises(KilledError):
        office.run()
    office.twin.boot()
    office.gate.before_check = lambda: None
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


def test_power_cut_of_the_modem_alone_does_not_stop_the_switch(office: HilinkOffice) -> None:
    def power_cut() -> None:
        office.gate.before_check = lambda: None
        office.twin.wait_saved()
        office.twin.power_cut()
        office.twin.boot()
        office.twin.wait_attached()

    office.gate.before_check = power_cut
    assert ended(office.run()) == (SwitchState.COMMITTED, "ktp")
    assert office.settled_on("ktp")


def test_modem_that_accepts_and_does_nothing_comes_back(office: HilinkOffice) -> None:
    office.faults.ignore = ["<SetDefault>2<"]
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "internet")
    assert outcome is not None
    assert "accepted but not applied" in outcome.reason
    assert office.settled_on("internet")


def test_modem_that_refuses_a_value_comes_back(office: HilinkOffice) -> None:
    office.faults.answers = {"<Modify>1<": xml.error(100006)}
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


def test_card_that_asks_for_its_pin_refuses_before_anything_is_touched(
    office: HilinkOffice,
) -> None:
    office.faults.answers = {"GET pin/status": xml.document({"SimState": 260})}
    outcome = office.run()
    assert outcome is not None
    assert outcome.state is SwitchState.REFUSED
    assert "PIN" in outcome.reason
    posts = [r for r in office.twin.front.requests if r.startswith("POST dialup")]
    assert posts == []
