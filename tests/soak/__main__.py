"""`python -m tests.soak`: writes `build/soak.json`; exit 0 only when nothing was lost.

Needs root, loop devices and an installed PostgreSQL. `QUICK=1` takes under six minutes;
`SEED=n` repeats a run's choices; `PLANT=no-fsync` removes fsync from the services and must go red.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.measure import Effort, measure
from tests.soak.district import SoakDistrict
from tests.soak.faults import Faults
from tests.soak.nodes import CHECKOUT
from tests.soak.steps import plan
from tests.soak.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.bench.transport import LinkMeasure

_STANDSTILL_S = 60.0  # in good weather; the forwarder's longest back-off is 15 s
PROFILES = (
    *("telkomsel_good_4g", "apn_m2m_1m", "vsat_geo", "cell_4g_weak"),
    *("indosat_congested_2016", "jarkomdat_128k", "vsat_geo_loaded"),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything."""

    profiles: tuple[str, ...]
    records: int
    faults: int
    effort: Effort
    life_s: float  # at least; longer until records and faults are reached
    both_sides: bool  # of every step a power cut falls on: before it and after it
    between_s: tuple[float, float]  # from fault to fault
    busy_s: float  # from record to record, at each of the four workstations of the busy office
    speed: float = 10.0
    centre_megabytes: int = 12_000
    sizes: str = "0.3:92,2:6,5:2"


FULL = Scale(
    PROFILES,
    records=5_000,
    faults=150,
    effort=Effort(45, 10, 2, 90),
    life_s=300,
    both_sides=True,
    between_s=(0.5, 2.0),
    busy_s=0.7,
)
QUICK = Scale(
    PROFILES[:2],
    records=200,
    faults=40,
    effort=Effort(8, 4, 1, 5),
    life_s=45,
    both_sides=False,
    between_s=(0.0, 0.5),
    busy_s=1.6,
    centre_megabytes=3_000,
)


def main() -> int:
    """Run once; 0 green, 1 red."""
    quick = os.environ.get("QUICK") not in {None, "", "0"}
    scale = QUICK if quick else FULL
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 31))
    planted = os.environ.get("PLANT", "")
    if planted not in {"", "no-fsync"}:
        print(f"soak: PLANT={planted} is not known; no-fsync is")  # noqa: T201
        return 2
    _say(f"seed {seed}, {'quick' if quick else 'full'}{', without fsync' if planted else ''}")
    with SoakDistrict(
        scale.profiles, seed, no_fsync=bool(planted), centre_megabytes=scale.centre_megabytes
    ) as district:
        try:
            return _run(district, scale, seed, measuring=not planted)
        except Exception as error:  # noqa: BLE001 - whatever broke, this run proves nothing
            traceback.print_exc()
            _save({"error": f"{type(error).__name__}: {error}", "seed": seed})
            _say("RED: the run broke off")
            return 1


def _run(district: SoakDistrict, scale: Scale, seed: int, *, measuring: bool) -> int:
    district.start()
    district.set_links(1.0)
    measured = measure(district, scale.effort) if measuring else {}
    for profile, link in measured.items():
        _say(f"{profile}: {link.ratio:.2f} of iperf3, fresh {link.fresh_s} s")
    faults = _live(district, scale, random.Random(seed))  # noqa: S311 - a repeatable choice
    _drain(district)
    verdict = judge(district)
    missed = _missed(faults.steps)
    green = verdict.green and not missed
    _write(verdict, faults, measured, seed, missed)
    _say(f"steps without a cut: {', '.join(missed) or 'none'}")
    _say("green" if green else "RED")
    return 0 if green else 1


