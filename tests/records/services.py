"""The real services as processes, so that `kill -9` is one; and a plain tus client."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from rekamatan.records.metadata import Offer
from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt
from tests.records.waiting import wait_for

START_TIMEOUT_S = 60.0
BODY = "application/offset+octet-stream"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Service:
    """`rekamatan records ...` as a child process; its log is a file."""

    def __init__(self, arguments: list[str], log: Path, port: int | None = None) -> None:
        self._arguments = arguments
        self._log = log
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        argv = [sys.executable, "-m", "rekamatan.cli", "records", *self._arguments]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=log)
        if self._port is not None:
            self._wait_for_port(self._port)
        return self

    def kill(self) -> None:
        """As the OOM killer does it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def log(self) -> str:
        return self._log.read_text()

    def peak_mb(self) -> float:
        """The most memory the process has had so far."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        kilobytes = next(line.split()[1] for line in status.splitlines() if "VmHWM" in line)
        return int(kilobytes) / 1000

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=15)
            self._process = None

    def _wait_for_port(self, port: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)  # it does not say when it listens
        raise AssertionError(f"nothing listens on {port}: {self.log()}")


@dataclass
class Answer:
    """Status, headers and body of one exchange."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def offset(self) -> int:
        return int(self.headers["Upload-Offset"])


@dataclass
class Record:
    """Random bytes with an id, as a workstation makes them."""

    payload: bytes
    record_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of_size(cls, size: int, **known: str) -> Self:
        return cls(os.urandom(size), **known)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()

    @property
    def offer(self) -> Offer:
        return Offer(self.record_id, self.sha256, len(self.payload))

    @property
    def path(self) -> str:
        return f"/files/{self.record_id}"


class TusClient:
    """Speaks plain tus 1.0 with a client certificate; knows nothing of the product's client."""

    def __init__(
        self, port: int, ca: Path, certificate: Path, key: Path, host: str = "127.0.0.1"
    ) -> None:
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(certificate, key)
        self.connection = http.client.HTTPSConnection(host, port, context=context, timeout=15)

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        sent = {"Tus-Resumable": "1.0.0"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body or None, sent)
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())

    def create(self, record: Record) -> Answer:
        return self.request(
            "POST",
            "/files/",
            Upload_Length=str(len(record.payload)),
            Upload_Metadata=record.offer.metadata(),
        )

    def head(self, record: Record) -> Answer:
        return self.request("HEAD", record.path)

    def patch(self, record: Record, start: int = 0, end: int | None = None, **more: str) -> Answer:
        return self.request(
            "PATCH",
            record.path,
            record.payload[start:end],
            Upload_Offset=str(start),
            Content_Type=BODY,
            **more,
        )

    def upload(self, record: Record) -> Answer:
        created = self.create(record)
        assert created.status == 201, created.text
        return self.patch(record)

    def wait_for_receipt(self, record: Record, within_s: float) -> SignedReceipt:
        """The data centre's receipt, asked for at the site until it has come back."""
        deadline = time.monotonic() + within_s
        while (header := self.head(record).headers[RECEIPT_HEADER]) is None:
            assert time.monotonic() < deadline, f"no receipt within {within_s:.0f} s"
            time.sleep(0.5)  # each look is a request to the very service that must work meanwhile
        return SignedReceipt.from_header(header)

    def begin_patch(self, record: Record, start: int, end: int) -> None:
        """Announce the whole rest, send only up to `end`, and leave the connection hanging."""
        self.connection.putrequest("PATCH", record.path)
        self.connection.putheader("Tus-Resumable", "1.0.0")
        self.connection.putheader("Content-Type", BODY)
        self.connection.putheader("Upload-Offset", str(start))
        self.connection.putheader("Content-Length", str(len(record.payload) - start))
        self.connection.endheaders()
        self.connection.send(record.payload[start:end])

    def close(self) -> None:
        self.connection.close()


def checksum(algorithm: str, chunk: bytes) -> str:
    digest = hashlib.new(algorithm, chunk).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


def wait_for_size(path: Path, size: int, timeout_s: float = 10.0) -> None:
    wait_for(
        lambda: path.exists() and path.stat().st_size >= size,
        timeout_s,
        lambda: f"{path} did not reach {size} bytes",
        every_s=0.02,
    )
