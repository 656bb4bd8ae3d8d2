"""What is tried: interruption points x faults x who can roll back, each under a name. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# `device`: the modem's own timer is armed. `server`: it is not, as on a modem that has none.
KINDS = ("device", "server")
FORWARD = (
    "planned",
    "preflight",
    "armed",
    "applied",
    "attached",
    "gated",
    "confirming",
    "committed",
)
BACKWARD = ("reverting", "reverted")
STATES = (*FORWARD, *BACKWARD)
# before: the entry is about to be written. after: it is durable, its act has at most begun.
MOMENTS = ("before", "after")
# The entry is in the page cache and not yet on disk: only a loss of memory can tell the difference.
UNSYNCED = "during"
FLAPPING = "gate-flapping"
HARD = ("kill-switch", "power-cut-server", "power-cut-modem", "power-cut-both")
FAULTS = (
    *HARD,
    "modem-reboot",
    "carrier-gone",
    "dc-unreachable",
    "apn-refused",
    "sim-dead",
    "attach-slow",
    FLAPPING,
    "clock-forward",
    "clock-back",
    "disk-full",
    "controller-killed",
    "second-switch",
)
UNDISTURBED = "none"
SERVER_DEAD = "server-dead"  # the recording server stays off until the modem has come back alone
TIMER_DISABLED = "timer-disabled"  # somebody disabled the modem's scheduler; the process is killed
# Faults of the new carrier: they end what they hit only where the verdict is still open.
TARGET_FAULTS = frozenset({"carrier-gone", "apn-refused", "sim-dead", "attach-slow", FLAPPING})
# From before `armed` on the modem's timer matters; from before `confirming` on it may be gone.
_ALONE = (
    ("after", "armed"),
    ("before", "applied"),
    ("after", "applied"),
    ("before", "attached"),
    ("after", "attached"),
    ("after", "gated"),
    ("before", "confirming"),
)
# What a quick run must hold: the power cuts that an unsafe journal does not survive.
QUICK = (
    "device/power-cut-server/after-armed",
    "server/power-cut-server/after-applied",
    "device/power-cut-both/before-attached",
)
# The cases that a planted bug cannot pass; `PLANT=...` runs these unless a case is named. No two
# bugs share a case, so that `PLANT=all` can play them side by side.
SENSITIVE = {
    "no-fsync": (
        "device/power-cut-server/after-armed",
        "server/power-cut-server/after-applied",
        "device/power-cut-both/after-committed",
    ),
    "device-timer-off": ("device/server-dead/before-attached",),
    "server-only": ("device/server-dead/after-applied",),
}


PLANTS = tuple(SENSITIVE)
ALL_PLANTS = "all"


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One fault at one moment of one state, with one way back."""

    kind: str
    fault: str
    moment: str
    state: str

    @property
    def name(self) -> str:
        """`device/power-cut-server/after-armed`."""
        return f"{self.kind}/{self.fault}/{self.moment}-{self.state}"

    @property
    def turns_back(self) -> bool:
        """Whether the new carrier must be unfit, so that the switch reaches this state at all."""
        return self.state in BACKWARD

    @property
    def after_the_verdict(self) -> bool:
        """Whether the gate has decided: what the new carrier does now is no matter of the switch.

        `before-gated` counts: the gate has measured, its verdict is not yet written.
        """
        return self.state in {"gated", "confirming", "committed"}


def matrix() -> tuple[Case, ...]:
    """Every case, in a fixed order."""
    cases = [
        Case(kind, fault, moment, state)
        for kind, fault, state, moment in product(KINDS, FAULTS, STATES, MOMENTS)
    ]
    cases += [Case(*row, UNSYNCED, state) for row in product(KINDS, HARD) for state in STATES]
    cases += [Case(kind, UNDISTURBED, "after", state) for kind in KINDS for state in _ENDS]
    cases += [
        Case("device", fault, moment, state)
        for fault in (SERVER_DEAD, TIMER_DISABLED)
        for moment, state in _ALONE
    ]
    return tuple(cases)


_ENDS = ("committed", "reverted")


def named(name: str) -> Case:
    """The case of that name. Raises `LabError` naming the nearest ones."""
    for case in matrix():
        if case.name == name:
            return case
    alike = [case.name for case in matrix() if case.name.split("/")[1:2] == name.split("/")[1:2]]
    hint = f"for example {alike[0]}" if alike else f"KIND/FAULT/MOMENT-STATE, as {QUICK[0]}"
    raise LabError(name, "find the case", "there is none of that name", hint)


def planted(plant: str) -> dict[str, str]:
    """Case -> the bug that it is played with: one bug, or `all` of them."""
    wanted = PLANTS if plant == ALL_PLANTS else (plant,)
    return {name: bug for bug in wanted for name in SENSITIVE.get(bug, ())}


def shuffled(cases: Iterable[Case], seed: int) -> tuple[Case, ...]:
    """All of them, in an order of the seed that meets every fault before it meets one again."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a key
    by_fault: dict[str, list[Case]] = {}
    for case in sorted(cases):
        by_fault.setdefault(case.fault, []).append(case)
    piles = list(by_fault.values())
    for pile in piles:
        chance.shuffle(pile)
    chance.shuffle(piles)
    return tuple(case for row in zip_longest(*piles) for case in row if case is not None)


def sample(cases: Sequence[Case], seed: int, count: int) -> tuple[Case, ...]:
    """`count` cases: those of `QUICK`, then the first of the seed's order."""
    must = [named(name) for name in QUICK][:count]
    rest = [case for case in shuffled(cases, seed) if case not in must]
    return (*must, *rest[: count - len(must)])
