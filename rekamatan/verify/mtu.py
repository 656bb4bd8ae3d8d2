"""Does a full packet reach the data centre unfragmented? A smaller path stalls large records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.models import Probe
from rekamatan.verify.asking import QUESTION_S
from rekamatan.verify.command import NOT_FOUND, run
from rekamatan.verify.ping import from_source, parse_ping

if TYPE_CHECKING:
    from rekamatan.verify.command import Runner

IP_ICMP_HEADERS = 28
SMALLEST = 576
STEPS = 5  # halving 576..1500 to within 30 bytes: enough to tell a technician
NEXT_S = 3  # while halving: the link answers, only the size is in question
_TOLD = re.compile(r"mtu ?= ?(\d+)")


def probe_mtu(host: str, limit: int, runner: Runner = run, source: str = "") -> Probe:
    """`value` is the largest packet seen to pass, at most `limit`; `source`: an address of ours."""
    way = [*from_source(source), host]
    code, passed, told = _try(way, limit, runner, QUESTION_S)
    if passed:
        return Probe("mtu", ok=True, value=float(limit), unit="bytes", limit=float(limit))
    if code == NOT_FOUND:
        return Probe("mtu", ok=None, limit=float(limit), detail="ping is not installed")
    value = told or _largest(way, limit, runner)
    detail = f"packets above {value} bytes do not arrive" if value else "no packet arrives"
    return Probe(
        "mtu",
        ok=False,
        value=float(value) if value else None,
        unit="bytes",
        limit=float(limit),
        detail=detail,
    )


def _largest(way: list[str], limit: int, runner: Runner) -> int | None:
    if not _try(way, SMALLEST, runner)[1]:
        return None
    low, high = SMALLEST, limit
    for _ in range(STEPS):
        middle = (low + high) // 2
        low, high = (middle, high) if _try(way, middle, runner)[1] else (low, middle)
    return low


def _try(
    way: list[str], size: int, runner: Runner, within_s: int = NEXT_S
) -> tuple[int, bool, int | None]:
    """Exit code, whether one packet got through in time, and the MTU a router told of."""
    payload = str(size - IP_ICMP_HEADERS)
    # With -w, ping sends on until -c answers came or the time is over.
    timing = ["-c", "1", "-i", "0.3", "-w", str(within_s)]
    done = runner(["ping", "-n", "-M", "do", *timing, "-s", payload, *way], within_s + 5.0)
    found = parse_ping(done.out)
    told = _TOLD.search(done.out + done.err)
    passed = found is not None and found.received > 0
    return done.code, passed, int(told[1]) if told else None
