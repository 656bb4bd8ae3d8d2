"""Loss, round-trip time and jitter to the data centre, with the system's `ping`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.models import Probe
from rekamatan.verify.command import NOT_FOUND, Completed, run

if TYPE_CHECKING:
    from rekamatan.models import Limits
    from rekamatan.verify.command import Runner

FIRST = 20
# One lost packet of 20 is 5 %, and the office's own records may fill the queue for these four
# seconds: before a link is called bad it is asked longer. On a weak link an outage of 1-10 s is
# daily life and spoils one such window, hardly the next: bad is a link that stays bad.
MORE = 60
INTERVAL_S = 0.2
WAIT_S = 2

_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_TIMES = re.compile(
    r"(?:rtt|round-trip) min/avg/max(?:/mdev)? = ([\d.]+)/([\d.]+)/([\d.]+)(?:/([\d.]+))?"
)


@dataclass(frozen=True, slots=True)
class PingStatistics:
    """One run of `ping`; times are None when nothing came back."""

    sent: int
    received: int
    rtt_ms: float | None = None
    jitter_ms: float | None = None  # mean deviation; BusyBox does not give it

    @property
    def loss_percent(self) -> float:
        """Share of packets without an answer."""
        return 100.0 * (self.sent - self.received) / self.sent if self.sent else 100.0


def parse_ping(text: str) -> PingStatistics | None:
    """Pure: the summary lines of iputils or BusyBox `ping`; None when there are none."""
    counts = _COUNTS.search(text)
    if counts is None:
        return None
    times = _TIMES.search(text)
    return PingStatistics(
        sent=int(counts[1]),
        received=int(counts[2]),
        rtt_ms=float(times[2]) if times else None,
        jitter_ms=float(times[4]) if times and times[4] else None,
    )


def probe_ping(
    host: str, limits: Limits, runner: Runner = run, source: str = ""
) -> tuple[Probe, ...]:
    """Three probes: `ping.loss`, `ping.rtt`, `ping.jitter`; `source` is an address of ours."""
    done = _ping(host, FIRST, runner, source)
    found = parse_ping(done.out)
    if found is None:
        ok = None if done.code == NOT_FOUND else False
        return judge(None, limits, ok=ok, detail=(done.err or done.out).strip()[:200])
    told = _told(found)
    if _over(found, limits):
        found = _together(found, again) if (again := _more(host, runner, source)) else found
        told = _told(found)
    if found.received > 0 and found.loss_percent > limits.loss_percent:
        last = _more(host, runner, source)
        told = f"{told}, then {_told(last)}" if last else told
        found = last or found
    return judge(found, limits, ok=None, detail=told)


def _more(host: str, runner: Runner, source: str) -> PingStatistics | None:
    return parse_ping(_ping(host, MORE, runner, source).out)


def _told(found: PingStatistics) -> str:
    return f"{found.received} of {found.sent} answered"


def _over(found: PingStatistics, limits: Limits) -> bool:
    return (
        found.loss_percent > limits.loss_percent
        or (found.rtt_ms or 0.0) > limits.rtt_ms
        or (found.jitter_ms or 0.0) > limits.jitter_ms
    )


def judge(
    found: PingStatistics | None, limits: Limits, *, ok: bool | None, detail: str
) -> tuple[Probe, ...]:
    """Pure: measured values against the profile's limits; without values, `ok` as told."""
    loss = found.loss_percent if found else None
    rtt = found.rtt_ms if found else None
    jitter = found.jitter_ms if found else None
    return (
        Probe(
            "ping.loss",
            loss <= limits.loss_percent if loss is not None else ok,
            value=round(loss, 1) if loss is not None else None,
            unit="%",
            limit=limits.loss_percent,
            detail=detail,
        ),
        _time("ping.rtt", rtt, limits.rtt_ms),
        _time("ping.jitter", jitter, limits.jitter_ms),
    )


def _time(name: str, value: float | None, limit: float) -> Probe:
    ok = value <= limit if value is not None else None
    # Slow answers alone make a link degraded: whether records get through the canary tells.
    return Probe(name, ok, value=value, unit="ms", limit=limit, essential=False)


def _ping(host: str, count: int, runner: Runner, source: str) -> Completed:
    timing = ["-c", str(count), "-i", str(INTERVAL_S), "-W", str(WAIT_S)]
    argv = ["ping", "-n", "-q", *timing, *from_source(source), host]
    return runner(argv, count * INTERVAL_S + WAIT_S + 8)


def from_source(source: str) -> list[str]:
    """Arguments of `ping` for an address of ours; none where the route may choose."""
    return ["-I", source] if source else []


def _together(one: PingStatistics, two: PingStatistics) -> PingStatistics:
    received = one.received + two.received

    def mean(first: float | None, second: float | None) -> float | None:
        pairs = [(first, one.received), (second, two.received)]
        known = [(value, weight) for value, weight in pairs if value is not None and weight]
        total = sum(weight for _, weight in known)
        return round(sum(v * w for v, w in known) / total, 3) if total else None

    return PingStatistics(
        sent=one.sent + two.sent,
        received=received,
        rtt_ms=mean(one.rtt_ms, two.rtt_ms),
        jitter_ms=mean(one.jitter_ms, two.jitter_ms),
    )
