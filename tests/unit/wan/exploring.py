"""Schedules of faults: every single one of a scenario, and random ones from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.models import Rollback
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    import random

Build = Callable[[Rollback], sim.World]
TORN = (0, 40)
MOST_FAULTS = 5  # fewer than the ladder's tries of one card: see `simulation`


@dataclass(frozen=True)
class Schedule:
    """One world and what goes wrong in it. Prints as what `simulate --only` takes."""

    scenario: str
    rollback: Rollback
    strikes: tuple[tuple[int, sim.Fault], ...] = ()  # interruption point -> fault
    torn_bytes: int = 0

    def __str__(self) -> str:
        faults = [f"{fault}@{point}" for point, fault in self.strikes]
        return " ".join([self.scenario, self.rollback.value, f"torn={self.torn_bytes}", *faults])


def read_schedule(text: str) -> Schedule:
    scenario, kind, torn, *faults = text.split()
    pairs = [fault.split("@") for fault in faults]
    strikes = tuple((int(point), fault) for fault, point in pairs)
    torn_bytes = int(torn.removeprefix("torn="))
    return Schedule(scenario, Rollback(kind), strikes, torn_bytes)  # type: ignore[arg-type]


def live(schedule: Schedule, build: Build) -> sim.World:
    """The world after the schedule and every recovery; see its `violations`."""
    world = build(schedule.rollback)
    world.torn_bytes = schedule.torn_bytes
    world.more = dict(schedule.strikes)
    asked = sim.filed(world)
    try:
        sim.check_end(world, sim.live_through(world, asked))
    except Exception as error:  # noqa: BLE001 - a crash is a finding, with its schedule
        world.violations.append(f"crashed: {type(error).__name__}: {error}")
    return world


def single_faults(
    name: str, build: Build, kind: Rollback, faults: tuple[sim.Fault, ...]
) -> Iterator[Schedule]:
    """Every interruption point of the undisturbed run, with every fault; the quiet run first."""
    yield (quiet := Schedule(name, kind))
    points = len(live(quiet, build).points)
    for fault in faults:
        for torn in TORN if fault in {"server", "both"} else (0,):
            for at in range(1, points + 1):
                yield Schedule(name, kind, ((at, fault),), torn)


def random_schedule(choose: random.Random, names: list[str]) -> Schedule:
    """Two to `MOST_FAULTS` faults, each a random number of steps after the one before."""
    at, strikes = 0, []
    for _ in range(choose.randint(2, MOST_FAULTS)):
        at += choose.randint(1, 35)
        strikes.append((at, choose.choice(sim.FAULTS + sim.SOFT)))
    kind = choose.choice(list(Rollback))
    return Schedule(choose.choice(names), kind, tuple(strikes), choose.choice((0, 1, 40, 400)))


def explore(
    build: Callable[[], sim.World], faults: tuple[sim.Fault, ...] = sim.FAULTS
) -> tuple[int, list[str]]:
    """Every single fault of one world. Returns runs and violations."""
    found, runs = [], 0
    kind = build().rollback
    for schedule in single_faults("", lambda _: build(), kind, faults):
        world = live(schedule, lambda _: build())
        points = [world.points[at - 1] for at, _ in schedule.strikes if at <= len(world.points)]
        found += [f"{schedule} {points}: {problem}" for problem in world.violations]
        runs += 1
    return runs, found
