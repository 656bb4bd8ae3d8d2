"""Does the resolver answer for the data centre's name?"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from typing import TYPE_CHECKING

from rekamatan.models import Probe
from rekamatan.verify.command import run

if TYPE_CHECKING:
    from rekamatan.verify.command import Runner

TRIES = 5  # 15 s: a weak link is out for up to 10 s several times an hour
WAIT_S = 3.0
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
    if server:
        ok, detail = _ask(name, server, source)
    else:
        done = runner(["getent", "ahostsv4", name], TRIES * WAIT_S)
        ok, detail = done.code == 0, "" if done.code == 0 else f"{name} does not resolve"
    spent = round((time.monotonic() - started) * 1000, 1)
    return Probe("dns", ok=ok, value=spent, unit="ms", limit=name, detail=detail)


def _ask(name: str, server: str, source: str) -> tuple[bool, str]:
    detail = ""
    for _ in range(TRIES):
        number = secrets.randbelow(1 << 16)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.settimeout(WAIT_S)
                line.bind((source, 0))  # an empty one: the route chooses
                line.connect((server, PORT))
                line.send(question(name, number))
                count = answers(line.recv(4096), number)
        except OSError as error:
            detail = f"{server}: {error}"
            continue
        if count is not None:
            return count > 0, "" if count else f"{server} does not know {name}"
    return False, detail or f"{server} does not answer"
