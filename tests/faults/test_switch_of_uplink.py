"""The transaction behind plain routers, with real routes: the journal brings the old one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.models import SwitchOutcome, SwitchState
from rekamatan.modems.plain_router_plan import FAR
from tests.contract.uplinks import ACCESS, FIBRE, POSSIBLE, VSAT, Office, ip
from tests.faults.office import KilledError, PlayedGate, carry_out_switch, quiet_ports, site_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="needs root, iproute2 and ping")
PROFILES = {"fibre": FIBRE, "vsat": VSAT}


def ping_gate(office: Office) -> PlayedGate:
    """Passes when the far address answers through the profile's own router."""
    return PlayedGate(lambda profile: office.reaches() == profile.name)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    made.restore()
    yield made
    made.close()


def switch(office: Office, gate: PlayedGate) -> SwitchOutcome:
    ports = quiet_ports(office.directory, office.driver(), gate)
    outcome = carry_out_switch(site_of(ACCESS, PROFILES, "fibre"), ports, "vsat")
    assert outcome is not None
    return outcome


def test_good_switch(office: Office) -> None:
    outcome = switch(office, ping_gate(office))
    assert (outcome.state, outcome.active) == (SwitchState.COMMITTED, "vsat")
    assert office.reaches() == "vsat"


def test_dead_uplink_comes_back(office: Office) -> None:
    ip("-n", office.router("vsat"), "addr", "del", f"{FAR}/32", "dev", "lo")
    outcome = switch(office, ping_gate(office))
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, "fibre")
    assert office.reaches() == "fibre"


def test_cable_that_is_out_comes_back(office: Office) -> None:
    ip("-n", office.server, "link", "set", "to-vsat", "down")
    outcome = switch(office, ping_gate(office))
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, "fibre")
    assert office.reaches() == "fibre"


@pytest.mark.parametrize("unit_first", [True, False])
def test_power_cut_at_the_gate_is_settled_by_the_journal(
    office: Office, *, unit_first: bool
) -> None:
    gate = ping_gate(office)

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
