"""The transaction on modems that have no timer: the server's journal is the way back.

The real drivers over HTTP on a HiLink twin; only the gate is played. It passes when the bearer that
is up was dialled with the profile's APN: an old bearer does not pass for a new one.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from lab.twins.hilink import xml
from lab.twins.hilink.running import CARD, PASSWORD, RunningHilink
from rekamatan.clock import SystemClock
from rekamatan.models import (
    DataCentre,
    GateResult,
    Limits,
    ModemAccess,
    Probe,
    Sim,
    Site,
    SwitchOutcome,
    SwitchState,
    WanProfile,
)
from rekamatan.modems.hilink_session import HilinkSession
from rekamatan.modems.registry import open_driver
from rekamatan.verify.gate import decide, only_demand_what_passed
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
SIM = Sim("", CARD["iccid"], CARD["imsi"])
REQUESTS = 5  # data off, make, choose, data on, and the logout


class KilledError(BaseException):
    """The process is gone: nothing may catch it."""


class PlayedGate:
    """Passes when the bearer is the profile's and its path is not cut."""

    def __init__(self, twin: RunningHilink) -> None:
        self._twin = twin
        self.cut: set[str] = set()
        self.before_check: Callable[[], None] = lambda: None

    def baseline(self, profile: WanProfile) -> GateResult:
        return self._measure(profile)

    def check(
        self, profile: WanProfile, baseline: GateResult | None, *, canary: bool, within_s: float
    ) -> GateResult:
        del baseline, canary, within_s
        self.before_check()
        return self._measure(profile)

    def check_restored(
        self, profile: WanProfile, baseline: GateResult | None, within_s: float
    ) -> GateResult:
        del within_s
        probes = only_demand_what_passed(self._measure(profile).probes, baseline)
        return decide(profile.name, probes, "", 0.0)

    def remember(self, result: GateResult) -> None:
        del result

    def _measure(self, profile: WanProfile) -> GateResult:
        radio = self._twin.radio
        mine = radio.attached is not None and radio.attempts[-1][1] == profile.apn
        ok = mine and profile.name not in self.cut
        return decide(profile.name, (Probe("canary.receipt", ok=ok),), "", 0.0)


class Quiet:
    def active_captures(self) -> int:
        return 0

    def free_bytes(self) -> int:
        return 10**9

    def start(self) -> None:
        pass

    def stop(self) -> float | None:
        return None


class Office:
    """A site on a HiLink twin: each `run` is a new process with a new session."""

    def __init__(self, root: Path, twin: RunningHilink, faults: Faults) -> None:
        self.root = root
        self.twin = twin
        self.faults = faults
        self.gate = PlayedGate(twin)
        self.apn = "ktp.telkomsel"

    def site(self) -> Site:
        access = ModemAccess("hilink", "127.0.0.1", "", username="admin", port=self.twin.port)
        centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
        profiles = {
            name: WanProfile(
                name, "telkomsel", apn, (CARD["plmn"],), SIM, LIMITS, attach_timeout_s=6
            )
            for name, apn in {"internet": "internet", "ktp": self.apn}.items()
        }
        lan = "192.168.101.0/24"
        return Site("kubu", "14.07.01", "Kubu", lan, access, profiles, centre, "internet")

    def run(self) -> SwitchOutcome | None:
        clock, quiet, site = SystemClock(), Quiet(), self.site()
        request = SwitchRequest("w20260301-000000-aaaa", "switch", "ktp", "470/12")
        filed = Filed(request, clock.boot_id(), clock.monotonic())
        disk = DirectoryDisk(self.root / "wan")
        with closing(open_driver(site.modem, PASSWORD, {})) as driver:
            ports = Ports(driver, self.gate, quiet, disk, clock, quiet)
            outcomes = carry_out(site, ports, filed)
        return outcomes[-1] if outcomes else None

    def settled_on(self, name: str) -> bool:
        """Profile in use, data on, and a bearer that was dialled with the profile's APN."""
        self.twin.wait_attached()
        apn = self.site().profiles[name].apn
        return self.twin.active() == (name, True) and self.twin.radio.attempts[-1][1] == apn


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    faults = Faults()
    twin = RunningHilink(tmp_path, faults)
    twin.wait_attached()
    yield Office(tmp_path, twin, faults)
    twin.close()


def ended(outcome: SwitchOutcome | None) -> tuple[SwitchState, str | None]:
    assert outcome is not None
    return outcome.state, outcome.active


def test_good_switch_and_the_second_one_changes_nothing(office: Office) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "ktp")
    assert office.settled_on("ktp")
    dialled = len(office.twin.radio.attempts)
    assert office.run() is None  # the same request is not begun again
    assert len(office.twin.radio.attempts) == dialled


def test_wrong_apn_comes_back(office: Office) -> None:
    office.apn = "ktp.telkonsel"
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "internet")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    assert office.settled_on("internet")


def test_dead_path_comes_back(office: Office) -> None:
    office.gate.cut.add("ktp")
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


def test_killed_at_the_gate_is_settled_by_the_journal(office: Office) -> None:
    office.gate.before_check = _kill
    with pytest.raises(KilledError):
        office.run()
    assert office.twin.active() == ("ktp", True)  # the modem itself does nothing about it
    office.gate.before_check = lambda: None
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


@pytest.mark.parametrize("served", range(1, REQUESTS))
def test_killed_after_each_request_ends_on_a_working_link(
    office: Office, monkeypatch: pytest.MonkeyPatch, served: int
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


def test_power_cut_of_modem_and_server_in_the_window(office: Office) -> None:
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


def test_power_cut_of_the_modem_alone_does_not_stop_the_switch(office: Office) -> None:
    def power_cut() -> None:
        office.gate.before_check = lambda: None
        office.twin.wait_saved()
        office.twin.power_cut()
        office.twin.boot()
        office.twin.wait_attached()

    office.gate.before_check = power_cut
    assert ended(office.run()) == (SwitchState.COMMITTED, "ktp")
    assert office.settled_on("ktp")


def test_modem_that_accepts_and_does_nothing_comes_back(office: Office) -> None:
    office.faults.ignore = ["<SetDefault>2<"]
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "internet")
    assert outcome is not None
    assert "accepted but not applied" in outcome.reason
    assert office.settled_on("internet")


def test_modem_that_refuses_a_value_comes_back(office: Office) -> None:
    office.faults.answers = {"<Modify>1<": xml.error(100006)}
    assert ended(office.run()) == (SwitchState.REVERTED, "internet")
    assert office.settled_on("internet")


def test_card_that_asks_for_its_pin_refuses_before_anything_is_touched(office: Office) -> None:
    office.faults.answers = {"GET pin/status": xml.document({"SimState": 260})}
    outcome = office.run()
    assert outcome is not None
    assert outcome.state is SwitchState.REFUSED
    assert "PIN" in outcome.reason
    posts = [r for r in office.twin.front.requests if r.startswith("POST dialup")]
    assert posts == []


def _kill() -> None:
    raise KilledError
