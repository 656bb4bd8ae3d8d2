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

TIMEOUT_S = 15.0  # three round trips of a loaded VSAT are 4.2 s


def client_context(tls_dir: Path) -> ssl.SSLContext:
    """Trusts only the district CA; shows the forwarder's certificate where it is readable."""
    context = ssl.create_default_context(cafile=str(tls_dir / "ca.crt"))
    certificate, key = tls_dir / "forwarder.crt", tls_dir / "forwarder.key"
    if certificate.is_file() and key.is_file():
        context.load_cert_chain(certificate, key)
    return context


def probe_tcp(endpoint: Endpoint, tls_dir: Path, timeout_s: float = TIMEOUT_S) -> Probe:
    """Connect, and shake hands where the service speaks TLS. `value` in ms."""
    name = f"tcp.{endpoint.name}"
    started = time.monotonic()
    try:
        address = (endpoint.host, endpoint.port)
        with socket.create_connection(address, timeout=timeout_s) as line:
            if endpoint.tls:
                context = client_context(tls_dir)
                with context.wrap_socket(line, server_hostname=endpoint.host):
                    pass
    except ssl.SSLCertVerificationError as error:
        return Probe(name, ok=False, detail=f"certificate: {error.verify_message}")
    except OSError as error:
        where = f"{endpoint.host}:{endpoint.port}"
        return Probe(name, ok=False, detail=f"{where}: {error.strerror or error}")
    spent = round((time.monotonic() - started) * 1000, 1)
    return Probe(name, ok=True, value=spent, unit="ms", detail=f"port {endpoint.port}")
