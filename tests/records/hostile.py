"""A client with a good certificate and bad intentions: raw bytes over TLS, nothing is checked."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tests.records.authority import Authority


class RawClient:
    """One TLS connection on which any bytes may be sent."""

    def __init__(self, port: int, authority: Authority, common_name: str = "ws9.kubu") -> None:
        certificate, key = authority.issue(common_name)
        context = ssl.create_default_context(cafile=str(authority.certificate))
        context.load_cert_chain(certificate, key)
        plain = socket.create_connection(("127.0.0.1", port), timeout=15)
        self._socket = context.wrap_socket(plain, server_hostname="127.0.0.1")

    def send(self, content: bytes) -> Self:
        self._socket.sendall(content)
        return self

    def request(self, head: str, body: bytes = b"") -> int:
        """Send one request; the status, or 0 when the server closed without a word."""
        lines = [*head.strip().splitlines(), "Host: x", "Tus-Resumable: 1.0.0"]
        with contextlib.suppress(OSError):  # it may refuse and close before all was sent
            self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.status()

    def close_writing(self) -> None:
        """Say that nothing follows, and wait for the answer."""
        self._socket.settimeout(5)

    def status(self) -> int:
        """The status of the next answer; 0 when the connection ends first."""
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                chunk = self._socket.recv(4096)
                if not chunk:
                    return 0
                head += chunk
        except (ConnectionError, ssl.SSLError, TimeoutError):
            return 0
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def everything_below(directory: Path) -> set[str]:
    """Relative names of all files; the ledger's own left out."""
    return {
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if path.is_file() and not path.name.startswith("ledger")
    }


def resident_kilobytes(pid: int) -> int:
    """Memory a process holds, from the kernel."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def metadata(**values: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items())
