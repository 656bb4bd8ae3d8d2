"""Two promises, measured on one office's link: goodput beside iperf3, and the fresh record's wait.

Goodput: flows take turns on the same link, iperf3 then the forwarder, and again; each is measured
for the same span after a start that is left out, and the sums are compared. The backlog is of
0.3 MB records, nine of ten in a district: the more records, the more there is to lose between two.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench.flows import reference_bytes
from tests.bench.station import Station

if TYPE_CHECKING:
    from tests.soak.district import SoakDistrict
    from tests.soak.nodes import Office

FRESH_BYTES = 600_000
BACKLOG_BYTES = 300_000
_FRESH_LIMIT_S = 420.0
_FLOWING_BYTES = 150_000  # so much of the backlog went before the next fresh record comes


@dataclass
class LinkMeasure:
    """One profile's numbers."""

    reference_kbps: float = 0.0
    goodput_kbps: float = 0.0
    alone: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Goodput against iperf3."""
        return self.goodput_kbps / self.reference_kbps if self.reference_kbps else 0.0

    @property
    def fresh_alone_s(self) -> float | None:
        return _median(self.alone)

    @property
    def fresh_s(self) -> float | None:
        return _median(self.behind)

    @property
    def fresh_ratio(self) -> float | None:
        """Behind a backlog against alone; None when a record did not come through in time."""
        alone, behind = self.fresh_alone_s, self.fresh_s
        return behind / alone if alone and behind else None


class Bench:
    """One office on its link; nobody else uses it meanwhile."""

    def __init__(self, district: SoakDistrict, office: Office) -> None:
        self._district = district
        self._office = office
        self._station = Station(district, office)
        self.found = LinkMeasure()

    def goodput(self, seconds: float, warm_s: float, rounds: int) -> None:
        """Turn about, `rounds` times."""
        self._office.forwarder.kill()
        reference = goodput = 0.0
        for _ in range(rounds):
            flow = reference_bytes(self._office, seconds, warm_s)
            reference += flow
            self._have_backlog(flow * 1.2 * (seconds + warm_s) / seconds + 2 * BACKLOG_BYTES)
            self._office.forwarder.start(self._office.environment)
            goodput += self._flow(seconds, warm_s)
            self._office.forwarder.kill()
        span = rounds * seconds * 1000 / 8
        self.found.reference_kbps, self.found.goodput_kbps = reference / span, goodput / span
        self._office.forwarder.start(self._office.environment)

    def fresh(self, budget_s: float, least: int = 3, most: int = 12) -> None:
        """Fresh records alone, then behind a backlog: as many as `budget_s` allows of each."""
        self._drain()
        first = self._one_fresh()
        count = least if first is None else max(least, min(most, round(budget_s / first)))
        self.found.alone = [self._one_fresh() or math.inf for _ in range(count)]
        average = FRESH_BYTES / (self.found.fresh_alone_s or math.inf)
        self._have_backlog(average * 10 * count + _FLOWING_BYTES * 3 * count + 10 * BACKLOG_BYTES)
        for _ in range(count):
            self._wait_for_bulk()
            self.found.behind.append(self._one_fresh() or math.inf)

    def _one_fresh(self) -> float | None:
        [captured] = self._station.capture(FRESH_BYTES)
        return self._station.seconds_to_receipt(captured, _FRESH_LIMIT_S)

    def _have_backlog(self, size: float) -> None:
        """At least so many bytes wait; the forwarder must not send while it is made."""
        running = self._office.forwarder.alive
        if running:
            self._office.forwarder.kill()
        self._station.capture(BACKLOG_BYTES, math.ceil(size / BACKLOG_BYTES))
        self._station.age_backlog()
        if running:
            self._office.forwarder.start(self._office.environment)

    def _flow(self, seconds: float, warm_s: float) -> float:
        """Bytes within `seconds`, after `warm_s` from the first byte on."""
        self._wait_for_bulk(1)
        time.sleep(warm_s)  # what is left out of the measure: the start of the flow
        began, before = time.monotonic(), self._station.arrived()
        time.sleep(seconds)
        moved = self._station.arrived() - before
        return moved * seconds / (time.monotonic() - began)

    def _wait_for_bulk(self, size: int = _FLOWING_BYTES) -> None:
        goal = self._station.arrived() + size
        deadline = time.monotonic() + _FRESH_LIMIT_S
        while self._station.arrived() < goal and time.monotonic() < deadline:
            time.sleep(0.05)  # the disk is looked at from outside; nothing announces a byte

    def _drain(self) -> None:
        """What waits from the goodput leaves over a link without limits, then the real one is back.

        The forwarder starts anew first: it must not wait out a back-off of the real link.
        """
        self._district.tell_carriers(site=self._office.slug, free=True)
        self._office.forwarder.kill()
        self._office.forwarder.start(self._office.environment)
        deadline = time.monotonic() + _FRESH_LIMIT_S
        while self._station.waiting() and time.monotonic() < deadline:
            time.sleep(0.5)  # counting takes processor time from the forwarder
        self._district.tell_carriers(site=self._office.slug, profile=self._office.profile, speed=1)


def _median(seconds: list[float]) -> float | None:
    found = statistics.median(seconds) if seconds else math.inf
    return round(found, 2) if found < math.inf else None
