"""The gate decides: pure, from probes to a verdict."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from rekamatan.models import GateResult, Verdict

if TYPE_CHECKING:
    from rekamatan.models import Limits, Probe

THROUGHPUT = "canary.throughput"
CANARY_BYTES = 2_000_000  # a typical record
PROBES_S = 40  # all probes but the canary, on a slow link
_SLOWEST_KBPS = 64.0  # a floor below this would make the office wait for ever


def budget_s(limits: Limits, baseline: GateResult | None = None) -> int:
    """Seconds a gate needs while a modem's timer runs: the probes, and a canary that just passes.

    A canary slower than its limit fails whenever it ends: waiting longer for it only keeps the
    office longer on a link that is going to be given up. One below the profile's floor, which
    passes beside an old link that was slower still, has what the other steps left of their time.
    """
    limit_kbps = throughput_limit_kbps(limits, baseline)
    return PROBES_S + _canary_s(max(limit_kbps, limits.throughput_floor_kbps))


def patience_s(limits: Limits) -> int:
    """Seconds a gate may take where nothing is armed: the pace of a link too slow is told too."""
    return PROBES_S + 2 * _canary_s(limits.throughput_floor_kbps)


def _canary_s(kbps: float) -> int:
    return ceil(CANARY_BYTES * 8 / 1000 / max(kbps, _SLOWEST_KBPS))


def decide(profile: str, probes: tuple[Probe, ...], started: str, duration_s: float) -> GateResult:
    """An essential probe that failed: fail. Another one, or one not measured: degraded."""
    broken = [probe for probe in probes if probe.ok is False and probe.essential]
    weak = [probe for probe in probes if _is_weak(probe)]
    passed = Verdict.DEGRADED if weak else Verdict.PASS
    verdict = Verdict.FAIL if broken else passed
    reasons = tuple(say(probe) for probe in (*broken, *weak))
    return GateResult(verdict, probes, profile, started, round(duration_s, 1), reasons)


def _is_weak(probe: Probe) -> bool:
    if probe.essential:
        return probe.ok is None
    return probe.ok is False


def say(probe: Probe) -> str:
    """One finding in words: name, value against limit, detail."""
    parts = [probe.name]
    if probe.value is not None:
        parts.append(_figure(probe.value, probe.unit))
    if isinstance(probe.limit, int | float):
        parts.append(f"(limit {_figure(probe.limit, probe.unit)})")
    text = " ".join(parts)
    return f"{text}: {probe.detail}" if probe.detail else text


def _figure(value: float | str, unit: str) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return f"{int(value) if whole else value} {unit}".strip()


def throughput_limit_kbps(limits: Limits, baseline: GateResult | None) -> float:
    """What the canary must reach: a share of the old link's throughput.

    The old link may be the fault that is being cured: then the profile's floor counts.
    """
    if baseline is None or baseline.verdict is Verdict.FAIL:
        return limits.throughput_floor_kbps
    measured = [p.value for p in baseline.probes if p.name == THROUGHPUT]
    if not measured or not isinstance(measured[0], int | float):
        return limits.throughput_floor_kbps
    return limits.baseline_ratio * measured[0]


def only_demand_what_passed(
    probes: tuple[Probe, ...], baseline: GateResult | None
) -> tuple[Probe, ...]:
    """After a rollback: what could not pass before the change is not held against the link."""
    if baseline is None:
        return probes
    passed = {probe.name for probe in baseline.probes if probe.ok}
    return tuple(probe if probe.name in passed else _not_demanded(probe) for probe in probes)


def _not_demanded(probe: Probe) -> Probe:
    if probe.ok is not False:
        return probe
    detail = f"{probe.detail}; did not pass before the change either".lstrip("; ")
    return replace(probe, essential=False, detail=detail)
