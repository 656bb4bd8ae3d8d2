"""Pings from a recording server while a switch runs, and what the modem's own log says of it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from itertools import pairwise

from tests.lab.district import console, environment

INTERVAL_S = 0.2
_REPLY = re.compile(r"^\[(\d+\.\d+)\] .*icmp_seq=(\d+) .*time=", re.MULTILINE)
_SENT = re.compile(r"(\d+) packets transmitted")
_RADIO = re.compile(r"^(\d+\.\d+) radio: (bearer gone|attached)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one long ping."""

    sent: int
    moments: tuple[float, ...]  # wall-clock seconds of the answers, in order

    @property
    def lost(self) -> int:
        """Pings without an answer."""
        return self.sent - len(self.moments)

    @property
    def outage_s(self) -> float:
        """The longest time without an answer, less the interval that is none."""
        gaps = [later - earlier for earlier, later in pairwise(self.moments)]
        return max(0.0, max(gaps, default=0.0) - INTERVAL_S)


def heard(text: str) -> Heard:
    """Pure: the output of `ping -D`; the last ones on the way when it ended do not count."""
    replies = sorted((int(number), float(moment)) for moment, number in _REPLY.findall(text))
    unique = dict(replies)  # a repeated answer counts once
    summary = _SENT.search(text)
    newest = max(unique, default=0)
    sent = min(newest, int(summary[1])) if summary else newest
    return Heard(sent, tuple(sorted(unique.values())))


class LongPing:
    """Five pings a second from one of the lab's machines, until it is stopped."""

    def __init__(self, node: str, host: str) -> None:
        self._process = subprocess.Popen(
            ["rekamatan-lab", "exec", node, "--", "ping", "-n", "-D",
             "-i", str(INTERVAL_S), host],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._node, self._host = node, host

    def stop(self) -> Heard:
        """End it as a person would (SIGINT: it prints its sums), and tell."""
        console(self._node, "pkill", "-INT", "-f", f"^ping .* {self._host}$")
        text, _ = self._process.communicate(timeout=30)
        return heard(text)


def attach_s(site: str, since: float) -> float:
    """What the modem itself took between two bearers: bearer gone to attached, by its own log."""
    unit = ("journalctl", "-u", "rekamatan-twin", "-o", "cat", "--since", f"@{since:.0f}")
    events = [
        (float(moment), what)
        for moment, what in _RADIO.findall(console(f"modem-{site}", *unit).output)
        if float(moment) >= since
    ]
    gone = next(moment for moment, what in events if what == "bearer gone")
    return next(m for m, what in events if what == "attached" and m > gone) - gone
