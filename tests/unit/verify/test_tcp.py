"""The TLS probe against a real server on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rekamatan.models import Endpoint
from rekamatan.verify.dns import probe_dns
from rekamatan.verify.tcp import probe_tcp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def issue(folder: Path, name: str) -> None:
    """A self-signed certificate for localhost: `<name>.crt` and `<name>.key`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[int]:
    """A TLS service whose certificate is the trusted CA itself."""
    issue(tmp_path, "ca")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.crt", tmp_path / "ca.key")
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener, context), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=5)


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        try:
            context.wrap_socket(line, server_side=True).close()
        except OSError:
            line.close()


def test_service_of_the_district_answers(service: int, tmp_path: Path) -> None:
    found = probe_tcp(Endpoint("ingest", "localhost", service), tmp_path)
    assert (found.name, found.ok) == ("tcp.ingest", True)
    assert isinstance(found.value, float)


def test_certificate_of_somebody_else_is_refused(service: int, tmp_path: Path) -> None:
    issue(tmp_path, "ca")  # the site now trusts another one
    found = probe_tcp(Endpoint("ingest", "localhost", service), tmp_path)
    assert found.ok is False
    assert found.detail.startswith("certificate: ")


def test_one_lost_look_up_is_not_a_broken_link(
    service: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, lost = socket.getaddrinfo, []

    def lossy(*arguments: object, **named: object) -> object:
        if not lost:
            lost.append(arguments)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolve(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", lossy)
    monkeypatch.setattr("rekamatan.verify.tcp.PAUSE_S", 0.01)
    assert probe_tcp(Endpoint("ingest", "localhost", service), tmp_path).ok is True
    assert lost


def test_closed_port_is_named(service: int, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = probe_tcp(Endpoint("ntp", "127.0.0.1", port, tls=False), tmp_path)
    assert (found.ok, found.detail) == (False, f"127.0.0.1:{port}: Connection refused")
    assert probe_tcp(Endpoint("raw", "127.0.0.1", service, tls=False), tmp_path).ok is True


def test_resolver_that_is_not_there_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr("rekamatan.verify.dns.PORT", port)
    found = probe_dns("ingest.example", "127.0.0.1")
    assert found.ok is False
    assert "refused" in found.detail
