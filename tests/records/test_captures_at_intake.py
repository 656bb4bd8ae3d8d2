"""What a workstation is told before it begins: real intake, real data centre, a link to cut."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.config import site_to_json
from rekamatan.records.counts import record_counts
from tests.records.conftest import make_site, tls_directory
from tests.records.relay import Relay
from tests.records.services import Record, Service, wait_for_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.records.conftest import DataCentreService, Intake
    from tests.records.services import Answer, TusClient


def ask(client: TusClient, method: str, path: str, members: object = None) -> Answer:
    body = b"" if members is None else json.dumps(members).encode()
    return client.request(method, path, body, Content_Type="application/json")


def begin(client: TusClient, record: Record) -> Answer:
    return ask(client, "POST", "/captures/", {"id": record.record_id})


def plain(answer: Answer) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(answer.text)
    return parsed


@dataclass
class OnlineOnly:
    """An office whose policy is online_only, behind a relay."""

    intake: Intake
    relay: Relay
    data_centre_port: int

    def wait_for(self, *, allowed: bool, timeout_s: float = 60.0) -> dict[str, Any]:
        client = self.intake.client()
        deadline = time.monotonic() + timeout_s
        while (state := plain(ask(client, "GET", "/captures/")))["allowed"] is not allowed:
            assert time.monotonic() < deadline, self.intake.service.log()
            time.sleep(0.2)  # the watch asks every 15 s, after a failure every 5 s
        return state

    def cut(self) -> None:
        """Connections end, and new ones lead nowhere."""
        self.relay.target_port = 9
        self.relay.cut()

    def mend(self) -> None:
        self.relay.target_port = self.data_centre_port


@pytest.fixture
def office(
    tmp_path: Path,
    intake: Intake,
    data_centre: DataCentreService,
) -> Iterator[OnlineOnly]:
    """The intake again, with the policy."""
    relay = Relay(data_centre.port)
    site = make_site(f"https://127.0.0.1:{relay.port}", data_centre.public_key)
    intake.site_file.write_text(site_to_json(replace(site, store_and_forward="online_only")))
    intake.service.stop()
    tls_dir = tls_directory(tmp_path, intake.authority)
    arguments = ["serve", "--role", "site", "--config", str(intake.config)]
    arguments += ["--site-file", str(intake.site_file), "--tls-dir", str(tls_dir)]
    intake.service = Service(arguments, tmp_path / "online.log", intake.port).start()
    yield OnlineOnly(intake, relay, data_centre.port)
    intake.service.stop()
    relay.close()


@pytest.mark.postgres
def test_online_only_stops_and_goes_on(office: OnlineOnly) -> None:
    client = office.intake.client()
    office.wait_for(allowed=True)
    under_way, half_sent = Record.of_size(200_000), Record.of_size(200_000)
    assert begin(client, under_way).status == 201
    client.create(half_sent)
    office.cut()
    state = office.wait_for(allowed=False)
    assert state["code"] == "offline"
    assert "sambungan ke pusat data terputus" in state["message"]["id"]
    late = Record.of_size(1000)
    refused = begin(client, late)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "15")
    assert plain(refused)["message"]["id"] == state["message"]["id"]
    stock_client = client.create(late)
    assert stock_client.status == 503
    assert stock_client.text.startswith("Perekaman baru dihentikan sementara")
    assert begin(client, under_way).status == 201, "it goes on"
    assert client.upload(under_way).status == 204, "what began may end"
    assert client.patch(half_sent).status == 204
    assert record_counts(office.intake.directory).captured == 2
    office.mend()
    office.wait_for(allowed=True)
    assert begin(client, late).status == 201
    assert client.upload(late).status == 204


@pytest.mark.postgres
def test_port_that_is_open_but_serves_nobody_is_not_online(
    office: OnlineOnly, data_centre: DataCentreService
) -> None:
    office.wait_for(allowed=True)
    data_centre.service.stop()
    office.relay.cut()
    assert office.wait_for(allowed=False)["code"] == "offline"


def test_allowed_records_without_any_link(intake: Intake) -> None:
    client, record = intake.client(), Record.of_size(1000)
    assert plain(ask(client, "GET", "/captures/"))["allowed"]
    assert begin(client, record).status == 201
    assert client.upload(record).status == 204


def test_the_switch_sees_a_capture_before_its_first_byte(intake: Intake) -> None:
    client, record = intake.client(), Record.of_size(100_000)
    begin(client, record)
    assert record_counts(intake.directory).active_captures == 1
    client.create(record)
    client.begin_patch(record, 0, 50_000)
    wait_for_size(intake.partial(record), 50_000)
    assert record_counts(intake.directory).active_captures == 1
    client.close()
    again = intake.client()
    assert again.patch(record, again.head(record).offset).status == 204
    assert record_counts(intake.directory).active_captures == 0


def test_given_up_capture_ends(intake: Intake) -> None:
    client, record = intake.client(), Record.of_size(1000)
    begin(client, record)
    assert ask(client, "DELETE", f"/captures/{record.record_id}").status == 204
    assert record_counts(intake.directory).active_captures == 0
    assert ask(client, "DELETE", "/captures/..%2f..%2fledger").status == 204
    assert (intake.directory / "ledger.sqlite").exists()


def test_full_disk_is_said_in_indonesian_before_anything_breaks(intake: Intake) -> None:
    intake.reconfigure(floor_bytes=1 << 60)
    client, record = intake.client(), Record.of_size(1000)
    refused = begin(client, record)
    assert refused.status == 507
    assert plain(refused)["message"]["id"].startswith("Perekaman baru ditolak: disk server")
    stock_client = client.create(record)
    assert stock_client.status == 507
    assert stock_client.text.startswith("Perekaman baru ditolak: disk server")
    assert list((intake.directory / "incoming").iterdir()) == []
    assert not list((intake.directory / "captures").glob("*"))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 7}', b'{"id": "../x"}', b"x" * 5000])
def test_nonsense_is_refused(intake: Intake, body: bytes) -> None:
    answer = intake.client().request("POST", "/captures/", body, Content_Type="application/json")
    assert answer.status == 400
    assert "Traceback" not in intake.service.log()


def test_foreign_certificate_gets_no_permit(intake: Intake) -> None:
    assert begin(intake.client("ws1.bangko"), Record.of_size(1)).status == 403
