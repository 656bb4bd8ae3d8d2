"""The forwarder's third lane by itself: when it settles, when it compares, when it keeps quiet."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from rekamatan.records import ledger_lane
from rekamatan.records.lanes import Junction
from rekamatan.records.ledger_lane import LedgerLane
from rekamatan.records.sender import LinkBrokenError
from rekamatan.records.uplink import Uplink

if TYPE_CHECKING:
    from rekamatan.records.settlement import Settlement

HOUR, DAY = 3600.0, 86_400.0


class Stopwatch(Junction):
    """Rests take no time but move the clock; it stops when its day is over."""

    def __init__(self, until: float) -> None:
        super().__init__()
        self.now = 0.0
        self._until = until

    def monotonic(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self._until:
            self.stop()


@dataclass
class Settlements:
    """Notes when it was asked, and whether for the whole ledger."""

    clock: Stopwatch
    broken_until: float = 0.0
    asked: list[tuple[float, bool]] = field(default_factory=list)

    def run(self, _enquiry: object, *, whole: bool) -> None:
        self.asked.append((self.clock.now, whole))
        if self.clock.now < self.broken_until:
            raise LinkBrokenError("data centre", "ask", "cut")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    clock = Stopwatch(until=2 * DAY)
    monkeypatch.setattr(ledger_lane, "time", clock)
    return clock


def run(settlements: Settlements, silent_until: float = 0.0) -> None:
    clock = settlements.clock
    uplink = Uplink("127.0.0.1", 9, ssl.create_default_context(), 1.0)
    LedgerLane(
        cast("Settlement", settlements),
        lambda: uplink,
        clock,
        lambda: max(0.0, silent_until - clock.now),
    ).run()


def test_receipts_are_fetched_every_hour_and_ledgers_compared_once_a_day(clock: Stopwatch) -> None:
    settlements = Settlements(clock)
    run(settlements)
    assert [moment for moment, _ in settlements.asked] == [HOUR * n for n in range(48)]
    assert [moment for moment, whole in settlements.asked if whole] == [0.0, DAY]


def test_broken_link_is_tried_again_soon_and_the_comparison_is_still_due(clock: Stopwatch) -> None:
    settlements = Settlements(clock, broken_until=150.0)
    run(settlements)
    assert settlements.asked[:5] == [
        *((0.0, True), (60.0, True), (120.0, True), (180.0, True)),
        (180.0 + HOUR, False),
    ]


def test_nothing_is_asked_while_the_gate_wants_the_link(clock: Stopwatch) -> None:
    settlements = Settlements(clock)
    run(settlements, silent_until=300.0)
    assert settlements.asked[0] == (300.0, True)
