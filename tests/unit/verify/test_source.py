"""Probes that are sent from an address of ours: the far end sees that address, nothing else."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from rekamatan.models import Endpoint
from rekamatan.verify import clock, dns
from rekamatan.verify.clock import probe_clock
from rekamatan.verify.dns import probe_dns
from rekamatan.verify.tcp import probe_tcp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = "127.0.0.77"  # loopback is a whole network: any address of it is ours
FAR = "127.0.0.1"


@pytest.fixture
def silent() -> Iterator[tuple[int, list[str]]]:
    """A UDP port that answers nothing, and who asked there."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((FAR, 0))

        def listen() -> None:
            while True:
                data, sender = line.recvfrom(2048)
                if not data:
                    return
                asked.append(sender[0])

        thread = threading.Thread(target=listen)
        thread.start()
        yield line.getsockname()[1], asked
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", line.getsockname())
        thread.join(10)


@pytest.mark.parametrize(("source", "seen"), [(OURS, OURS), ("", FAR)])
def test_datagrams(
    silent: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch, source: str, seen: str
) -> None:
    port, asked = silent
    for module in (dns, clock):
        monkeypatch.setattr(module, "PORT", port)
        monkeypatch.setattr(module, "WAIT_S", 0.1)
    assert probe_dns("ingest.example", FAR, source=source).ok is False
    assert probe_clock(FAR, 1000, source).ok is False
    assert asked == [seen] * (dns.TRIES + clock.TRIES)


@pytest.mark.parametrize(("source", "seen"), [(OURS, OURS), ("", FAR)])
def test_connections(tmp_path: Path, source: str, seen: str) -> None:
    with socket.create_server((FAR, 0)) as server:
        endpoint = Endpoint("ingest", FAR, server.getsockname()[1], tls=False)
        assert probe_tcp(endpoint, tmp_path, source=source).ok
        line, peer = server.accept()
        line.close()
    assert peer[0] == seen


def test_the_systems_resolver_is_not_asked_for_another_bearer() -> None:
    found = probe_dns("localhost", "", source=OURS)
    assert (found.ok, found.essential) == (None, False)
