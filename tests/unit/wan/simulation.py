"""A world for the transaction: simulated clock, disk, modem, gate; and an explorer of faults.

Every durable write and every act on the modem is an interruption point. The explorer repeats one
scenario with a fault at each of them, lets the site recover, and collects what it finds wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from rekamatan.models import (
    Rollback,
    Site,
    SwitchOutcome,
    SwitchState,
)
from rekamatan.wan.journal import TERMINAL
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable
from tests.unit.wan.simulated_disk import SimulatedDisk
from tests.unit.wan.simulated_modem import DeviceModem, ServerModem, SimulatedGate
from tests.unit.wan.simulated_site import Link, make_site

Fault = Literal["kill", "server", "modem", "both"]
FAULTS: tuple[Fault, ...] = ("kill", "server", "modem", "both")
SERVER_BOOT_S = 25.0


class KilledError(BaseException):
    """The process is gone. Not an Exception: nothing may catch it and go on."""


@dataclass
class World:
    """One site, one moment. `fault_at` is the interruption point at which `fault` strikes."""

    rollback: Rollback = Rollback.DEVICE
    fault: Fault | None = None
    fault_at: int = 0
    torn_bytes: int = 0  # how much of an unsynced append survives a power cut
    now: float = 1000.0
    boots: int = 1
    uptime_from: float = 0.0
    wall_shift: timedelta = timedelta(0)
    jump_at: float | None = None  # when the wall clock jumps a day ahead
    captures_until: float = 0.0
    points: list[str] = field(default_factory=list)
    proven: bool = False  # the gate passed on the target after the last change
    acting: bool = False  # a process of ours is alive
    violations: list[str] = field(default_factory=list)
    site: Site = field(default_factory=make_site)

    def __post_init__(self) -> None:
        self.clock = SimulatedClock(self)
        self.disk = SimulatedDisk(self)
        kind = DeviceModem if self.rollback is Rollback.DEVICE else ServerModem
        self.modem = kind(self)
        self.gate = SimulatedGate(self)
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

    def strike(self, fault: Fault) -> None:
        if fault in {"modem", "both"}:
            self.modem.power_cut()
        if fault in {"server", "both"}:
            self.disk.power_cut(self.torn_bytes)
            self.boots += 1
        if fault != "modem":
            raise KilledError(fault)

    def check_way_back(self, where: str) -> None:
        """Invariant 1, at every instant."""
        old = self.modem.profile == "indosat"
        timer = self.modem.timer is not None
        journal = self.rollback is Rollback.SERVER and self.disk.durably_open()
        if not (old or timer or journal or self.proven):
            self.violations.append(f"no way back at {where}")

    def advance(self, seconds: float) -> None:
        """Time passes for everybody, at most a second at once: timers fire when they are due."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 1.0)
            self._moment()

    def _moment(self) -> None:
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


def attempt(world: World, asked: Filed) -> SwitchOutcome | None:
    """One process: the unit is started once."""
    world.acting = True
    try:
        outcomes = carry_out(world.site, world.ports(), asked)
    finally:
        world.acting = False
    return outcomes[-1] if outcomes else None


def live_through(world: World, asked: Filed) -> SwitchOutcome | None:
    """The unit, the fault, and systemd starting the unit again as often as it fails."""
    last: SwitchOutcome | None = None
    for _ in range(4):
        before = world.boots
        try:
            last = attempt(world, asked) or last
        except KilledError:
            if world.boots != before:
                world.reboot_server()
            else:
                world.advance(1.0)
            continue
        if last is None or last.state in TERMINAL:
            return last
    return last


def check_end(world: World, last: SwitchOutcome | None) -> None:
    """The office works, nothing is left armed, and what is reported is true."""
    world.check_way_back("end")
    world.advance(600.0)
    problems = world.violations
    old_works = world_link_works(world, "indosat")  # a dead old link may be come back to
    if (old_works or not last or last.state is SwitchState.COMMITTED) and not world.modem.works():
        problems.append(f"the office is without a link on {world.modem.profile}")
    if world.modem.timer is not None:
        problems.append("a timer is left on the modem")
    if world.disk.durably_open():
        problems.append("the journal has an open run")
    if last is not None:
        problems.extend(untrue(world, last))


def world_link_works(world: World, name: str) -> bool:
    link = world.links[name]
    return link.attach_s is not None and link.path


def untrue(world: World, last: SwitchOutcome) -> list[str]:
    active = world.modem.profile
    expected = {
        SwitchState.COMMITTED: last.target,
        SwitchState.REVERTED: last.previous,
        SwitchState.REFUSED: last.active or active,
    }
    wrong = last.state in expected and expected[last.state] != active
    problems = [f"reported {last.state} but {active} is active"] if wrong else []
    if last.state is SwitchState.STRANDED and world.modem.works():
        problems.append("reported stranded but the link works")
    if last.state is SwitchState.COMMITTED:
        planned = world.site.profiles[last.target].sim
        if world.links[active].card != planned:
            problems.append("committed on a SIM that is not the planned one")
    return problems


def explore(
    build: Callable[[], World], faults: tuple[Fault, ...] = FAULTS, torn: tuple[int, ...] = (0, 40)
) -> tuple[int, list[str]]:
    """Every interruption point of one scenario with every fault. Returns runs and violations."""
    quiet = build()
    check_end(quiet, live_through(quiet, filed(quiet)))
    found = [f"no fault: {problem}" for problem in quiet.violations]
    runs = 1
    for fault in faults:
        for torn_bytes in torn if fault in {"server", "both"} else (0,):
            for at in range(1, len(quiet.points) + 1):
                world = build()
                world.fault, world.fault_at, world.torn_bytes = fault, at, torn_bytes
                check_end(world, live_through(world, filed(world)))
                where = world.points[at - 1] if at <= len(world.points) else "never reached"
                found += [f"{fault} at {at} ({where}): {problem}" for problem in world.violations]
                runs += 1
    return runs, found