def _live(district: SoakDistrict, scale: Scale, chance: random.Random) -> Faults:
    """Workstations record at ten times the pace while faults fall."""
    district.set_links(scale.speed)
    for office in district.offices:
        busy = 4 if office.profile == PROFILES[0] else 1
        for number in range(busy):
            # Real pace is three minutes a person with two kits; the busy one records a district.
            pace = scale.busy_s if office.profile == PROFILES[0] else 180 / 2 / scale.speed
            district.add_workstation(office, number, scale.sizes, pace)
    faults = Faults(district, chance, scale.speed)
    began, told = time.monotonic(), 0.0
    waiting: list[Callable[[], None]] = [
        *(partial(faults.inject, kind) for kind in faults.every_kind()),
        *(partial(faults.cut_at, *cut) for cut in _cuts(scale, chance)),
    ]
    chance.shuffle(waiting)
    while True:
        elapsed = time.monotonic() - began
        captured = district.captured()
        if elapsed - told > 30:
            told = elapsed
            _say(f"{elapsed:.0f} s: {captured} captured, {faults.total} faults")
        enough = captured >= scale.records and faults.total >= scale.faults and not waiting
        if enough and elapsed >= scale.life_s:
            break
        if waiting:
            waiting.pop()()
        elif faults.total < scale.faults:
            faults.inject(faults.draw())
        time.sleep(chance.uniform(*scale.between_s))  # district life between two faults
    district.stop_workstations()
    return faults


def _cuts(scale: Scale, chance: random.Random) -> list[tuple[str, str, str]]:
    """Every step on both sides, or on one of them by chance."""
    cuts = plan()
    if scale.both_sides:
        return cuts
    return [chance.choice(pair) for pair in zip(cuts[::2], cuts[1::2], strict=True)]


def _missed(steps: Mapping[str, int]) -> list[str]:
    """Steps that no cut fell on."""
    cut = {f"{service}: {step}" for service, _, step in map(_parsed, steps)}
    return sorted({f"{service}: {step}" for service, _, step in plan()} - cut)


def _parsed(name: str) -> tuple[str, str, str]:
    service, _, at = name.partition(": ")
    side, _, step = at.partition(" ")
    return service, side, step


def _drain(district: SoakDistrict) -> None:
    """Good weather at the end: what waits may leave, or is found not to."""
    from rekamatan.records.counts import record_counts  # noqa: PLC0415 - the product's own word

    district.tell_carriers(free=True)
    for office in district.offices:  # back-off timers of the bad weather start anew
        office.forwarder.kill()
        office.forwarder.start(office.environment)
    acknowledged, moved = -1, time.monotonic()
    while time.monotonic() - moved < _STANDSTILL_S:
        counts = [record_counts(office.records) for office in district.offices]
        if all(count.captured == count.acknowledged for count in counts):
            return
        total = sum(count.acknowledged for count in counts)
        if total != acknowledged:
            acknowledged, moved = total, time.monotonic()
        time.sleep(0.5)  # counting takes processor time from the forwarders
    _say("not everything was acknowledged in good weather")


def _write(
    verdict: Verdict,
    faults: Faults,
    measured: Mapping[str, LinkMeasure],
    seed: int,
    missed: list[str],
) -> None:
    ratios = {profile: round(link.ratio, 3) for profile, link in measured.items()}
    report = {
        "captured": verdict.captured,
        "acknowledged": verdict.acknowledged,
        "lost": len(verdict.lost),
        "duplicated": len(verdict.duplicated),
        "altered": len(verdict.altered),
        "max_gap_s": verdict.max_gap_s,
        "goodput_ratio": min(ratios.values(), default=None),
        "fresh_s": {profile: link.fresh_s for profile, link in measured.items()},
        "seed": seed,
        "faults": faults.total,
        "faults_by_kind": dict(sorted(faults.counts.items())),
        "goodput_ratios": ratios,
        "fresh_alone_s": {profile: link.fresh_alone_s for profile, link in measured.items()},
        "unanswered": verdict.unanswered,
        "disagreements": verdict.disagreements,
        "cuts_by_step": dict(sorted(faults.steps.items())),
        "steps_without_a_cut": missed,
        "named": {
            "lost": verdict.lost[:50],
            "duplicated": verdict.duplicated[:50],
            "altered": verdict.altered[:50],
        },
    }
    _save(report)
    for line in faults.log:
        _say(line)
    brief = {key: report[key] for key in list(report)[:10]}
    _say(json.dumps(brief))


def _save(report: Mapping[str, object]) -> None:
    path = Path(os.environ.get("SOAK_REPORT") or CHECKOUT / "build/soak.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(f"soak: {text}", flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())
