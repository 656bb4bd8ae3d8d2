"""Each probe family against the texts and packets that real programs give."""

from __future__ import annotations

import json
import struct
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rekamatan.models import Limits, ModemState, Probe, Sim, WanProfile
from rekamatan.verify import asking, ping, tcp
from rekamatan.verify.clock import offset_s, probe_clock
from rekamatan.verify.command import Completed, run
from rekamatan.verify.dns import answers, question
from rekamatan.verify.mtu import probe_mtu
from rekamatan.verify.ping import PingStatistics, parse_ping, probe_ping
from rekamatan.verify.registration import probe_registration
from rekamatan.verify.route import probe_route
from rekamatan.verify.tunnel import handshake_age_s, hub_address, probe_tunnel

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]
LIMITS = Limits(loss_percent=5, rtt_ms=400, jitter_ms=80, throughput_floor_kbps=512, mtu=1300)
IPUTILS = """PING 10.77.0.1 (10.77.0.1) 56(84) bytes of data.

--- 10.77.0.1 ping statistics ---
{sent} packets transmitted, {got} received, {loss}% packet loss, time 3812ms
rtt min/avg/max/mdev = 58.100/61.450/80.000/4.250 ms
"""
SILENT = """PING 10.77.0.1 (10.77.0.1) 56(84) bytes of data.

--- 10.77.0.1 ping statistics ---
20 packets transmitted, 0 received, +3 errors, 100% packet loss, time 3990ms
"""
BUSYBOX = """PING 10.77.0.1 (10.77.0.1): 56 data bytes

--- 10.77.0.1 ping statistics ---
20 packets transmitted, 19 packets received, 5% packet loss
round-trip min/avg/max = 58.1/61.4/80.0 ms
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (IPUTILS.format(sent=20, got=20, loss=0), PingStatistics(20, 20, 61.45, 4.25)),
        (BUSYBOX, PingStatistics(20, 19, 61.4, None)),
        (SILENT, PingStatistics(20, 0)),
        ("ping: bad.example: Name or service not known\n", None),
    ],
)
def test_parse_ping(text: str, expected: PingStatistics | None) -> None:
    assert parse_ping(text) == expected


class Pings:
    """Answers of `ping` in the order in which they are asked."""

    def __init__(self, *answers: Completed) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[str]] = []

    def __call__(self, argv: Sequence[str], timeout_s: float) -> Completed:
        del timeout_s
        self.asked.append(argv)
        return self.answers.pop(0)


def named(probes: tuple[Probe, ...]) -> dict[str, Probe]:
    return {probe.name: probe for probe in probes}


def test_one_bad_sample_is_asked_again_before_the_link_is_called_bad() -> None:
    pings = Pings(
        Completed(0, IPUTILS.format(sent=20, got=18, loss=10)),
        Completed(0, IPUTILS.format(sent=60, got=60, loss=0)),
    )
    loss = named(probe_ping("10.77.0.1", LIMITS, pings))["ping.loss"]
    assert (loss.ok, loss.value, loss.detail) == (True, 2.5, "78 of 80 answered")


def test_a_link_that_really_loses_packets_fails() -> None:
    pings = Pings(
        Completed(0, IPUTILS.format(sent=20, got=16, loss=20)),
        Completed(0, IPUTILS.format(sent=60, got=50, loss=16)),
        Completed(0, IPUTILS.format(sent=60, got=51, loss=15)),
    )
    loss = named(probe_ping("10.77.0.1", LIMITS, pings))["ping.loss"]
    assert (loss.ok, loss.value) == (False, 15.0)
    assert loss.detail == "66 of 80 answered, then 51 of 60 answered"


def test_an_outage_of_seconds_is_not_the_loss_of_the_link() -> None:
    pings = Pings(
        Completed(0, IPUTILS.format(sent=20, got=8, loss=60)),
        Completed(0, IPUTILS.format(sent=60, got=40, loss=33)),
        Completed(0, IPUTILS.format(sent=60, got=59, loss=1)),
    )
    loss = named(probe_ping("10.77.0.1", LIMITS, pings))["ping.loss"]
    assert (loss.ok, loss.value) == (True, 1.7)
    assert loss.detail == "48 of 80 answered, then 59 of 60 answered"


def test_slow_answers_without_loss_are_not_asked_a_third_time() -> None:
    slow = IPUTILS.format(sent=20, got=20, loss=0).replace("61.450", "900.000")
    pings = Pings(Completed(0, slow), Completed(0, slow))
    assert named(probe_ping("x", LIMITS, pings))["ping.rtt"].ok is False
    assert len(pings.asked) == 2


def test_silence_that_lasts_fails_and_names_no_round_trip() -> None:
    longer = Completed(1, SILENT.replace("20 packets", "60 packets"))
    found = named(probe_ping("10.77.0.1", LIMITS, Pings(Completed(1, SILENT), longer)))
    assert (found["ping.loss"].ok, found["ping.loss"].value) == (False, 100.0)
    assert found["ping.rtt"].ok is None


def test_silence_of_seconds_is_an_outage_not_a_dead_path() -> None:
    calm = Completed(0, IPUTILS.format(sent=60, got=60, loss=0))
    loss = named(probe_ping("x", LIMITS, Pings(Completed(1, SILENT), calm, calm)))["ping.loss"]
    assert (loss.ok, loss.value) == (True, 0.0)


def test_without_ping_nothing_is_known() -> None:
    found = named(probe_ping("x", LIMITS, Pings(Completed(127, "", "ping is not installed"))))
    assert (found["ping.loss"].ok, found["ping.loss"].detail) == (None, "ping is not installed")


def test_slow_answers_are_not_essential() -> None:
    slow = IPUTILS.format(sent=20, got=20, loss=0).replace("61.450", "900.000")
    rtt = named(probe_ping("x", LIMITS, Pings(Completed(0, slow), Completed(0, slow))))["ping.rtt"]
    assert (rtt.ok, rtt.essential) == (False, False)


def test_a_queue_of_own_records_for_four_seconds_is_not_the_link() -> None:
    calm = IPUTILS.format(sent=60, got=60, loss=0)
    crowded = IPUTILS.format(sent=20, got=20, loss=0).replace("61.450", "500.000")
    pings = Pings(Completed(0, crowded), Completed(0, calm))
    rtt = named(probe_ping("x", LIMITS, pings))["ping.rtt"]
    assert (rtt.ok, rtt.value) == (True, 171.088)


def passes_up_to(largest: int) -> object:
    def ping(argv: Sequence[str], timeout_s: float) -> Completed:
        del timeout_s
        size = int(argv[argv.index("-s") + 1]) + 28
        if size <= largest:
            return Completed(0, IPUTILS.format(sent=3, got=3, loss=0))
        return Completed(1, SILENT.replace("20 packets", "3 packets"))

    return ping


def test_mtu_that_passes_is_asked_once() -> None:
    found = probe_mtu("x", 1300, passes_up_to(1400))  # type: ignore[arg-type]
    assert (found.ok, found.value) == (True, 1300)


def test_mtu_that_is_too_small_is_found_to_within_30_bytes() -> None:
    found = probe_mtu("x", 1400, passes_up_to(1280))  # type: ignore[arg-type]
    assert found.ok is False
    assert isinstance(found.value, float)
    assert 1250 <= found.value <= 1280


def test_mtu_told_by_the_own_interface_is_believed() -> None:
    said = "ping: local error: message too long, mtu=1340\n"
    lost = SILENT.replace("20 packets", "3 packets")
    found = probe_mtu("x", 1400, Pings(Completed(1, lost, said)))
    assert (found.ok, found.value) == (False, 1340)


def test_hub_address_and_handshake_age() -> None:
    assert hub_address("abc=\t10.77.0.0/24 192.168.0.0/16\n") == "10.77.0.1"
    assert hub_address("abc=\t10.77.0.1/32\n") == "10.77.0.1"
    assert hub_address("abc=\t(none)\n") is None
    assert handshake_age_s("abc=\t1700000000\n", 1700000042.0) == 42
    assert handshake_age_s("abc=\t0\n", 1700000042.0) is None


def test_tunnel_speaks_before_it_looks() -> None:
    stamp = int(time.time()) - 5
    runner = Pings(
        Completed(0, "abc=\t10.77.0.0/24\n"),
        Completed(1, SILENT),
        Completed(0, IPUTILS.format(sent=3, got=1, loss=66)),
        Completed(0, f"abc=\t{stamp}\n"),
    )
    found = probe_tunnel("wg0", 180, runner, iter(range(9)).__next__)
    assert found.ok is True
    assert [argv[0] for argv in runner.asked] == ["wg", "ping", "ping", "wg"]


def test_a_fresh_handshake_does_not_hide_a_silent_hub() -> None:
    def runner(argv: Sequence[str], timeout_s: float) -> Completed:
        del timeout_s
        if argv[0] == "ping":
            return Completed(1, SILENT)
        stamped = f"abc=\t{int(time.time())}\n"
        return Completed(0, stamped if "latest-handshakes" in argv else "abc=\t10.77.0.0/24\n")

    found = probe_tunnel("wg0", 180, runner, iter(range(0, 99, 8)).__next__)
    assert (found.ok, found.detail) == (False, "the hub does not answer through the tunnel")


def test_a_clock_set_forward_does_not_make_an_answering_tunnel_old() -> None:
    stamp = int(time.time()) - 86_400

    def runner(argv: Sequence[str], timeout_s: float) -> Completed:
        del timeout_s
        if argv[0] == "ping":
            return Completed(0, IPUTILS.format(sent=3, got=3, loss=0))
        return Completed(
            0, f"abc=\t{stamp}\n" if "latest-handshakes" in argv else "abc=\t10.77.0.0/24\n"
        )

    found = probe_tunnel("wg0", 180, runner, iter(range(9)).__next__)
    assert found.ok is True
    assert "clock was set" in found.detail


PROFILE = WanProfile(
    "telkomsel", "telkomsel", "internet", ("51010", "51020"), Sim("down", "", ""), LIMITS
)
STATE = ModemState(
    "x", registered=True, plmn="51010", profile="telkomsel", wan_ip="10.1.0.5", wan_if="lte1"
)


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        ({}, True),
        ({"plmn": "51020"}, True),
        ({"plmn": "51001", "operator": "Indosat"}, False),
        ({"registered": False}, False),
        ({"profile": "indosat"}, False),
        ({"plmn": None}, True),
        ({"plmn": None, "registered": None}, None),
    ],
)
def test_registration(change: dict[str, object], ok: bool | None) -> None:  # noqa: FBT001 - a case
    assert probe_registration(replace(STATE, **change), PROFILE).ok is ok  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        ({}, True),
        ({"default_route_via": "lte1"}, True),
        ({"default_route_via": "10.1.0.1"}, True),
        ({"default_route_via": "ether1"}, False),
        ({"wan_ip": None}, False),
    ],
)
def test_route(change: dict[str, object], ok: bool) -> None:  # noqa: FBT001 - a case
    assert probe_route(replace(STATE, **change)).ok is ok  # type: ignore[arg-type]


def test_dns_packets() -> None:
    asked = question("ingest.example", 7)
    assert asked[12:] == b"\x06ingest\x07example\x00\x00\x01\x00\x01"
    reply = struct.pack("!6H", 7, 0x8180, 1, 2, 0, 0)
    assert answers(reply, 7) == 2
    assert answers(reply, 8) is None
    assert answers(struct.pack("!6H", 7, 0x8183, 1, 0, 0, 0), 7) == 0
    assert answers(b"", 7) is None


def test_clock_offset() -> None:
    server, sent, received = 1_700_000_100.0, 1_700_000_000.0, 1_700_000_000.2
    stamp = struct.pack("!2I", int(server) + 2_208_988_800, 0)
    packet = bytes([0x24, 2, 0, 0]) + bytes(12) + bytes(8) + bytes(8) + stamp + stamp
    assert offset_s(packet, sent, received) == pytest.approx(99.9)
    assert offset_s(bytes(48), sent, received) is None


def test_no_time_server_is_not_a_fault() -> None:
    assert probe_clock("", 1000).ok is None


def test_runner_says_what_is_missing_and_what_hangs() -> None:
    assert run(["no-such-program"], 1).code == 127
    assert run(["sleep", "9"], 0.1).code == 124


def test_every_question_lasts_longer_than_an_outage_that_is_daily_life() -> None:
    rows = json.loads((ROOT / "lab/link_profiles.json").read_text())["profiles"].values()
    # Rarer and longer ones (a minute on a 128 kbit/s line, twice an hour) may fail a gate.
    gaps = [row["gaps"] for row in rows if row["gaps"]["per_hour"] >= 3]
    longest = max(gap["seconds"][1] for gap in gaps)
    assert longest < asking.QUESTION_S - asking.TRY_S  # when the last try begins
    assert longest < tcp.TIMEOUT_S
    assert longest < (ping.FIRST + ping.MORE) * ping.INTERVAL_S
