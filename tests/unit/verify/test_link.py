"""The gate on a link: order, cost and what a broken modem or canary leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import DeviceUnreachableError, RecordError
from rekamatan.models import (
    DataCentre,
    Endpoint,
    Limits,
    ModemAccess,
    ModemState,
    Probe,
    Sim,
    Site,
    Verdict,
    WanProfile,
)
from rekamatan.verify import link
from rekamatan.verify.command import Completed
from rekamatan.verify.link import LinkGate
from rekamatan.verify.store import BaselineStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LIMITS = Limits(loss_percent=5, rtt_ms=400, jitter_ms=80, throughput_floor_kbps=512, mtu=1300)
PROFILE = WanProfile("telkomsel", "telkomsel", "internet", ("51010",), Sim("a", "", ""), LIMITS)
SITE = Site(
    slug="kubu",
    code="14.07.01",
    name="Kubu",
    lan="192.168.101.0/24",
    modem=ModemAccess("x", "192.168.101.1", ""),
    profiles={"telkomsel": PROFILE},
    data_centre=DataCentre("10.77.0.1", (), "https://x.example", "", "x.example"),
    initial_profile="telkomsel",
    tunnel_interface="",
)
STATE = ModemState("x", registered=True, plmn="51010", profile="telkomsel", wan_ip="10.1.0.5")
GOOD_PING = (
    "{n} packets transmitted, {n} received, 0% packet loss, time 1ms\n"
    "rtt min/avg/max/mdev = 58.1/61.4/80.0/4.2 ms\n"
)


class Clock:
    """Stands still unless told."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.boot = "one"

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def boot_id(self) -> str:
        return self.boot


@dataclass
class Receipt:
    receipt_id: str = "canary-1"
    throughput_kbps: float = 4000.0


class Bench:
    def __init__(self, root: Path) -> None:
        self.clock = Clock()
        self.sent: list[tuple[int, float]] = []
        self.sources: list[str] = []
        self.asked: list[list[str]] = []
        self.reads = 0
        self.receipt: Receipt | Exception = Receipt()
        self.state: ModemState | Exception = STATE
        self.lost = False
        self.store = BaselineStore(root, self.clock)
        self.gate = LinkGate(
            site=SITE,
            read_state=self.read_state,
            send_canary=self.send,
            store=self.store,
            clock=self.clock,
            tls_dir=root,
            runner=self.run,
        )

    def read_state(self) -> ModemState:
        self.reads += 1
        if isinstance(self.state, Exception):
            raise self.state
        return self.state

    def send(self, size: int, timeout_s: float, source: str) -> Receipt:
        self.sources.append(source)
        self.sent.append((size, timeout_s))
        if isinstance(self.receipt, Exception):
            raise self.receipt
        return self.receipt

    def run(self, argv: Sequence[str], timeout_s: float) -> Completed:
        del timeout_s
        self.asked.append(list(argv))
        if argv[0] == "getent" or not self.lost:
            count = argv[argv.index("-c") + 1] if "-c" in argv else "1"
            return Completed(0, GOOD_PING.format(n=count))
        return Completed(1, "20 packets transmitted, 0 received, 100% packet loss\n")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_sound_link_passes_and_the_canary_gets_the_time_that_is_left(bench: Bench) -> None:
    found = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    assert (found.verdict, found.reasons) == (Verdict.PASS, ())
    assert bench.sent == [(2_000_000, 77)]


def test_canary_is_not_spent_on_a_link_that_already_failed(bench: Bench) -> None:
    bench.lost = True
    found = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    assert found.verdict is Verdict.FAIL
    assert bench.sent == []


def test_slower_than_the_share_of_the_baseline_fails(bench: Bench) -> None:
    baseline = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    bench.receipt = Receipt(throughput_kbps=2700.0)  # 70 % of 4000 is 2800
    found = bench.gate.check(PROFILE, baseline, canary=True, within_s=77)
    assert found.verdict is Verdict.FAIL
    assert found.reasons == ("canary.throughput 2700 kbps (limit 2800 kbps)",)


def test_near_miss_is_measured_once_more_and_the_better_one_counts(bench: Bench) -> None:
    baseline = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    answers = iter([2500.0, 3100.0])
    bench.sent.clear()
    bench.gate._send_canary = lambda size, left, _: (
        bench.sent.append((size, left)) or Receipt(throughput_kbps=next(answers))  # type: ignore[func-returns-value]
    )
    assert bench.gate.check(PROFILE, baseline, canary=True, within_s=77).verdict is Verdict.PASS
    assert len(bench.sent) == 2


