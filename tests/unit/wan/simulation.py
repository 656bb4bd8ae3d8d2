"""A world for the transaction: simulated clock, disk, modem and gate, and faults at its steps.

Every durable write and every act on the modem is an interruption point. `exploring` repeats a
scenario with faults at them, lets the site recover, and collects what it finds wrong.

What no system can promise, and therefore no schedule may ask for:
- A carrier that dies after the last gate is nobody's doing (`_must_work`).
- A profile is given up after `ladder.TRIES` tries that tested it, or `TRIES + SPOILED` in all.
  A modem that fails in every one of them cannot be told from a card that does not work: the run
  ends `stranded` although that card would work, with the tries on the job sheet. A schedule has at
  most `exploring.MOST_FAULTS` faults, which is fewer, so here it is never excused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from rekamatan.models import Rollback, Site, SwitchOutcome, SwitchState
from rekamatan.wan.journal import TERMINAL, Journal, JournalError
from rekamatan.wan.known_good import known_good
from rekamatan.wan.outcome import outcome_from_dict
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.unit.wan.simulated_disk import SimulatedDisk
from tests.unit.wan.simulated_modem import (
    DeviceModem,
    ServerModem,
    SimulatedGate,
    SimulatedModem,
)
from tests.unit.wan.simulated_site import Link, make_site

Fault = Literal["kill", "server", "modem", "both", "full", "jump", "silent", "new_dies", "old_dies"]
FAULTS: tuple[Fault, ...] = ("kill", "server", "modem", "both")  # a process or a supply dies
SOFT: tuple[Fault, ...] = ("full", "jump", "silent", "new_dies", "old_dies")
SERVER_BOOT_S = 25.0
RESTART_S = 20.0  # systemd's RestartSec
STARTS = 60  # how often the unit is started before the site counts as not settling


class KilledError(BaseException):
    """The process is gone. Not an Exception: nothing may catch it and go on."""


@dataclass
class World:
    """One site, one moment. `fault_at` is the interruption point at which `fault` strikes."""

    rollback: Rollback = Rollback.DEVICE
    fault: Fault | None = None
    fault_at: int = 0
    more: dict[int, Fault] = field(default_factory=dict)  # further faults: point -> fault
    torn_bytes: int = 0  # how much of an unsynced append survives a power cut
    now: float = 1000.0
    boots: int = 1
    uptime_from: float = 0.0
    wall_shift: timedelta = timedelta(0)
    jump_at: float | None = None  # when the wall clock jumps a day ahead
    captures_until: float = 0.0
    points: list[str] = field(default_factory=list)
    fit_beside: str = ""  # the bearer that was last found fit beside the active one
    proven: bool = False  # the gate passed on the active profile after the last change
    passed_at: float = 0.0  # when a gate last passed
    carrier_died_at: float = -1.0
    acting: bool = False  # a process of ours is alive
    violations: list[str] = field(default_factory=list)
    site: Site = field(default_factory=make_site)

    def __post_init__(self) -> None:
        self.clock = SimulatedClock(self)
        self.disk = SimulatedDisk(self)
        kind = DeviceModem if self.rollback is Rollback.DEVICE else ServerModem
        self.modem: SimulatedModem = kind(self)
        self.gate = SimulatedGate(self)
        self._good = (b"", self.site.initial_profile)
        self.links = {
            name: Link(planned.sim, planned.plmns[0])
            for name, planned in self.site.profiles.items()
        }

    def ports(self) -> Ports:
        return Ports(self.modem, self.gate, Interlocks(self), self.disk, self.clock, Watch())

    def step(self, name: str) -> None:
        """An interruption point: check what must always hold, then let the fault strike."""
        self.check_way_back(name)
        self.points.append(name)
        if self.fault is not None and len(self.points) == self.fault_at:
            self.strike(self.fault)
        if (fault := self.more.pop(len(self.points), None)) is not None:
            self.strike(fault)

    def strike(self, fault: Fault) -> None:
        if fault in {"modem", "both"}:
            self.modem.power_cut()
        if fault in {"server", "both"}:
            self.strike_server()
        if fault in SOFT:
            self._trouble(fault)
        elif fault != "modem":
            raise KilledError(fault)

    def _trouble(self, fault: Fault) -> None:
        if fault == "full":
            self.disk.full_until = self.now + 200.0
        elif fault == "jump":
            self.wall_shift += timedelta(days=1 if len(self.points) % 2 else -1)
        elif fault == "silent":
            self.modem.silent_until = self.now + 100.0
        else:
            self.carrier_dies("telkomsel" if fault == "new_dies" else "indosat")

    def carrier_dies(self, name: str) -> None:
        self.links[name].path = False
        self.carrier_died_at = self.now

    def strike_server(self) -> None:
        self.disk.power_cut(self.torn_bytes)
        self.modem.opened = ""
        self.boots += 1

    def check_way_back(self, where: str) -> None:
        """Invariant 1, at every instant: the profile that last passed, a timer, or a gate."""
        timer = self.modem.timer is not None
        journal = self.rollback is Rollback.SERVER and self.disk.durably_open()
        if not (timer or journal or self.proven or self.modem.profile == self.last_good()):
            self.violations.append(f"no way back at {where}")

    def last_good(self) -> str:
        content = self.disk.durable("known-good.json")
        if content != self._good[0]:
            self._good = (content, json.loads(content)["profile"])
        return self._good[1] if content else self.site.initial_profile

    def advance(self, seconds: float) -> None:
        """Time passes for everybody, at most a second at once: timers fire when they are due."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 1.0)
            if self.jump_at is not None and self.now >= self.jump_at:
                self.jump_at, self.wall_shift = None, timedelta(days=1)
            self.modem.time_passes()

    def reboot_server(self) -> None:
        self.advance(SERVER_BOOT_S)
        self.uptime_from = self.now - 5.0


