"""The emulated radio link against the numbers it is meant to have."""

from __future__ import annotations

import json
import random

import pytest

from lab.link_model import BurstLoss, Direction, Gaps, Link, LinkProfile
from lab.paths import ROOT

ROWS = json.loads((ROOT / "lab" / "link_profiles.json").read_text(encoding="utf-8"))["profiles"]
INDOSAT = LinkProfile.parse("indosat_congested_2016", ROWS["indosat_congested_2016"])
TELKOMSEL = LinkProfile.parse("telkomsel_good_4g", ROWS["telkomsel_good_4g"])


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - weather, not cryptography


def lossless(profile: LinkProfile) -> LinkProfile:
    row = {**ROWS[profile.name], "loss": dict.fromkeys(ROWS[profile.name]["loss"], 0.0)}
    return LinkProfile.parse(profile.name, row)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_profile_parses_and_loses_less_than_it_carries(name: str) -> None:
    profile = LinkProfile.parse(name, ROWS[name])
    assert 0 < profile.up_kbps <= profile.down_kbps
    assert profile.rtt_ms > profile.jitter_ms
    assert 1280 <= profile.mtu <= 1500


@pytest.mark.parametrize("spacing_s", [0.056, 1.0])
def test_mean_loss_is_the_profiles_for_a_busy_and_for_a_sparse_flow(spacing_s: float) -> None:
    loss = BurstLoss(INDOSAT, INDOSAT.up_kbps, chance(1))
    lost = sum(loss.lost(number * spacing_s) for number in range(60_000))
    # 0.012 / (0.012 + 0.15) of the time bad, half of it lost, and 0.2 % of the rest: 3.9 %
    assert lost / 60_000 == pytest.approx(0.039, abs=0.005)


def test_a_burst_passes_while_a_flow_waits_in_back_off() -> None:
    """Advancing with packets would keep the flow in the same burst for ever."""
    row = {**ROWS["cell_4g_weak"], "loss": {**ROWS["cell_4g_weak"]["loss"], "loss_bad": 1.0}}
    loss = BurstLoss(LinkProfile.parse("x", row), 500, chance(7))
    now, next_after_lost = 0.0, []
    for _ in range(20_000):
        now += 0.0224  # a full packet at 500 kbit/s
        if loss.lost(now):
            now += 30.0
            next_after_lost.append(loss.lost(now))
    # after half a minute the chance is the link's mean (17 %), not that of a burst (85 %)
    assert sum(next_after_lost) / len(next_after_lost) < 0.25


def test_a_full_link_delivers_its_rate_and_the_queue_is_bounded() -> None:
    link = Direction(lossless(TELKOMSEL), 4000, chance(1))
    arrivals = [link.arrival(1400, number * 0.0005) for number in range(20_000)]  # 22 Mbit/s
    delivered = [arrival for arrival in arrivals if arrival is not None]
    rate = len(delivered) * 1400 * 8 / (max(delivered) - min(delivered))
    assert rate == pytest.approx(4_000_000, rel=0.05)
    waited = [a - n * 0.0005 for n, a in enumerate(arrivals) if a is not None]
    assert max(waited) < 0.8 + 0.036 + 0.01


def test_packets_never_overtake_each_other() -> None:
    link = Direction(lossless(INDOSAT), 600, chance(3))
    arrivals = [link.arrival(84, number * 0.01) for number in range(2000)]
    assert arrivals == sorted(arrival for arrival in arrivals if arrival is not None)


def test_the_delay_is_half_the_round_trip_with_half_its_jitter() -> None:
    link = Direction(lossless(INDOSAT), 600, chance(3))
    sent = [number * 0.5 for number in range(2000)]
    arrivals = [link.arrival(84, at) or 0.0 for at in sent]
    delays = [arrival - at for arrival, at in zip(arrivals, sent, strict=True)]
    assert sum(delays) / len(delays) == pytest.approx(0.080, abs=0.004)
    assert min(delays) >= 0.040
    assert max(delays) <= 0.1225


def test_gaps_come_as_often_and_last_as_long_as_the_profile_says() -> None:
    gaps = Gaps(INDOSAT, chance(5), 0.0)
    hours = 50
    out = sum(gaps.out(tick / 10) for tick in range(hours * 36_000)) / 10
    assert out / hours == pytest.approx(20 * 3.5, rel=0.1)  # 20 an hour of 1 to 6 s


def test_a_gap_stops_both_directions() -> None:
    row = {**ROWS["telkomsel_good_4g"], "gaps": {"per_hour": 3_600_000, "seconds": [50, 60]}}
    link = Link(LinkProfile.parse("x", row), chance(1), 0.0)
    assert link.arrival(upward=True, size=100, now=5.0) is None
    assert link.arrival(upward=False, size=100, now=5.0) is None
