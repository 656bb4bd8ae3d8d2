"""When a rollout holds after a wave, and what it says."""

from __future__ import annotations

import pytest

from rekamatan.fleet.ledger import SiteState
from rekamatan.fleet.waves import FAILED, SiteResult, abort_reason

SITES = tuple(f"site-{number}" for number in range(18))


def result(site: str, state: SiteState, *probes: str, platform: str = "routeros7") -> SiteResult:
    return SiteResult(site, state, "telkomsel", "internet", platform, probes)


@pytest.mark.parametrize("state", sorted(FAILED))
def test_the_first_office_decides_alone(state: SiteState) -> None:
    hold = abort_reason([result("kubu", state)])
    assert hold is not None
    assert hold.sites == ("kubu",)


@pytest.mark.parametrize(
    ("probes", "cause", "word"),
    [
        (("registration", "route", "dns"), "carrier", "telkomsel"),
        (("route", "dns"), "apn", "internet"),
        (("ping.loss", "canary.receipt"), "data_centre", "data centre"),
        (("tcp.ingest",), "data_centre", "data centre"),
    ],
)
def test_names_the_common_cause(probes: tuple[str, ...], cause: str, word: str) -> None:
    wave = [
        result("a", SiteState.ROLLED_BACK, *probes),
        result("b", SiteState.ROLLED_BACK, *probes),
    ]
    hold = abort_reason([*wave, result("c", SiteState.VERIFIED)])
    assert hold is not None
    assert hold.cause == cause
    assert word in hold.text("en")
    assert "2 of 3" in hold.text("en")


def test_a_platform_of_its_own_is_a_cause() -> None:
    failed = [result(n, SiteState.ROLLED_BACK, platform="huawei") for n in ("a", "b")]
    hold = abort_reason([*failed, result("c", SiteState.VERIFIED)])
    assert hold is not None
    assert (hold.cause, "huawei" in hold.text()) == ("platform", True)


def test_different_causes_hold_too_but_are_not_called_one() -> None:
    wave = [
        result("a", SiteState.ROLLED_BACK, "registration"),
        result("b", SiteState.ROLLED_BACK, "ping.loss"),
        result("c", SiteState.VERIFIED),
    ]
    hold = abort_reason(wave)
    assert hold is not None
    assert hold.cause == "many"
    assert "a, b" in hold.text()


def test_one_in_a_wave_of_three_holds() -> None:
    good = [result(site, SiteState.VERIFIED) for site in ("a", "b")]
    assert abort_reason([*good, result("c", SiteState.ROLLED_BACK, "route")]) is not None
    third = result("d", SiteState.VERIFIED)
    assert abort_reason([*good, third, result("c", SiteState.ROLLED_BACK, "route")]) is None


def test_one_of_many_does_not_hold_but_one_stranded_does() -> None:
    good = [result(site, SiteState.VERIFIED) for site in SITES[:13]]
    assert abort_reason([*good, result("x", SiteState.ROLLED_BACK, "route")]) is None
    hold = abort_reason([*good, result("x", SiteState.STRANDED)])
    assert hold is not None
    assert hold.cause == "stranded"


def test_offices_that_do_not_answer_have_not_failed() -> None:
    waiting = [result(site, SiteState.WAITING) for site in SITES[:3]]
    assert abort_reason(waiting) is None
    assert abort_reason([*waiting, result("x", SiteState.VERIFIED)]) is None
    assert abort_reason([*waiting, result("x", SiteState.ROLLED_BACK)]) is not None
