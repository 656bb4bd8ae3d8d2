"""What one subscriber's radio link does to a packet: pure arithmetic on time, no sockets.

Loss bursts and outages advance with *time*, not with packets: a flow that waits in back-off would
otherwise find the same "burst" minutes later, and every measurement of recovery would be false.
Runs inside the carrier container: standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

_FULL_PACKET_BITS = 1400 * 8
_QUEUE_SECONDS = 0.8  # what a base station buffers, as a share of the rate
_QUEUE_FLOOR_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """One row of `link_profiles.json`."""

    name: str
    down_kbps: float
    up_kbps: float
    rtt_ms: float
    jitter_ms: float
    mtu: int
    enter_bad: float
    leave_bad: float
    loss_bad: float
    loss_good: float
    gaps_per_hour: float
    gap_seconds: tuple[float, float]

    @classmethod
    def parse(cls, name: str, row: Mapping[str, Any]) -> LinkProfile:
        """From the JSON row; a missing key raises `KeyError`."""
        return cls(
            name=name,
            down_kbps=row["down_kbps"],
            up_kbps=row["up_kbps"],
            rtt_ms=row["rtt_ms"],
            jitter_ms=row["jitter_ms"],
            mtu=row["mtu"],
            enter_bad=row["loss"]["enter_bad"],
            leave_bad=row["loss"]["leave_bad"],
            loss_bad=row["loss"]["loss_bad"],
            loss_good=row["loss"]["loss_good"],
            gaps_per_hour=row["gaps"]["per_hour"],
            gap_seconds=(row["gaps"]["seconds"][0], row["gaps"]["seconds"][1]),
        )


class BurstLoss:
    """Gilbert-Elliott loss as a continuous-time chain.

    The profile's per-packet probabilities hold for full packets at the link's rate, so a saturating
    flow sees exactly them; a sparse flow sees the same share of bad *time*.
    """

    def __init__(self, profile: LinkProfile, rate_kbps: float, chance: random.Random) -> None:
        packet_seconds = _FULL_PACKET_BITS / (rate_kbps * 1000)
        self._enter = profile.enter_bad / packet_seconds
        self._leave = profile.leave_bad / packet_seconds
        self._profile = profile
        self._chance = chance
        self._bad = False
        self._seen: float | None = None

    def lost(self, now: float) -> bool:
        """Whether a packet at `now` (seconds, monotonic) is lost."""
        total = self._enter + self._leave
        if total > 0:
            share = self._enter / total
            elapsed = math.inf if self._seen is None else max(0.0, now - self._seen)
            memory = math.exp(-total * elapsed) if elapsed < math.inf else 0.0
            self._bad = self._chance.random() < share + (float(self._bad) - share) * memory
        self._seen = now
        limit = self._profile.loss_bad if self._bad else self._profile.loss_good
        return self._chance.random() < limit


class Gaps:
    """Short total outages of one subscriber, both directions at once, at random times."""

    def __init__(self, profile: LinkProfile, chance: random.Random, now: float) -> None:
        self._profile = profile
        self._chance = chance
        self._start = now
        self._end = now
        self._plan(now)

    def _plan(self, after: float) -> None:
        rate = self._profile.gaps_per_hour / 3600
        self._start = after + self._chance.expovariate(rate) if rate > 0 else math.inf
        self._end = self._start + self._chance.uniform(*self._profile.gap_seconds)

    def out(self, now: float) -> bool:
        """Whether the link is out at `now`."""
        while now >= self._end:
            self._plan(self._end)
        return now >= self._start


class Direction:
    """Rate, queue, delay and jitter of one direction. Packets never overtake each other."""

    def __init__(self, profile: LinkProfile, rate_kbps: float, chance: random.Random) -> None:
        self._bytes_per_second = rate_kbps * 1000 / 8
        self._delay = profile.rtt_ms / 2000
        self._jitter = profile.jitter_ms / 2000
        self._queue_seconds = max(_QUEUE_SECONDS, _QUEUE_FLOOR_BYTES / self._bytes_per_second)
        self._chance = chance
        self._loss = BurstLoss(profile, rate_kbps, chance)
        self._line_free = 0.0
        self._last_arrival = 0.0

    def arrival(self, size: int, now: float) -> float | None:
        """When a packet of `size` bytes sent at `now` arrives; None when it is lost."""
        waiting = max(0.0, self._line_free - now)
        if waiting > self._queue_seconds:
            return None  # tail drop: the sender outruns the link
        self._line_free = now + waiting + size / self._bytes_per_second
        if self._loss.lost(now):
            return None  # it still took its time on the air
        jitter = self._chance.uniform(-self._jitter, self._jitter)
        arrival = max(self._line_free + self._delay + jitter, self._last_arrival)
        self._last_arrival = arrival
        return arrival


class Link:
    """One subscriber's link: two directions that share the outages."""

    def __init__(self, profile: LinkProfile, chance: random.Random, now: float) -> None:
        self.profile = profile
        self.up = Direction(profile, profile.up_kbps, chance)
        self.down = Direction(profile, profile.down_kbps, chance)
        self._gaps = Gaps(profile, chance, now)

    def arrival(self, *, upward: bool, size: int, now: float) -> float | None:
        """When the packet arrives at the other side; None when it does not."""
        if self._gaps.out(now):
            return None
        return (self.up if upward else self.down).arrival(size, now)
