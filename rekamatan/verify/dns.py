"""Does the resolver answer for the data centre's name?"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from typing import TYPE_CHECKING

from rekamatan.models import Probe
from rekamatan.verify.asking import TRY_S, answered
from rekamatan.verify.command import run

if TYPE_CHECKING:
    from rekamatan.verify.command import Runner

PORT = 53
_HEADER = struct.Struct("!6H")
_RECURSION_DESIRED = 0x0100
_RCODE = 0x000F
_TYPE_A_CLASS_IN = struct.pack("!2H", 1, 1)


def question(name: str, number: int) -> bytes:
    """Pure: one A question (RFC 1035, section 4)."""
    labels = b"".join(
        bytes([len(label)]) + label.encode("idna") for label in name.rstrip(".").split(".")
    )
    header = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + labels + b"\0" + _TYPE_A_CLASS_IN


def answers(packet: bytes, number: int) -> int | None:
    """Pure: how many answers the packet holds; None when it is not the reply to `number`."""
    if len(packet) < _HEADER.size:
        return None
    found, flags, _, count, _, _ = _HEADER.unpack_from(packet)
    if found != number:
        return None
    return 0 if flags & _RCODE else count


def probe_dns(name: str, server: str, runner: Runner = run, source: str = "") -> Probe:
    """Ask `server`, or the system's resolver when it is empty. `value` in ms.

    `source` is an address of ours; the system's resolver cannot be asked from one.
    """
    if source and not server:
        detail = "the system's resolver is not asked through another bearer"
        return Probe("dns", ok=None, limit=name, detail=detail, essential=False)
    started = time.monotonic()
    ok, detail = _server(name, server, source) if server else _system(name, runner)
    spent = round((time.monotonic() - started) * 1000, 1)
    return Probe("dns", ok=ok, value=spent, unit="ms", limit=name, detail=detail)


def _system(name: str, runner: Runner) -> tuple[bool, str]:
    """Glibc gives up after 10 s, or at once without a route, and does not tell which it was."""

    def ask(left_s: float) -> bool | None:
        return runner(["getent", "ahostsv4", name], left_s).code == 0 or None

    found, _ = answered(ask)
    return bool(found), "" if found else f"{name} does not resolve"


def _server(name: str, server: str, source: str) -> tuple[bool, str]:
    count, error = answered(lambda left_s: _ask(name, server, min(TRY_S, left_s), source))
    if count is None:
        return False, f"{server}: {error}" if error else f"{server} does not answer"
    return count > 0, "" if count else f"{server} does not know {name}"


def _ask(name: str, server: str, within_s: float, source: str) -> int | None:
    number = secrets.randbelow(1 << 16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(within_s)
        line.bind((source, 0))  # an empty one: the route chooses
        line.connect((server, PORT))
        line.send(question(name, number))
        return answers(line.recv(4096), number)
