"""Does every named service of the data centre answer, with a certificate of the district's CA?"""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING

from rekamatan.models import Probe

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import Endpoint

TIMEOUT_S = 20.0  # glibc gives up on one name after 10 s; a loaded VSAT takes 4.2 s to greet
TRIES = 3
PAUSE_S = 1.0
SHORTEST_TRY_S = 4.5  # less would fail on that VSAT by itself


def client_context(tls_dir: Path) -> ssl.SSLContext:
    """Trusts only the district CA; shows the forwarder's certificate where it is readable."""
    context = ssl.create_default_context(cafile=str(tls_dir / "ca.crt"))
    certificate, key = tls_dir / "forwarder.crt", tls_dir / "forwarder.key"
    if certificate.is_file() and key.is_file():
        context.load_cert_chain(certificate, key)
    return context


def probe_tcp(
    endpoint: Endpoint, tls_dir: Path, timeout_s: float = TIMEOUT_S, source: str = ""
) -> Probe:
    """Connect, and shake hands where the service speaks TLS. `value` in ms.

    A lossy link may take one look-up or SYN although the service is well, so a failure is tried
    again while `timeout_s` lasts. A wrong certificate is an answer, and final. `source` is an
    address of ours; the name itself is looked up by whatever way the system asks.
    """
    name = f"tcp.{endpoint.name}"
    until = time.monotonic() + timeout_s
    detail = ""
    for tries_left in reversed(range(TRIES)):
        began = time.monotonic()
        try:
            _greet(endpoint, tls_dir, until - began, source)
        except ssl.SSLCertVerificationError as error:
            return Probe(name, ok=False, detail=f"certificate: {error.verify_message}")
        except OSError as error:
            detail = f"{endpoint.host}:{endpoint.port}: {error.strerror or error}"
            if not tries_left or time.monotonic() + PAUSE_S + SHORTEST_TRY_S > until:
                break
            time.sleep(PAUSE_S)  # what was lost at once, as in a short fade, is lost again at once
        else:
            spent = round((time.monotonic() - began) * 1000, 1)
            return Probe(name, ok=True, value=spent, unit="ms", detail=f"port {endpoint.port}")
    return Probe(name, ok=False, detail=detail)


def _greet(endpoint: Endpoint, tls_dir: Path, timeout_s: float, source: str) -> None:
    address = (endpoint.host, endpoint.port)
    ours = (source, 0) if source else None
    with socket.create_connection(address, timeout=timeout_s, source_address=ours) as line:
        if endpoint.tls:
            context = client_context(tls_dir)
            with context.wrap_socket(line, server_hostname=endpoint.host):
                pass
