"""Seconds without the data centre while the bearer moves: one long `ping`, two a second.

A second one goes through the tunnel. The data centre learns the site's new address only from a
packet of the site (`verify.tunnel`): without it, whoever comes through the tunnel would be cut off
until the gate begins, some seconds after the modem attached.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from itertools import pairwise
from typing import TYPE_CHECKING

from rekamatan.verify.command import run
from rekamatan.verify.tunnel import hub_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekamatan.clock import Clock
    from rekamatan.verify.command import Runner

INTERVAL_S = 0.5
_REPLY = re.compile(r"icmp_seq=\d+ .*time[=<]")


def longest_gap(start: float, replies: Sequence[float], end: float) -> float:
    """Pure: the longest time without a reply, the ends of the watch included."""
    moments = [start, *replies, end]
    return max(second - first for first, second in pairwise(moments))


class PingWatch:
    """Watches one host in the background, and keeps the tunnel speaking meanwhile.

    Args:
        host: what to ping.
        clock: stamps the replies as they arrive.
        tunnel: interface of the tunnel; empty where there is none.
        runner: asks `wg` for the far end of it.
    """

    def __init__(self, host: str, clock: Clock, tunnel: str = "", runner: Runner = run) -> None:
        self._host = host
        self._clock = clock
        self._tunnel = tunnel
        self._runner = runner
        self._speaking: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._replies: list[float] = []
        self._start = 0.0

    def start(self) -> None:
        """Begin; a missing `ping` makes the result None, never an error."""
        self._replies, self._start = [], self._clock.monotonic()
        self._speak()
        argv = ["ping", "-n", "-i", str(INTERVAL_S), self._host]
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
            )
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

    def stop(self) -> float | None:
        """End; the longest gap in seconds, less the interval that is no gap."""
        process, self._process = self._process, None
        self._fall_silent()
        if process is None:
            return None
        alive = process.poll() is None
        end = self._clock.monotonic()
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        if self._reader is not None:
            self._reader.join(timeout=2)
        if not alive and not self._replies:
            return None  # ping could not even start: that says nothing about the link
        gap = longest_gap(self._start, self._replies, end)
        return round(max(0.0, gap - INTERVAL_S), 1)

    def _speak(self) -> None:
        hub = hub_of(self._tunnel, self._runner) if self._tunnel else None
        if hub is None:
            return
        argv = ["ping", "-n", "-q", "-i", str(INTERVAL_S), "-I", self._tunnel, hub]
        with contextlib.suppress(OSError):
            self._speaking = subprocess.Popen(
                argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    def _fall_silent(self) -> None:
        speaking, self._speaking = self._speaking, None
        if speaking is not None:
            speaking.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                speaking.wait(timeout=2)

    def _read(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        for line in self._process.stdout:
            if _REPLY.search(line):
                self._replies.append(self._clock.monotonic())
