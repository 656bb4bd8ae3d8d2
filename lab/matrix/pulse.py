"""Does the office reach the data centre? Five questions a second from its LAN, past the product.

Runs in the workstation's network namespace: `python -m lab.matrix.pulse TARGET GATEWAY` prints the
monotonic time of every answer. Each question is a flow of its own: a running ping would keep the
source address of a bearer that is gone.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from lab.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERVAL_S = 0.2
_HEADER = struct.Struct("!BBHHH")  # RFC 792: type, code, checksum, identifier, sequence number
_ECHO, _REPLY = 8, 0
_IP_HEADER = 20


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def question(identifier: int) -> bytes:
    """An echo request."""
    bare = _HEADER.pack(_ECHO, 0, 0, identifier, 0)
    return _HEADER.pack(_ECHO, 0, checksum(bare), identifier, 0)


def answered(packet: bytes) -> int | None:
    """Identifier of the echo reply in an IPv4 packet; None when it is something else."""
    if len(packet) < _IP_HEADER + _HEADER.size:
        return None
    kind, _, _, identifier, _ = _HEADER.unpack_from(packet, _IP_HEADER)
    return int(identifier) if kind == _REPLY else None


def longest_gap(start: float, replies: Sequence[float], end: float) -> float:
    """The longest time without an answer between `start` and `end`, beyond the interval itself."""
    within = [moment for moment in replies if start < moment < end]
    gaps = (second - first for first, second in pairwise([start, *within, end]))
    return round(max(0.0, max(gaps) - INTERVAL_S), 1)


class Pulse:
    """The pulse of one office, felt while the process lives.

    Args:
        namespace: the workstation's.
        target: address of the data centre.
        gateway: the modem's address on the LAN.
    """

    def __init__(self, namespace: str, target: str, gateway: str) -> None:
        self.replies: list[float] = []
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, sys.executable, "-m", __name__, target, gateway],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,  # never written to: its end is the end of this process
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self.replies.append(float(line))

    def share(self, start: float, end: float) -> float:
        """Share of the questions between two moments that were answered, 0 to 1."""
        count = bisect_right(self.replies, end) - bisect_left(self.replies, start)
        return min(1.0, count * INTERVAL_S / (end - start))

    def gap(self, start: float, end: float) -> float:
        """See `longest_gap`."""
        return longest_gap(start, tuple(self.replies), end)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


def _listen(raw: socket.socket, asked: set[int]) -> None:
    while True:
        identifier = answered(raw.recv(2048))
        if identifier in asked:
            asked.discard(identifier)
            print(round(time.monotonic(), 3), flush=True)


def main() -> None:
    """Ask until whoever listens is gone, which ends standard input.

    The cable and its route vanish with the modem's power: both come back.
    """
    target, gateway = sys.argv[1:]
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    asked: set[int] = set()
    threading.Thread(target=_listen, args=(raw, asked), daemon=True).start()
    number = os.getpid()
    while not select.select([sys.stdin], [], [], INTERVAL_S)[0]:
        number = (number + 1) % 0x10000
        asked.add(number)
        asked.discard((number - 100) % 0x10000)  # twenty seconds: nobody waits longer
        try:
            raw.sendto(question(number), (target, 0))
        except OSError:
            route = ["ip", "route", "replace", "default", "via", gateway]
            with contextlib.suppress(OSError):
                subprocess.run(route, capture_output=True, check=False)


if __name__ == "__main__":
    main()
