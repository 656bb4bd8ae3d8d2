"""One TLS connection to the data centre, with the socket settings that measured best.

Compared on emulated carrier links: BBR is worth 2.5-5 times on a 9 % loss link; a small unsent
buffer lets a fresh record overtake; the kernel gives up a silent flow when the stall timer does.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rekamatan.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import Limits

# What the kernel takes and has not sent lies ahead of a fresh record on another connection: half a
# second of the link, measured. Less than two writes would idle it, more than 64 KB gains nothing.
_UNSENT_LEAST, _UNSENT_MOST = 16 * 1024, 64 * 1024
_UNSENT_S = 0.5
# `tcpi_delivery_rate` of struct tcp_info, bytes per second: linux/tcp.h, since Linux 4.9.
_DELIVERY_RATE = struct.Struct("160xQ")
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 15), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))
_STALL_S = 25.0
_STALL_NARROW_S = 45.0
_STALL_SATELLITE_S = 90.0
_NARROW_KBPS = 128.0
_SATELLITE_RTT_MS = 600.0
_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Uplink:
    """Where the data centre is, how to prove who we are, and when silence means a dead flow."""

    host: str
    port: int
    tls: ssl.SSLContext
    stall_s: float
    source_address: str | None = None

    def connect(self) -> UplinkConnection:
        """A connection that opens at its first request."""
        return UplinkConnection(self)

    def dial(self) -> ssl.SSLSocket:
        """TCP and TLS, open; the source address chooses the bearer.

        Raises:
            OSError: no connection within the stall timer, or the far end is not the data centre.
        """
        plain = socket.create_connection(
            (self.host, self.port),
            timeout=self.stall_s,
            source_address=(self.source_address, 0) if self.source_address else None,
        )
        try:
            _tune(plain, self.stall_s)
            return self.tls.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise


class UplinkConnection(http.client.HTTPConnection):
    """`http.client` over a tuned socket: every wait is bounded by the stall timer."""

    def __init__(self, uplink: Uplink) -> None:
        super().__init__(uplink.host, uplink.port)
        self._uplink = uplink

    def connect(self) -> None:
        """Open TCP and TLS."""
        self.sock = self._uplink.dial()

    def close(self) -> None:
        """Hang up, whatever state the flow is in; used again, it opens anew."""
        with suppress(OSError):  # a flow that is dead already has nothing more to say
            super().close()


def open_uplink(
    ingest_url: str, tls_dir: Path, stall_s: float, source_address: str | None = None
) -> Uplink:
    """The uplink for `data_centre.ingest_url` with the certificates under `tls_dir`.

    Raises:
        ConfigError: the URL is no https URL, or a TLS file is missing or wrong.
    """
    parts = urlsplit(ingest_url)
    if parts.scheme != "https" or not parts.hostname:
        raise ConfigError("site.json", "data_centre.ingest_url", f"not an https URL: {ingest_url}")
    port = parts.port or _HTTPS_PORT
    return Uplink(parts.hostname, port, _client_tls(tls_dir), stall_s, source_address)


def stall_seconds(limits: Limits) -> float:
    """How long a link of these limits may be silent before its flow counts as dead."""
    if limits.rtt_ms >= _SATELLITE_RTT_MS:
        return _STALL_SATELLITE_S
    if limits.throughput_floor_kbps <= _NARROW_KBPS:
        return _STALL_NARROW_S
    return _STALL_S


def limit_unsent(sock: socket.socket) -> None:
    """Make writes wait as soon as half a second of this connection's own rate lies unsent."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _DELIVERY_RATE.size)
    rate = _DELIVERY_RATE.unpack(info)[0] if len(info) == _DELIVERY_RATE.size else 0
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, unsent_bytes(rate))


def unsent_bytes(bytes_per_s: int) -> int:
    """How much may lie unsent on a link of that rate; 0: not known yet."""
    return min(max(round(bytes_per_s * _UNSENT_S), _UNSENT_LEAST), _UNSENT_MOST)


def _client_tls(tls_dir: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(tls_dir / "ca.crt")
        context.load_cert_chain(tls_dir / "forwarder.crt", tls_dir / "forwarder.key")
    except (OSError, ssl.SSLError) as error:
        hint = "apply role recording_server"
        raise ConfigError(str(tls_dir), "load TLS files", str(error), hint) from error
    return context


def _tune(plain: socket.socket, stall_s: float) -> None:
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        plain.setsockopt(socket.IPPROTO_TCP, option, value)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stall_s * 1000))
    limit_unsent(plain)
    with suppress(OSError):  # the kernel may lack tcp_bbr or not allow it: cubic then
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")
