from __future__ import annotations

import pytest

from rekamatan.models import GateResult, Limits, Probe, Verdict
from rekamatan.verify.gate import decide, only_demand_what_passed, throughput_limit_kbps

LIMITS = Limits(loss_percent=5, rtt_ms=400, jitter_ms=80, throughput_floor_kbps=512, mtu=1300)
LOSS_OK = Probe("ping.loss", ok=True, value=0.0, unit="%", limit=5)
LOSS_BAD = Probe("ping.loss", ok=False, value=12.0, unit="%", limit=5, detail="44 of 50 answered")
SLOW = Probe("ping.rtt", ok=False, value=900.0, unit="ms", limit=400, essential=False)
UNSEEN = Probe("registration", ok=None, detail="the modem does not give the PLMN")
NO_TIME_SERVER = Probe("clock", ok=None, essential=False)


def result(*probes: Probe) -> GateResult:
    return decide("indosat", probes, "", 1.0)


@pytest.mark.parametrize(
    ("probes", "verdict"),
    [
        ((LOSS_OK,), Verdict.PASS),
        ((LOSS_OK, NO_TIME_SERVER), Verdict.PASS),
        ((LOSS_OK, SLOW), Verdict.DEGRADED),
        ((LOSS_OK, UNSEEN), Verdict.DEGRADED),
        ((LOSS_BAD,), Verdict.FAIL),
        ((LOSS_BAD, SLOW), Verdict.FAIL),
    ],
)
def test_verdict(probes: tuple[Probe, ...], verdict: Verdict) -> None:
    assert result(*probes).verdict is verdict


def test_reasons_name_value_limit_and_detail_worst_first() -> None:
    assert result(SLOW, LOSS_BAD).reasons == (
        "ping.loss 12 % (limit 5 %): 44 of 50 answered",
        "ping.rtt 900 ms (limit 400 ms)",
    )


def throughput(kbps: float | None, *, ok: bool = True) -> GateResult:
    return result(Probe("canary.throughput", ok=ok, value=kbps, unit="kbps"))


@pytest.mark.parametrize(
    ("baseline", "limit"),
    [
        (None, 512),
        (throughput(4000.0), 2800),
        (throughput(600.0), 420),  # a slow but sound old link: the new one may be as slow
        (throughput(80.0, ok=False), 512),  # the old link was the fault that is being cured
        (throughput(None), 512),
    ],
)
def test_throughput_limit(baseline: GateResult | None, limit: float) -> None:
    assert throughput_limit_kbps(LIMITS, baseline) == pytest.approx(limit)


def test_after_a_rollback_only_what_passed_before_is_demanded() -> None:
    mtu_bad = Probe("mtu", ok=False)
    now = (LOSS_BAD, mtu_bad)
    assert decide("x", only_demand_what_passed(now, result(LOSS_BAD, mtu_bad)), "", 1).verdict is (
        Verdict.DEGRADED
    )
    demanded = only_demand_what_passed(now, result(LOSS_OK, mtu_bad))
    verdict = decide("x", demanded, "", 1)
    assert verdict.verdict is Verdict.FAIL
    assert "did not pass before the change either" in verdict.reasons[1]
    assert only_demand_what_passed(now, None) == now
