"""The whole transaction on Cisco and VyOS twins, over SSH with the real drivers.

Only the gate is played. Each `run` is a new process with a new session, as after a kill.
"""

from __future__ import annotations

import dataclasses
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.clock import SystemClock
from rekamatan.models import DataCentre, Site, SwitchOutcome, SwitchState
from rekamatan.modems.registry import open_driver
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.contract.bench import Situation, settled, until
from tests.contract.platforms import ios, vyos
from tests.faults.test_switch_on_twin import KilledError, PlayedGate, Quiet, ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.bench import Bench

BENCHES: dict[str, Bench] = {"ios": ios.BENCH, "vyos": vyos.BENCH}
FAULTLESS: Any = None


class Office:
    """A site on a twin."""

    def __init__(self, root: Path, bench: Bench, twin: Any) -> None:  # noqa: ANN401 - either twin
        self.root, self.bench, self.twin = root, bench, twin
        self.gate = PlayedGate(twin)
        self.apn = bench.away.apn

    def site(self) -> Site:
        centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
        home, away = self.bench.home, dataclasses.replace(self.bench.away, apn=self.apn)
        profiles = {
            profile.name: dataclasses.replace(profile, attach_timeout_s=20)
            for profile in (home, away)
        }
        access = self.bench.access(self.twin)
        return Site("kubu", "14.07.01", "Kubu", "192.168.101.0/24", access, profiles, centre, "x")

    def run(self) -> SwitchOutcome | None:
        clock, quiet, site = SystemClock(), Quiet(), self.site()
        request = SwitchRequest("w20260301-000000-aaaa", "switch", "telkomsel", "470/12")
        filed = Filed(request, clock.boot_id(), clock.monotonic())
        disk = DirectoryDisk(self.root / "wan")
        with closing(open_driver(site.modem, self.bench.password, {})) as driver:
            ports = Ports(driver, self.gate, quiet, disk, clock, quiet)
            outcomes = carry_out(site, ports, filed)
        return outcomes[-1] if outcomes else None

    def pending(self) -> bool:
        with closing(self.bench.driver(self.twin)) as driver:
            return driver.pending() is not None


@pytest.fixture(params=sorted(BENCHES))
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    bench = BENCHES[request.param]
    twin: Any = bench.start(tmp_path, Situation.NORMAL, FAULTLESS)
    until(lambda: twin.attached, "the first bearer")
    yield Office(tmp_path, bench, twin)
    twin.close()


def test_good_switch_is_confirmed_and_saved(office: Office) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "telkomsel")
    assert not office.pending()
    office.twin.power_cut()
    office.twin.boot()
    settled(office.twin, office.bench.away)


def test_wrong_apn_comes_back(office: Office) -> None:
    office.apn = "intrenet"
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "indosat")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    settled(office.twin, office.bench.home)
    assert not office.pending()


def test_dead_path_comes_back(office: Office) -> None:
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    settled(office.twin, office.bench.home)
    assert not office.pending()


def test_killed_process_is_settled_by_the_next_one(office: Office) -> None:
    def kill() -> None:
        raise KilledError

    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    settled(office.twin, office.bench.away)
    assert office.pending()
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    settled(office.twin, office.bench.home)
    assert not office.pending()


def test_modem_returns_alone_when_the_server_is_dead(office: Office) -> None:
    def kill() -> None:
        raise KilledError

    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    office.twin.advance(3600)
    settled(office.twin, office.bench.home)


def test_power_cut_of_the_modem_in_the_window_ends_on_the_old_link(office: Office) -> None:
    def power_cut() -> None:
        office.gate.before_check = lambda: None
        office.twin.power_cut()
        office.twin.boot()
        office.twin.advance(60)
        until(lambda: office.twin.is_on(office.bench.home), "the old profile after the boot")

    office.gate.before_check = power_cut
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    settled(office.twin, office.bench.home)
    assert not office.pending()
