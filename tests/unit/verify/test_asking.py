"""A question to the data centre lasts longer than an outage that is daily life."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from rekamatan.verify import asking
from rekamatan.verify.asking import QUESTION_S, TRY_S, answered
from rekamatan.verify.clock import probe_clock
from rekamatan.verify.command import Completed
from rekamatan.verify.dns import probe_dns
from rekamatan.verify.mtu import probe_mtu

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OUTAGE_S = 10.0


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def out_for(seconds: float, time: Time, lasts_s: float) -> Callable[[float], str | None]:
    """A link that is out so long; each try on it takes `lasts_s` and then ends without answer."""
    back = time.now + seconds

    def ask(left_s: float) -> str | None:
        assert 0 < left_s <= QUESTION_S
        if time.now >= back:
            return "answer"
        time.now += min(lasts_s, left_s)
        if lasts_s == 0:
            raise OSError(101, "Network is unreachable")
        return None

    return ask


@pytest.mark.parametrize("lasts_s", [0.0, 0.5, TRY_S])
def test_an_outage_of_ten_seconds_is_outlasted_however_a_try_ends(lasts_s: float) -> None:
    time = Time()
    found, _ = answered(out_for(OUTAGE_S, time, lasts_s), time.monotonic, time.sleep)
    assert found == "answer"


@pytest.mark.parametrize("lasts_s", [0.0, 0.5, TRY_S, 60.0])
def test_a_dead_link_is_told_in_time_with_the_last_error(lasts_s: float) -> None:
    time = Time()
    found, detail = answered(out_for(600, time, lasts_s), time.monotonic, time.sleep)
    assert found is None
    assert ("unreachable" in detail) == (lasts_s == 0)
    assert time.now <= 100.0 + QUESTION_S


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "QUESTION_S", 1.0)
    monkeypatch.setattr(asking, "TRY_S", 0.1)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "probe", [lambda: probe_dns("x", "127.0.0.1"), lambda: probe_clock("127.0.0.1", 9)]
)
def test_dns_and_clock_ask_again_after_an_error_that_comes_at_once(
    probe: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens: the answer is "connection refused", at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.connect(("127.0.0.2", 9))  # nobody else gets the port, and nobody listens there
        for module in ("dns", "clock"):
            monkeypatch.setattr(f"rekamatan.verify.{module}.PORT", line.getsockname()[1])
        tried: list[int] = []
        connect = socket.socket.connect

        def counted(self: socket.socket, address: tuple[str, int]) -> None:
            tried.append(threading.get_ident())
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", counted)
        found = probe()
        assert found.ok is False  # type: ignore[attr-defined]
        assert "127.0.0.1: " in found.detail  # type: ignore[attr-defined]
    assert len(tried) > 3


@pytest.mark.usefixtures("quick")
def test_the_systems_resolver_is_asked_again_too() -> None:
    said = iter([2, 2, 0])

    def getent(argv: Sequence[str], timeout_s: float) -> Completed:
        assert argv[0] == "getent"
        assert 0 < timeout_s <= 1.0
        return Completed(next(said), "")

    assert probe_dns("ingest.example", "", getent).ok is True


def test_the_first_full_packet_is_sent_again_as_long_as_any_question() -> None:
    waits: list[float] = []

    def ping(argv: Sequence[str], timeout_s: float) -> Completed:
        waits.append(float(argv[argv.index("-w") + 1]))
        assert timeout_s > waits[-1]
        return Completed(0, "1 packets transmitted, 1 received")

    assert probe_mtu("x", 1300, ping).ok is True
    assert waits == [QUESTION_S]
