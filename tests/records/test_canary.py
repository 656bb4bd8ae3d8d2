"""The canary takes a record's own path and is believed only with the pinned key's receipt."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekamatan.clock import SystemClock
from rekamatan.errors import RecordError
from rekamatan.records.canary import CanaryResult, send_canary
from tests.records.conftest import make_site, tls_directory
from tests.records.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import Site
    from tests.records.conftest import DataCentreService
    from tests.records.postgres import Postgres

pytestmark = pytest.mark.postgres


@pytest.fixture
def relay(data_centre: DataCentreService) -> Iterator[Relay]:
    relay = Relay(data_centre.port)
    yield relay
    relay.close()


@pytest.fixture
def site(data_centre: DataCentreService, relay: Relay) -> Site:
    return make_site(f"https://127.0.0.1:{relay.port}", data_centre.public_key)


@pytest.fixture
def tls_dir(tmp_path: Path, data_centre: DataCentreService) -> Path:
    return tls_directory(tmp_path, data_centre.authority)


def send(site: Site, tls_dir: Path, size: int = 500_000, timeout_s: float = 20.0) -> CanaryResult:
    return send_canary(
        site,
        size,
        tls_dir=tls_dir,
        source_address="127.0.0.1",
        timeout_s=timeout_s,
        clock=SystemClock(),
    )


def test_canary_is_acknowledged_and_counted_nowhere(
    site: Site, tls_dir: Path, postgres: Postgres
) -> None:
    result = send(site, tls_dir)
    assert result.receipt_id.startswith("canary-")
    assert result.bytes_sent == 500_000
    assert postgres.rows("SELECT id, size FROM canary") == [(result.receipt_id, 500_000)]
    assert postgres.rows("SELECT * FROM record") == []


def test_throughput_is_the_links(site: Site, tls_dir: Path, relay: Relay) -> None:
    relay.bytes_per_s = 250_000
    result = send(site, tls_dir)
    # 2000 kbit/s, less what the handshake takes and a busy machine
    assert 200 < result.throughput_kbps <= 2100


def test_cut_is_resumed(site: Site, tls_dir: Path, relay: Relay) -> None:
    relay.bytes_per_s = 250_000
    relay.cut_at = 200_000
    result = send(site, tls_dir)
    assert relay.cuts == 1
    assert result.receipt_id


def test_forged_receipt_is_no_receipt(site: Site, tls_dir: Path) -> None:
    other = base64.b64encode(bytes(31) + b"\1").decode()
    forged = replace(site, data_centre=replace(site.data_centre, receipt_public_key=other))
    with pytest.raises(RecordError, match="signature"):
        send(forged, tls_dir)


def test_link_too_slow_is_told_in_time(site: Site, tls_dir: Path, relay: Relay) -> None:
    relay.bytes_per_s = 20_000
    started = time.monotonic()
    with pytest.raises(RecordError):
        send(site, tls_dir, timeout_s=3)
    assert time.monotonic() - started < 8


def test_nobody_there(site: Site, tls_dir: Path, data_centre: DataCentreService) -> None:
    data_centre.service.stop()
    with pytest.raises(RecordError):
        send(site, tls_dir, timeout_s=3)
