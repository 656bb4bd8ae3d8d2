"""How far is the server's clock from the data centre's? One small SNTP question (RFC 4330)."""

from __future__ import annotations

import socket
import struct
import time

from rekamatan.models import Probe
from rekamatan.verify.asking import TRY_S, answered

PORT = 123
_PACKET = struct.Struct("!B B B b 3I 8I")
_CLIENT_V4 = 0x23
_SINCE_1900 = 2_208_988_800
_SERVER_MODE = 4


def offset_s(packet: bytes, sent: float, received: float) -> float | None:
    """Pure: server minus local clock in seconds; None when the packet is not a valid reply."""
    if len(packet) < _PACKET.size:
        return None
    fields = _PACKET.unpack_from(packet)
    stratum = fields[1]
    if fields[0] & 0x7 != _SERVER_MODE or stratum == 0:
        return None
    arrived, left = (_seconds(fields[index], fields[index + 1]) for index in (11, 13))
    return ((arrived - sent) + (left - received)) / 2


def _seconds(whole: int, fraction: int) -> float:
    return whole - _SINCE_1900 + fraction / 2**32


def probe_clock(server: str, limit_ms: float, source: str = "") -> Probe:
    """A wrong clock breaks certificates and the order of records; alone it stops no office."""
    if not server:
        detail = "no time server is set for this site"
        return Probe("clock", ok=None, detail=detail, essential=False)
    found, error = answered(lambda left_s: _ask(server, min(TRY_S, left_s), source))
    detail = f"{server}: {error}" if error else f"{server} does not answer"
    value = round(abs(found) * 1000, 1) if found is not None else None
    return Probe(
        "clock",
        ok=value <= limit_ms if value is not None else False,
        value=value,
        unit="ms",
        limit=limit_ms,
        detail="" if found is not None else detail,
        essential=False,
    )


def _ask(server: str, within_s: float, source: str) -> float | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(within_s)
        line.bind((source, 0))  # an empty one: the route chooses
        line.connect((server, PORT))
        sent = time.time()
        line.send(bytes([_CLIENT_V4]) + bytes(_PACKET.size - 1))
        packet = line.recv(512)
        return offset_s(packet, sent, time.time())
