"""An enrolment workstation on an office's LAN: captures records, hands them to the server.

On purpose it shares no code with the product: what it noted as captured is what must be found at
the data centre. Runs inside the workstation's network namespace; standard library only.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import random
import ssl
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_PORT = 8443
_TUS = {"Tus-Resumable": "1.0.0"}
_TIMEOUT_S = 10.0
_RETRY_S = 1.0
_MEGABYTE = 1_000_000


class CaptureError(Exception):
    """The server did not take the record, this time."""


@dataclass
class Capture:
    """One enrolment packet: ciphertext, so random bytes do."""

    payload: bytes
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    location: str = ""  # where the upload continues, once the server has opened it

    @property
    def sha256(self) -> str:
        """Hash of the payload."""
        return hashlib.sha256(self.payload).hexdigest()

    def metadata(self) -> str:
        """`Upload-Metadata` of tus 1.0."""
        pairs = (("id", self.identifier), ("sha256", self.sha256))
        return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs)


class Intake:
    """The recording server's upload service, over mutual TLS."""

    def __init__(self, host: str, identity: Path, port: int = _PORT) -> None:
        self._host = host
        self._port = port
        self._context = ssl.create_default_context(cafile=str(identity.parent / "ca.crt"))
        # Not `with_suffix`: it would eat the site's name, ws1.kubu -> ws1.crt
        self._context.load_cert_chain(f"{identity}.crt", f"{identity}.key")

    def take(self, capture: Capture) -> None:
        """Hand the record over, from where the last try ended. Raises `CaptureError`."""
        connection = self.connect()
        try:
            if not capture.location:
                capture.location = self.open(connection, capture)
                offset = 0
            else:
                offset = self.offset(connection, capture)
            if offset < len(capture.payload):
                self._append(connection, capture, offset)
        except (OSError, http.client.HTTPException) as error:
            raise CaptureError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPSConnection:
        """A connection that opens itself with the first request."""
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=_TIMEOUT_S, context=self._context
        )

    @staticmethod
    def open(connection: http.client.HTTPSConnection, capture: Capture) -> str:
        """Announce the record; the path where its bytes go. Raises `CaptureError`."""
        size = str(len(capture.payload))
        headers = {**_TUS, "Upload-Length": size, "Upload-Metadata": capture.metadata()}
        connection.request("POST", "/files/", headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise CaptureError(f"open: {answer.status} {text[:200]!r}")
        return urllib.parse.urlsplit(answer.headers["Location"]).path

    @staticmethod
    def offset(connection: http.client.HTTPSConnection, capture: Capture) -> int:
        """How much of it the server has. Raises `CaptureError`."""
        connection.request("HEAD", capture.location, headers=_TUS)
        answer = connection.getresponse()
        answer.read()
        if answer.status in {http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE}:
            capture.location = ""  # the server forgot it: the same id starts over
        if answer.status not in {http.HTTPStatus.OK, http.HTTPStatus.NO_CONTENT}:
            raise CaptureError(f"offset: {answer.status}")
        return int(answer.headers["Upload-Offset"])

    @staticmethod
    def _append(connection: http.client.HTTPSConnection, capture: Capture, offset: int) -> None:
        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        body = capture.payload[offset:]
        connection.request("PATCH", capture.location, body=body, headers={**_TUS, **kind})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != http.HTTPStatus.NO_CONTENT:
            raise CaptureError(f"append: {answer.status} {text[:200]!r}")
        if int(answer.headers["Upload-Offset"]) != len(capture.payload):
            raise CaptureError(f"append: only {answer.headers['Upload-Offset']} bytes taken")


class Notebook:
    """What this workstation knows it did: one JSON line per event, on disk before it goes on."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def note(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - JSON values
        """Append one event, labelled with wall time and with a clock that never jumps."""
        labels = {
            "event": event,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "boottime": round(time.clock_gettime(time.CLOCK_BOOTTIME), 3),
        }
        self._file.write(json.dumps({**labels, **facts}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def parse_sizes(text: str) -> list[tuple[int, float]]:
    """`0.3:8,2:1.5` -> [(300000, 8.0), (2000000, 1.5)]: megabytes and weight."""
    pairs = [part.split(":") for part in text.split(",")]
    return [(round(float(size) * _MEGABYTE), float(weight)) for size, weight in pairs]


def record_for_ever(
    intake: Intake, notebook: Notebook, sizes: list[tuple[int, float]], pace_s: float
) -> None:
    """Capture at the given pace; a record the server does not take is offered until it does."""
    chance = random.Random()  # noqa: S311 - chooses sizes, not keys
    notebook.note("started", pace_s=pace_s)
    while True:
        began = time.monotonic()
        size = chance.choices([s for s, _ in sizes], [w for _, w in sizes])[0]
        capture = Capture(os.urandom(size))
        _insist(intake, notebook, capture)
        facts = {"id": capture.identifier, "sha256": capture.sha256, "size": size}
        notebook.note("captured", **facts, seconds=round(time.monotonic() - began, 3))
        # The pace of people, not a wait for something: the next one sits down.
        time.sleep(max(0.0, began + pace_s - time.monotonic()))


def _insist(intake: Intake, notebook: Notebook, capture: Capture) -> None:
    told = ""
    while True:
        try:
            intake.take(capture)
        except CaptureError as error:
            if str(error) != told:
                told = str(error)
                notebook.note("refused", id=capture.identifier, reason=told)
            time.sleep(_RETRY_S)  # as a person tries again; it must be taken in the end
        else:
            return


def main() -> None:
    """Run until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="the recording server's LAN address")
    parser.add_argument("--identity", required=True, type=Path, help="certificate without suffix")
    parser.add_argument("--notebook", required=True, type=Path)
    parser.add_argument("--sizes", required=True, help="megabytes:weight,...")
    parser.add_argument("--pace", required=True, type=float, help="seconds from record to record")
    given = parser.parse_args()
    intake = Intake(given.server, given.identity)
    record_for_ever(intake, Notebook(given.notebook), parse_sizes(given.sizes), given.pace)


if __name__ == "__main__":
    main()
