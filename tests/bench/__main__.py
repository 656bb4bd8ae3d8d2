"""`python -m tests.bench [--profiles A,B] [--seconds 45] [--rounds 2]`: writes `build/bench.json`.

Every profile of lab/link_profiles.json at its real rate, side by side in one run. Needs root, loop
devices, PostgreSQL and iperf3, and the machine for itself: what else runs is measured too. Exit 1
when a promise is not met: goodput 0.9 of iperf3, a fresh record in 1.2 times its time alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.flows import iperf3_installed
from tests.bench.measure import Effort, measure
from tests.soak.district import SoakDistrict
from tests.soak.links import PROFILES
from tests.soak.nodes import CHECKOUT

if TYPE_CHECKING:
    from tests.bench.transport import LinkMeasure

GOODPUT, FRESH = 0.9, 1.2


def main() -> int:
    """Measure and judge; 0 when all promises are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = list(json.loads(PROFILES.read_text(encoding="utf-8"))["profiles"])
    parser.add_argument("--profiles", default=",".join(known))
    parser.add_argument("--seconds", type=float, default=45, help="of one flow")
    parser.add_argument("--warm", type=float, default=10, help="seconds of a flow left out before")
    parser.add_argument("--rounds", type=int, default=2, help="turns; 0: no goodput")
    parser.add_argument("--fresh", type=float, default=90, help="seconds for each; 0: no fresh")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--report", default=str(CHECKOUT / "build/bench.json"))
    given = parser.parse_args()
    if not iperf3_installed():
        parser.error("iperf3 is not installed: apt install iperf3")
    with SoakDistrict(
        given.profiles.split(","), given.seed, no_fsync=False, centre_megabytes=8_000
    ) as district:
        district.start()
        effort = Effort(given.seconds, given.warm, given.rounds, given.fresh)
        found = measure(district, effort)
    return _report(found, given)


def _report(found: dict[str, LinkMeasure], given: argparse.Namespace) -> int:
    rows = {profile: _row(link) for profile, link in found.items()}
    missed = [
        profile
        for profile, link in found.items()
        if (given.rounds and link.ratio < GOODPUT)
        or (given.fresh and (link.fresh_ratio or FRESH + 1) > FRESH)
    ]
    report = {"seed": given.seed, "seconds": given.seconds, "rounds": given.rounds}
    report |= {"missed": missed, "profiles": rows}
    Path(given.report).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _table(rows)
    return 1 if missed else 0


def _row(link: LinkMeasure) -> dict[str, object]:
    return {
        "iperf3_kbps": round(link.reference_kbps, 1),
        "goodput_kbps": round(link.goodput_kbps, 1),
        "goodput_ratio": round(link.ratio, 3),
        "fresh_alone_s": link.fresh_alone_s,
        "fresh_behind_s": link.fresh_s,
        "fresh_ratio": round(link.fresh_ratio, 3) if link.fresh_ratio else None,
        "alone": link.alone,
        "behind": link.behind,
    }


def _table(rows: dict[str, dict[str, object]]) -> None:
    columns: tuple[str, ...] = ("iperf3_kbps", "goodput_kbps", "goodput_ratio")
    columns += ("fresh_alone_s", "fresh_behind_s", "fresh_ratio")
    _say(f"{'':24}" + "".join(f"{name:>16}" for name in columns))
    for profile, row in rows.items():
        _say(f"{profile:24}" + "".join(f"{row[name]!s:>16}" for name in columns))
        _say(f"{'':24}fresh alone {row['alone']}, behind {row['behind']}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())
