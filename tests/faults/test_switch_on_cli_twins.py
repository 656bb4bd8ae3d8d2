"""The whole transaction on Cisco and VyOS twins, over SSH with the real drivers.

Only the gate is played. Each `run` is a new process with a new session, as after a kill.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.models import SwitchState
from tests.contract.bench import Situation, settled, until
from tests.contract.platforms import ios, vyos
from tests.faults.office import KilledError, Office, ended, kill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import ModemAccess
    from tests.contract.bench import Bench

BENCHES: dict[str, Bench] = {"ios": ios.BENCH, "vyos": vyos.BENCH}
FAULTLESS: Any = None


class CliOffice(Office):
    """Goes from home to away of its bench."""

    initial_profile = "x"  # none of the site's: nothing falls back on it
    attach_timeout_s = 20

    def __init__(self, root: Path, twin: Any, bench: Bench) -> None:  # noqa: ANN401 - either twin
        self.bench = bench
        self.password = bench.password
        self.home, self.away = bench.home, bench.away
        super().__init__(root, twin)

    def access(self) -> ModemAccess:
        return self.bench.access(self.twin)

    def pending(self) -> bool:
        with closing(self.bench.driver(self.twin)) as driver:
            return driver.pending() is not None


@pytest.fixture(params=sorted(BENCHES))
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CliOffice]:
    bench = BENCHES[request.param]
    twin: Any = bench.start(tmp_path, Situation.NORMAL, FAULTLESS)
    until(lambda: twin.attached, "the first bearer")
    yield CliOffice(tmp_path, twin, bench)
    twin.close()


def test_good_switch_is_confirmed_and_saved(office: CliOffice) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "telkomsel")
    assert not office.pending()
    office.twin.power_cut()
    office.twin.boot()
    settled(office.twin, office.bench.away)


def test_wrong_apn_comes_back(office: CliOffice) -> None:
    office.apn = "intrenet"
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "indosat")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    settled(office.twin, office.bench.home)
    assert not office.pending()


def test_dead_path_comes_back(office: CliOffice) -> None:
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    settled(office.twin, office.bench.home)
    assert not office.pending()


def test_killed_process_is_settled_by_the_next_one(office: CliOffice) -> None:
    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    settled(office.twin, office.bench.away)
    assert office.pending()
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    settled(office.twin, office.bench.home)
    assert not office.pending()


def test_modem_returns_alone_when_the_server_is_dead(office: CliOffice) -> None:
    office.gate.before_check = kill
    with pytest.raises(KilledError):
        office.run()
    office.twin.advance(3600)
    settled(office.twin, office.bench.home)


def test_power_cut_of_the_modem_in_the_window_ends_on_the_old_link(office: CliOffice) -> None:
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