class SimulatedClock:
    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        return self._world.now - self._world.uptime_from

    def wall(self) -> datetime:
        start = datetime(2026, 3, 1, tzinfo=UTC)
        return start + timedelta(seconds=self._world.now) + self._world.wall_shift

    def sleep(self, seconds: float) -> None:
        self._world.advance(max(seconds, 0.01))

    def boot_id(self) -> str:
        return f"boot-{self._world.boots}"


class Interlocks:
    def __init__(self, world: World) -> None:
        self._world = world

    def active_captures(self) -> int:
        return 1 if self._world.captures_until > self._world.now else 0

    def free_bytes(self) -> int:
        return 10**9


class Watch:
    def start(self) -> None:
        pass

    def stop(self) -> float | None:
        return None


def filed(world: World, run_id: str = "w20260301-000000-aaaa", target: str = "telkomsel") -> Filed:
    request = SwitchRequest(run_id, "switch", target, "470/12/2026")
    return Filed(request, world.clock.boot_id(), world.clock.monotonic())


def asked_for(world: World, **change: str) -> Filed:
    """The usual switch, but for `change`."""
    found = filed(world)
    return replace(found, request=replace(found.request, **change))  # type: ignore[arg-type]


def attempt(world: World, asked: Filed) -> SwitchOutcome | None:
    """One process: the unit is started once."""
    world.acting = True
    try:
        outcomes = carry_out(world.site, world.ports(), asked)
    finally:
        world.acting = False
    return outcomes[-1] if outcomes else None


def live_through(world: World, asked: Filed) -> SwitchOutcome | None:
    """The unit, the faults, and systemd starting the unit again until nothing is open."""
    last: SwitchOutcome | None = None
    for _ in range(STARTS):
        before = world.boots
        try:
            last = attempt(world, asked) or last
        except KilledError:
            if world.boots != before:
                world.reboot_server()
            else:
                world.advance(1.0)
            continue
        except JournalError:
            pass
        if (last is None or last.state in TERMINAL) and not world.disk.durably_open():
            break
        world.advance(RESTART_S)
    return _published(world, asked) or last


def _published(world: World, asked: Filed) -> SwitchOutcome | None:
    """What whoever asked reads; a full disk or a kill may have kept the newest from `last`."""
    content = world.disk.read(f"outcomes/{asked.request.run_id}.json")
    return outcome_from_dict(json.loads(content)) if content else None


def check_end(world: World, last: SwitchOutcome | None) -> None:
    """The office works, nothing is left armed, and what is reported is true."""
    world.check_way_back("end")
    world.advance(600.0)
    if _must_work(world, last) and not world.modem.works():
        world.violations.append(f"the office is without a link on {world.modem.profile}")
    check_settled(world, last)


def check_settled(world: World, last: SwitchOutcome | None) -> None:
    """Nothing is open or armed, and journal, outcome and modem agree."""
    problems = world.violations
    if world.modem.timer is not None:
        problems.append("a timer is left on the modem")
    if world.modem.opened:
        problems.append("a way beside the active bearer is left open")
    if world.disk.durably_open():
        problems.append("the journal has an open run")
    if damage := Journal(world.disk, world.clock).damage:
        problems.append(f"the journal is damaged: {damage}")
    if last is not None:
        problems.extend(untrue(world, last))
    if last is None or last.state in {SwitchState.COMMITTED, SwitchState.REVERTED}:
        known = known_good(world.disk, world.site).profile
        if known != world.modem.profile:
            problems.append(f"known good is {known} but {world.modem.profile} is active")


def _must_work(world: World, last: SwitchOutcome | None) -> bool:
    """A carrier that dies after the last gate, or was dead before, is nobody's doing."""
    if world.carrier_died_at >= world.passed_at:
        return False
    committed = last is not None and last.state is SwitchState.COMMITTED
    back = last is not None and last.state is SwitchState.REVERTED
    moved = back and last is not None and last.active != last.previous
    return committed or moved or link_works(world, "indosat")


def link_works(world: World, name: str) -> bool:
    link, planned = world.links[name], world.site.profiles[name].sim
    return link.attach_s is not None and link.path and link.card == planned


def untrue(world: World, last: SwitchOutcome) -> list[str]:
    active = world.modem.profile
    told = last.state in {SwitchState.COMMITTED, SwitchState.REVERTED, SwitchState.REFUSED}
    expected = last.target if last.state is SwitchState.COMMITTED else last.active
    wrong = told and expected is not None and expected != active
    problems = [f"reported {last.state} but {active} is active"] if wrong else []
    if last.state is SwitchState.STRANDED:
        working = [name for name in world.links if link_works(world, name)]
        if working:
            problems.append(f"reported stranded but {working[0]} works")
    if last.state is SwitchState.COMMITTED:
        planned = world.site.profiles[last.target].sim
        if world.links[active].card != planned:
            problems.append("committed on a SIM that is not the planned one")
    return problems
