"""`python -m tests.unit.wan.simulate`: the transaction under many schedules of faults.

First every single fault of every scenario, then random schedules of several faults from a seed,
until the wanted number. Prints schedules, violations and rate; exit 1 when there is a violation.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from rekamatan.models import Rollback
from tests.unit.wan import simulation as sim
from tests.unit.wan.exploring import Schedule, live, random_schedule, read_schedule, single_faults
from tests.unit.wan.scenarios import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD_S = 30.0


def schedules(wanted: int, seed: int) -> Iterator[Schedule]:
    left = wanted
    for name, (build, _) in EXPECTED.items():
        for kind in Rollback:
            for schedule in single_faults(name, build, kind, sim.FAULTS + sim.SOFT):
                if left <= 0:
                    return
                left -= 1
                yield schedule
    choose = random.Random(seed)  # noqa: S311 - a seed that repeats, not a secret
    for _ in range(left):
        yield random_schedule(choose, list(EXPECTED))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=120_000)
    parser.add_argument("--seed", type=int, default=20260301)
    parser.add_argument("--only", metavar="SCHEDULE", help="run one schedule, as it was printed")
    arguments = parser.parse_args()
    if arguments.only:
        schedule = read_schedule(arguments.only)
        world = live(schedule, EXPECTED[schedule.scenario][0])
        print("\n".join([*world.points, "", *(world.violations or ["no violation"])]))  # noqa: T201
        return 1 if world.violations else 0
    return run(arguments.schedules, arguments.seed)


def run(wanted: int, seed: int) -> int:
    started = told = time.monotonic()
    violations: list[str] = []
    faults: Counter[int] = Counter()
    for schedule in schedules(wanted, seed):
        world = live(schedule, EXPECTED[schedule.scenario][0])
        faults[len(schedule.strikes)] += 1
        for problem in world.violations:
            violations.append(f"{schedule}: {problem}")
            print(violations[-1], flush=True)  # noqa: T201
        if time.monotonic() - told > TOLD_S:
            told = time.monotonic()
            print(f"{faults.total()} schedules, {len(violations)} violations", flush=True)  # noqa: T201
    rate = faults.total() / (time.monotonic() - started) * 60
    by_faults = ", ".join(f"{count} with {n}" for n, count in sorted(faults.items()))
    print(f"seed {seed}; faults per schedule: {by_faults}")  # noqa: T201
    print(f"{faults.total()} schedules, {len(violations)} violations, {rate:.0f} per minute")  # noqa: T201
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
