"""The transaction behind plain routers, with real routes: the journal brings the old one back."""

from __future__ import annotations

import json
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
    gate = PlayedGate(lambda profile: office.reaches() == profile.name)
    gate.carries_from = office.reaches
    return gate


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


def die(office: Office, router: str) -> None:
    """The router answers on its LAN and leads nowhere."""
    ip("-n", office.router(router), "addr", "del", f"{FAR}/32", "dev", "lo")


def way(office: Office, source: str = "") -> str:
    """The router that the kernel would send to: pings of a watch are not told from a test's."""
    towards = [FAR, *(["from", source] if source else [])]
    out = office.run(["ip", "-j", "-4", "route", "get", *towards], 5.0).out
    return str(json.loads(out)[0]["dev"]).removeprefix("to-")


def test_no_ping_is_lost_in_a_good_switch(office: Office) -> None:
    gate = PlayedGate(lambda profile: way(office) == profile.name)
    gate.carries_from = lambda source: way(office, source)
    office.watch()
    outcome = switch(office, gate)
    assert outcome.state is SwitchState.COMMITTED
    assert office.reaches() == "vsat"
    assert office.gaps == 0


def test_uplink_that_is_not_fit_is_refused_and_nothing_is_touched(office: Office) -> None:
    before = office.shown()
    die(office, "vsat")
    outcome = switch(office, ping_gate(office))
    assert (outcome.state, outcome.active) == (SwitchState.REFUSED, "fibre")
    assert outcome.reason.startswith("target_bearer_unfit: vsat beside the active bearer")
    assert office.shown() == before
    assert office.reaches() == "fibre"


def test_uplink_whose_cable_is_out_is_refused(office: Office) -> None:
    ip("-n", office.server, "link", "set", "to-vsat", "down")
    before = office.shown()
    outcome = switch(office, ping_gate(office))
    assert (outcome.state, outcome.active) == (SwitchState.REFUSED, "fibre")
    assert outcome.reason.startswith("target_bearer_unfit: ")
    assert "its cable is out" in outcome.reason
    assert office.shown() == before
    assert office.reaches() == "fibre"


def test_uplink_that_dies_after_the_move_leads_back(office: Office) -> None:
    gate = ping_gate(office)
    gate.before_check = lambda: die(office, "vsat") if office.reaches() == "vsat" else None
    outcome = switch(office, gate)
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, "fibre")
    assert office.reaches() == "fibre"


def test_old_uplink_that_dies_while_the_new_one_is_tested_is_left(office: Office) -> None:
    gate = ping_gate(office)
    gate.before_beside = lambda: die(office, "fibre")
    outcome = switch(office, gate)
    assert (outcome.state, outcome.active) == (SwitchState.COMMITTED, "vsat")
    assert office.reaches() == "vsat"


@pytest.mark.parametrize("cut", [True, False])
def test_interrupted_test_of_the_other_uplink_leaves_nothing(office: Office, *, cut: bool) -> None:
    before, gate = office.shown(), ping_gate(office)

    def interrupt() -> None:
        if cut:
            office.power_cut()
        raise KilledError

    gate.before_beside = interrupt
    with pytest.raises(KilledError):
        switch(office, gate)
    if cut:
        office.boot()
    assert (office.shown() == before) is cut  # a kill leaves the way open: the next start closes it
    gate.before_beside = lambda: None
    outcome = switch(office, gate)
    assert outcome.state is SwitchState.REFUSED
    assert "interrupted before anything was touched" in outcome.reason
    assert office.shown() == before


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
