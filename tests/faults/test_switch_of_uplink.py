"""The transaction behind plain routers, with real routes: the journal brings the old one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.clock import SystemClock
from rekamatan.models import (
    DataCentre,
    GateResult,
    Probe,
    Site,
    SwitchOutcome,
    SwitchState,
    WanProfile,
)
from rekamatan.modems.plain_router_plan import FAR
from rekamatan.verify.gate import decide, only_demand_what_passed
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.contract.uplinks import ACCESS, FIBRE, POSSIBLE, VSAT, Office, ip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="needs root, iproute2 and ping")
PROFILES = {"fibre": FIBRE, "vsat": VSAT}


class KilledError(BaseException):
    """The process is gone: nothing may catch it."""


class PingGate:
    """Passes when the far address answers through the profile's own router."""

    def __init__(self, office: Office) -> None:
        self._office = office
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
        reached = self._office.reaches() == profile.name
        return decide(profile.name, (Probe("canary.receipt", ok=reached),), "", 0.0)


class Quiet:
    def active_captures(self) -> int:
        return 0

    def free_bytes(self) -> int:
        return 10**9

    def start(self) -> None:
        pass

    def stop(self) -> float | None:
        return None


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    made.restore()
    yield made
    made.close()


def switch(office: Office, gate: PingGate) -> SwitchOutcome:
    centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
    lan = "192.168.101.0/24"
    site = Site("kubu", "14.07.01", "Kubu", lan, ACCESS, PROFILES, centre, "fibre")
    clock, quiet = SystemClock(), Quiet()
    request = SwitchRequest("w20260301-000000-aaaa", "switch", "vsat", "470/12")
    filed = Filed(request, clock.boot_id(), clock.monotonic())
    disk = DirectoryDisk(office.directory / "wan")
    ports = Ports(office.driver(), gate, quiet, disk, clock, quiet)
    return carry_out(site, ports, filed)[-1]


def test_good_switch(office: Office) -> None:
    outcome = switch(office, PingGate(office))
    assert (outcome.state, outcome.active) == (SwitchState.COMMITTED, "vsat")
    assert office.reaches() == "vsat"


def test_dead_uplink_comes_back(office: Office) -> None:
    ip("-n", office.router("vsat"), "addr", "del", f"{FAR}/32", "dev", "lo")
    outcome = switch(office, PingGate(office))
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, "fibre")
    assert office.reaches() == "fibre"


def test_cable_that_is_out_comes_back(office: Office) -> None:
    ip("-n", office.server, "link", "set", "to-vsat", "down")
    outcome = switch(office, PingGate(office))
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, "fibre")
    assert office.reaches() == "fibre"


@pytest.mark.parametrize("unit_first", [True, False])
def test_power_cut_at_the_gate_is_settled_by_the_journal(
    office: Office, *, unit_first: bool
) -> None:
    gate = PingGate(office)

    def power_cut() -> None:
        office.power_cut()
        raise KilledError

    gate.before_check = power_cut
    with pytest.raises(KilledError):
        switch(office, gate)
    if unit_first:  # the stored choice is the unproven one until the journal has spoken
        office.boot()
        assert office.reaches() == "vsat"
    gate.before_check = lambda: None
    outcome = switch(office, gate)
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, "fibre")
    assert office.reaches() == "fibre"
    assert office.choice()["profile"] == "fibre"
