"""How long a switch kept the office off: pings all the while, also through the tunnel."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from lab.shell import comes_true
from rekamatan.clock import SystemClock
from rekamatan.verify.command import Completed
from rekamatan.verify.outage import PingWatch, longest_gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


def test_longest_gap_counts_both_ends() -> None:
    assert longest_gap(0, [1, 2, 9, 10], 12) == 7
    assert longest_gap(0, [], 12) == 12
    assert longest_gap(0, [1], 12) == 11


def test_watch_measures_the_gap_between_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = "64 bytes from 10.77.0.1: icmp_seq=1 ttl=64 time=61.4 ms"
    ping = tmp_path / "ping"
    ping.write_text(f"#!/bin/sh\necho '{reply}'; sleep 1.5; echo '{reply}'; exec sleep 30\n")
    ping.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    watch = PingWatch("10.77.0.1", SystemClock())
    watch.start()
    deadline = time.monotonic() + 10
    while len(watch._replies) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    gap = watch.stop()
    assert gap is not None
    assert 0.9 <= gap <= 5.0  # 1.5 s less the interval that is no gap; more on a busy machine


def test_watch_that_could_not_start_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    watch = PingWatch("10.77.0.1", SystemClock())
    watch.start()
    assert watch.stop() is None


def test_watch_speaks_through_the_tunnel_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    ping = tmp_path / "ping"
    ping.write_text(f'#!/bin/sh\necho "$$ $*" >>{said}\nexec sleep 30\n')
    ping.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def asked(argv: Sequence[str], timeout_s: float) -> Completed:
        del timeout_s
        assert list(argv) == ["wg", "show", "wg0", "allowed-ips"]
        return Completed(0, "key=\t10.77.0.0/24\n")

    watch = PingWatch("198.51.100.10", SystemClock(), "wg0", asked)
    watch.start()
    assert comes_true(lambda: said.exists() and len(said.read_text().splitlines()) == 2, 10)
    through = next(line for line in said.read_text().splitlines() if "-I wg0" in line)
    assert through.endswith(" 10.77.0.1")
    watch.stop()
    assert comes_true(lambda: not Path(f"/proc/{through.split()[0]}").exists(), 10)