def test_far_too_slow_is_not_sent_twice(bench: Bench) -> None:
    baseline = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    bench.receipt = Receipt(throughput_kbps=800.0)
    bench.sent.clear()
    assert bench.gate.check(PROFILE, baseline, canary=True, within_s=77).verdict is Verdict.FAIL
    assert len(bench.sent) == 1


def test_no_receipt_or_no_time_is_no_pass(bench: Bench) -> None:
    bench.receipt = RecordError("canary", "send", "no receipt in time")
    assert bench.gate.check(PROFILE, None, canary=True, within_s=9).verdict is Verdict.FAIL
    assert bench.gate.check(PROFILE, None, canary=True, within_s=0).verdict is Verdict.FAIL


def test_modem_that_does_not_answer_degrades_a_link_that_works(bench: Bench) -> None:
    bench.state = DeviceUnreachableError("modem", "connect", "no answer")
    assert bench.gate.check(PROFILE, None, canary=True, within_s=77).verdict is Verdict.DEGRADED


def test_baseline_is_reused_for_an_hour_within_one_boot(bench: Bench) -> None:
    bench.gate.baseline(PROFILE)
    bench.clock.now += 3500
    bench.gate.baseline(PROFILE)
    assert len(bench.sent) == 1
    bench.clock.now += 200
    bench.gate.baseline(PROFILE)
    assert len(bench.sent) == 2
    bench.clock.boot = "two"
    bench.gate.baseline(PROFILE)
    assert len(bench.sent) == 3


def test_failed_baseline_is_soon_measured_again(bench: Bench) -> None:
    bench.lost = True
    assert bench.gate.baseline(PROFILE).verdict is Verdict.FAIL
    bench.lost = False
    bench.clock.now += 500
    assert bench.gate.baseline(PROFILE).verdict is Verdict.FAIL
    bench.clock.now += 200
    assert bench.gate.baseline(PROFILE).verdict is Verdict.PASS


def test_restored_link_is_judged_by_its_own_baseline(bench: Bench) -> None:
    bench.lost = True
    sick = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    again = bench.gate.check_restored(PROFILE, sick, 77)
    assert again.verdict is Verdict.DEGRADED
    bench.lost = False
    sound = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    bench.lost = True
    assert bench.gate.check_restored(PROFILE, sound, 77).verdict is Verdict.FAIL


def test_another_bearer_is_measured_from_its_own_address_alone(bench: Bench) -> None:
    found = bench.gate.check_beside(PROFILE, None, "192.168.201.10", 77)
    assert found.verdict is Verdict.PASS
    pings = [argv for argv in bench.asked if argv[0] == "ping"]
    assert len(pings) == 2  # loss, and the path's MTU
    assert all(argv[argv.index("-I") + 1] == "192.168.201.10" for argv in pings)
    assert bench.sources == ["192.168.201.10"]
    assert bench.reads == 0  # what the modem tells is about the active bearer
    bench.gate.check(PROFILE, None, canary=True, within_s=77)
    assert bench.sources[1:] == [""]
    assert not any("-I" in argv for argv in bench.asked[len(pings) :])


def test_every_family_is_told_the_address(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def one(*given: object, source: str = "") -> Probe:
        told.append(source or str(given[-1]))
        return Probe("x", ok=True)

    for name in ("probe_tcp", "probe_dns", "probe_mtu", "probe_clock"):
        monkeypatch.setattr(link, name, one)
    monkeypatch.setattr(link, "probe_ping", lambda *given: (one(*given),))
    endpoint = Endpoint("ingest", "x.example", 443)
    centre = replace(SITE.data_centre, endpoints=(endpoint,))
    bench.gate._site = replace(SITE, data_centre=centre)
    bench.gate.check_beside(PROFILE, None, "10.0.0.1", 77)
    assert told == ["10.0.0.1"] * 5


def test_another_bearer_that_is_too_slow_is_not_fit(bench: Bench) -> None:
    baseline = bench.gate.check(PROFILE, None, canary=True, within_s=77)
    bench.receipt = Receipt(throughput_kbps=800.0)
    assert bench.gate.check_beside(PROFILE, baseline, "10.0.0.1", 77).verdict is Verdict.FAIL
    bench.lost = True
    assert bench.gate.check_beside(PROFILE, None, "10.0.0.1", 77).verdict is Verdict.FAIL
