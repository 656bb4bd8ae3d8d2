"""Goodput against a plain TCP flow over the same link, and how fast a fresh record gets through.

All links of the district are measured side by side, at their real rates. The reference is one bulk
TCP flow with the congestion control the forwarder uses; on a random link it is measured before and
after, and the mean counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.workstation import Capture, CaptureError, Intake
from rekamatan.records.spool import Spool
from tests.soak.nodes import CENTRE_ADDRESS, CHECKOUT, HUB

if TYPE_CHECKING:
    from tests.soak.district import SoakDistrict
    from tests.soak.nodes import Office

FRESH_BYTES = 600_000
BACKLOG_BYTES = 2_000_000
_FRESH_LIMIT_S = 420.0
_SINK = """
import socket, sys, threading
def drain(sock):
    while sock.recv(1 << 16):
        pass
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
while True:
    threading.Thread(target=drain, args=(server.accept()[0],), daemon=True).start()
"""
# Bytes that left the sender's queue are what the far end has acknowledged: SIOCOUTQ of tcp(7).
_SOURCE = """
import fcntl, socket, struct, sys, time
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60)
try:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")
except OSError:
    pass
sock.settimeout(0.5)
end, sent = time.monotonic() + float(sys.argv[3]), 0
while time.monotonic() < end:
    try:
        sent += sock.send(bytes(16384))
    except TimeoutError:
        pass
queued = struct.unpack("i", fcntl.ioctl(sock, 0x5411, bytes(4)))[0]
print(sent - queued)
"""
_SINK_PORT = 5201


@dataclass
class LinkMeasure:
    """One profile's numbers."""

    reference_kbps: float = 0.0
    goodput_kbps: float = 0.0
    fresh_alone_s: float | None = None
    fresh_s: float | None = None

    @property
    def ratio(self) -> float:
        return self.goodput_kbps / self.reference_kbps if self.reference_kbps else 0.0


class _InNamespace:
    """Hands a capture to the intake from inside the office's network."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def capture(self, size: int) -> str:
        """One record, captured when this returns; its id."""
        identity = self._office.home / "ca" / f"ws8.{self._office.slug}"
        program = (
            "import sys, os, json; from pathlib import Path; "
            "from tests.soak.measure import hand_over; "
            "print(hand_over(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))"
        )
        argv = ["ip", "netns", "exec", self._office.namespace, sys.executable, "-c", program]
        argv += [str(identity), str(size), str(self._office.directory / "notebook-8")]
        done = subprocess.run(argv, cwd=CHECKOUT, check=True, capture_output=True, text=True)
        return done.stdout.strip()


def hand_over(identity: object, size: int, notebook: object) -> str:
    """Runs inside the namespace: capture one record and note it, as the workstation does."""
    import os  # noqa: PLC0415 - this runs as a program of its own
    from pathlib import Path  # noqa: PLC0415 - as above

    from lab.workstation import Notebook  # noqa: PLC0415 - as above

    capture = Capture(os.urandom(size), str(uuid.uuid4()))
    intake = Intake("127.0.0.1", Path(str(identity)))
    while True:
        with suppress(CaptureError):
            intake.take(capture)
            break
        time.sleep(0.5)  # refused or cut: a workstation tries again soon, not at once
    facts = {"id": capture.identifier, "sha256": capture.sha256, "size": size}
    Notebook(Path(str(notebook))).note("captured", **facts)
    return capture.identifier


def measure(district: SoakDistrict, seconds: float) -> dict[str, LinkMeasure]:
    """Profile -> numbers; `seconds` is how long each bulk flow runs."""
    results = {office.profile: LinkMeasure() for office in district.offices}
    argv = [
        "ip",
        "netns",
        "exec",
        HUB,
        sys.executable,
        "-c",
        _SINK,
        CENTRE_ADDRESS,
        str(_SINK_PORT),
    ]
    sink = subprocess.Popen(argv)
    try:
        threads = [
            threading.Thread(target=_measure, args=(district, o, results[o.profile], seconds))
            for o in district.offices
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sink.kill()
        sink.wait()
    return results


def _measure(district: SoakDistrict, office: Office, found: LinkMeasure, seconds: float) -> None:
    district.authority.issue(f"ws8.{office.slug}")
    station = _InNamespace(office)
    found.fresh_alone_s = _fresh(office, station)
    first = _reference(office, seconds)
    office.forwarder.kill()
    needed = max(2, round(max(first, 50.0) * 1000 / 8 * seconds * 1.5 / BACKLOG_BYTES) + 1)
    for _ in range(needed):
        station.capture(BACKLOG_BYTES)
    with closing(Spool(office.records).ledger) as ledger:
        old = "UPDATE record SET captured_at = '2026-01-01T00:00:00Z' WHERE receipt IS NULL"
        ledger._write(old)
    office.forwarder.start(office.environment)
    before = _first_bytes(district, office)
    _wait_seconds(time.monotonic(), seconds)
    found.goodput_kbps = (_arrived(district, office) - before) * 8 / 1000 / seconds
    found.fresh_s = _fresh(office, station)
    found.reference_kbps = (first + _reference_beside(office, seconds)) / 2


def _first_bytes(district: SoakDistrict, office: Office) -> int:
    """What has arrived once bytes arrive: neither flow's connecting is measured."""
    before = now = _arrived(district, office)
    deadline = time.monotonic() + 60
    while now == before and time.monotonic() < deadline:
        time.sleep(0.05)  # the disk is looked at from outside; nothing announces a byte
        now = _arrived(district, office)
    return now


def _wait_seconds(began: float, seconds: float) -> None:
    """The measure itself is a span of time."""
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def _reference_beside(office: Office, seconds: float) -> float:
    """The second reference, with the forwarder out of the way."""
    office.forwarder.kill()
    try:
        return _reference(office, seconds)
    finally:
        office.forwarder.start(office.environment)


def _reference(office: Office, seconds: float) -> float:
    argv = ["ip", "netns", "exec", office.namespace, sys.executable, "-c", _SOURCE]
    argv += [CENTRE_ADDRESS, str(_SINK_PORT), str(seconds)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=seconds + 120)
    return int(done.stdout or 0) * 8 / 1000 / seconds


def _fresh(office: Office, station: _InNamespace) -> float | None:
    """Seconds from captured to receipt at the site; None when not within the limit."""
    record_id = station.capture(FRESH_BYTES)
    began = time.monotonic()
    receipt = office.records / "receipts" / f"{record_id}.json"
    while not receipt.exists():
        if time.monotonic() - began > _FRESH_LIMIT_S:
            return None
        time.sleep(0.05)  # as exact as the seconds that are reported
    return round(time.monotonic() - began, 1)


def _arrived(district: SoakDistrict, office: Office) -> int:
    """Payload bytes of this office at the data centre, unfinished ones too."""
    state = district.centre.disk.mount / "state"
    total = sum(p.stat().st_size for p in state.glob(f"store/*/*/*/*.{office.slug}.rec"))
    for announced in (state / "incoming").glob("*.json"):
        with suppress(OSError, ValueError):
            if json.loads(announced.read_text())["owner"] == office.slug:
                total += announced.with_suffix(".part").stat().st_size
    return total
