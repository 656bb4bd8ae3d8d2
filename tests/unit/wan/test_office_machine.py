"""An office over weeks, as Hypothesis imagines it: people ask, carriers die, supplies flap."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rekamatan.models import Rollback, SwitchOutcome, SwitchState
from rekamatan.wan.journal import Journal
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from rekamatan.wan.run import Kind

CARRIERS = ("indosat", "telkomsel")
STRIKES = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from(sim.FAULTS + sim.SOFT)), max_size=4
)


class Office(RuleBasedStateMachine):
    """Each rule is something that happens; after each, what is promised must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.world = sim.World()
        self.runs = 0

    @initialize(kind=st.sampled_from(list(Rollback)), torn=st.sampled_from((0, 1, 40, 400)))
    def office(self, kind: Rollback, torn: int) -> None:
        self.world = sim.World(rollback=kind, torn_bytes=torn)

    @rule(profile=st.sampled_from(CARRIERS), strikes=STRIKES)
    def switch(self, profile: str, strikes: list[tuple[int, sim.Fault]]) -> None:
        self._ask("switch", profile, strikes)

    @rule(strikes=STRIKES)
    def rollback(self, strikes: list[tuple[int, sim.Fault]]) -> None:
        self._ask("rollback", "", strikes)

    @rule()
    def confirm(self) -> None:
        self._ask("confirm", "", [])

    @rule(fault=st.sampled_from(("server", "modem", "both")))
    def supply_fails_while_idle(self, fault: sim.Fault) -> None:
        try:
            self.world.strike(fault)
        except sim.KilledError:
            self.world.reboot_server()
        self.world.advance(60.0)

    @rule(name=st.sampled_from(CARRIERS))
    def carrier_dies(self, name: str) -> None:
        self.world.carrier_dies(name)

    @rule(name=st.sampled_from(CARRIERS))
    def carrier_returns(self, name: str) -> None:
        self.world.links[name].path = True

    @rule(name=st.sampled_from(CARRIERS), lets_in=st.booleans())
    def card_is_blocked_or_not(self, name: str, *, lets_in: bool) -> None:
        if not lets_in and self.world.modem.profile == name:
            self.world.carrier_died_at = self.world.now
        self.world.links[name].attach_s = 10.0 if lets_in else None

    @rule(days=st.integers(-3, 3))
    def clock_jumps(self, days: int) -> None:
        self.world.wall_shift += timedelta(days=days)

    @rule(seconds=st.floats(1.0, 900.0))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(seconds=st.floats(1.0, 300.0))
    def somebody_is_recorded(self, seconds: float) -> None:
        self.world.captures_until = self.world.now + seconds

    @invariant()
    def nothing_promised_is_broken(self) -> None:
        self.world.check_way_back("between")
        assert self.world.violations == []

    def teardown(self) -> None:
        journal = Journal(self.world.disk, self.world.clock)
        assert not journal.damaged

    def _ask(self, kind: Kind, target: str, strikes: list[tuple[int, sim.Fault]]) -> None:
        self.runs += 1
        asked = sim.filed(self.world, f"w{self.runs:04}", target)
        asked = replace(asked, request=replace(asked.request, kind=kind))
        at = len(self.world.points)
        for gap, fault in strikes:
            at += gap
            self.world.more[at] = fault
        last = sim.live_through(self.world, asked)
        self.world.more.clear()
        self._check(last)

    def _check(self, last: SwitchOutcome | None) -> None:
        world = self.world
        sim.check_settled(world, last)
        if last is not None and last.state is SwitchState.COMMITTED and last.changed:
            assert world.modem.profile == last.target


Office.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,  # the same machine for everybody; `simulate --seed` looks further
    suppress_health_check=list(HealthCheck),
)
TestOffice = Office.TestCase
