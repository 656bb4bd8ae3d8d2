"""All links of a district at their real rates, measured side by side in one run."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.flows import reference_servers
from tests.bench.transport import Bench, LinkMeasure

if TYPE_CHECKING:
    from tests.soak.district import SoakDistrict


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure; all in seconds."""

    seconds: float  # of one flow
    warm_s: float  # of its start, left out
    rounds: int  # turns of iperf3 and the forwarder; 0: no goodput
    fresh_s: float  # of fresh records alone, and of those behind a backlog; 0: none


def measure(district: SoakDistrict, effort: Effort) -> dict[str, LinkMeasure]:
    """Profile -> numbers, all offices of the district side by side."""
    district.set_links(1.0)
    benches = [Bench(district, office) for office in district.offices]
    failures: list[Exception] = []

    def told(bench: Bench, profile: str) -> None:
        one(bench)
        found = bench.found
        fresh = f"alone {found.alone}, behind {found.behind}"
        print(f"{profile}: goodput {found.ratio:.2f}, fresh {fresh}", flush=True)  # noqa: T201 - long runs tell

    def one(bench: Bench) -> None:
        try:
            if effort.rounds:
                bench.goodput(effort.seconds, effort.warm_s, effort.rounds)
            if effort.fresh_s:
                bench.fresh(effort.fresh_s)
        except Exception as error:  # noqa: BLE001 - told by the thread that waits for this one
            failures.append(error)

    with reference_servers(district.offices):
        threads = [
            threading.Thread(target=told, args=(bench, office.profile))
            for bench, office in zip(benches, district.offices, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return {o.profile: b.found for o, b in zip(district.offices, benches, strict=True)}
