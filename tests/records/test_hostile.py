"""The server against a hostile client: no crash, bounded memory, no file outside its store."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.counts import record_counts
from rekamatan.records.incoming import Incoming
from tests.records.hostile import RawClient, everything_below, metadata, resident_kilobytes
from tests.records.services import BODY, Record, wait_for_size

if TYPE_CHECKING:
    from tests.records.conftest import Intake
    from tests.records.services import TusClient

MEGABYTE_KB = 1024


PATHS = [
    "/files/../../../../etc/passwd",
    "/files/..%2f..%2f..%2fetc%2fpasswd",
    "/files/%2e%2e/%2e%2e/ledger.sqlite",
    "/files/....//....//x",
    "/files/00000000%00aaaa",
    "/files//00000000-aaaa",
    "/files/" + "a" * 65,
    "/files/" + "%c0%ae" * 8,
    "//evil.example/files/00000000-aaaa",
    "/files/00000000-AAAA",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_paths_lead_nowhere(besieged: Intake, method: str, path: str) -> None:
    before = everything_below(besieged.directory)
    head = f"{method} {path} HTTP/1.1\nContent-Type: {BODY}\nUpload-Offset: 0\nContent-Length: 0"
    with RawClient(besieged.port, besieged.authority) as client:
        assert client.request(head) in {0, 400, 404, 405}
    assert everything_below(besieged.directory) == before


@pytest.mark.parametrize(
    "record_id",
    [
        "../../../../tmp/evil",
        "..",
        "/etc/passwd",
        "a" * 65,
        "UPPERCASE-ID",
        "short",
        "id\0null-aaaa",
    ],
)
def test_ids_are_names_and_no_paths(besieged: Intake, record_id: str) -> None:
    before = everything_below(besieged.directory)
    offer = metadata(id=record_id, sha256="0" * 64)
    with RawClient(besieged.port, besieged.authority) as client:
        head = f"POST /files/ HTTP/1.1\nUpload-Length: 10\nUpload-Metadata: {offer}"
        assert client.request(f"{head}\nContent-Length: 0") == 400
    assert everything_below(besieged.directory) == before


@pytest.mark.parametrize(
    ("length", "status"),
    [("-1", 400), ("0", 400), ("1e3", 400), ("0x10", 400), ("9" * 300, 413), (str(1 << 62), 413)],
)
def test_announced_lengths_are_believed_only_within_reason(
    besieged: Intake, length: str, status: int
) -> None:
    offer = metadata(id="00000000-lies", sha256="0" * 64)
    with RawClient(besieged.port, besieged.authority) as client:
        head = f"POST /files/ HTTP/1.1\nUpload-Length: {length}\nUpload-Metadata: {offer}"
        assert client.request(f"{head}\nContent-Length: 0") == status
    assert not list((besieged.directory / "incoming").glob("00000000-lies*"))


@pytest.mark.parametrize("offset", ["-5", "1", "999999999999", "", "zero", "0x0", "+0", " 0 0"])
def test_wrong_offsets_change_nothing(besieged: Intake, offset: str) -> None:
    record = Record.of_size(1000)
    besieged.client("ws9.kubu").create(record)
    head = f"PATCH {record.path} HTTP/1.1\nContent-Type: {BODY}\nUpload-Offset: {offset}"
    with RawClient(besieged.port, besieged.authority) as client:
        assert client.request(f"{head}\nContent-Length: 4", b"evil") in {400, 409}
    assert besieged.client("ws9.kubu").head(record).offset == 0


def test_more_bytes_than_content_length_says_are_no_part_of_the_record(besieged: Intake) -> None:
    """Bytes behind the body are the next request, and as one they are nonsense."""
    record = Record.of_size(1000)
    besieged.client("ws9.kubu").create(record)
    head = f"PATCH {record.path} HTTP/1.1\nContent-Type: {BODY}\nUpload-Offset: 0"
    with RawClient(besieged.port, besieged.authority) as client:
        body = record.payload[:10] + b"\x01\x02 smuggled\r\n\r\n"
        assert client.request(f"{head}\nContent-Length: 10", body) in {204, 400}
    assert besieged.client("ws9.kubu").head(record).offset in {0, 10}


def test_fewer_bytes_than_content_length_says_are_kept_and_resumed(besieged: Intake) -> None:
    record = Record.of_size(1000)
    besieged.client("ws9.kubu").create(record)
    head = f"PATCH {record.path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
    head += f"Content-Type: {BODY}\r\nUpload-Offset: 0\r\nContent-Length: 1000\r\n\r\n"
    with RawClient(besieged.port, besieged.authority) as client:
        client.send(head.encode() + record.payload[:400])
        wait_for_size(besieged.partial(record), 400)
    again = besieged.client("ws9.kubu")
    assert again.patch(record, again.head(record).offset).status == 204


def test_both_lengths_at_once_are_refused(besieged: Intake) -> None:
    """Content-Length and chunked together is how requests are smuggled."""
    record = Record.of_size(1000)
    besieged.client("ws9.kubu").create(record)
    head = f"PATCH {record.path} HTTP/1.1\nContent-Type: {BODY}\nUpload-Offset: 0"
    both = f"{head}\nContent-Length: 4\nTransfer-Encoding: chunked"
    with RawClient(besieged.port, besieged.authority) as client:
        assert client.request(both, b"0\r\n\r\n") == 400
    assert besieged.client("ws9.kubu").head(record).offset == 0


def test_endless_chunked_body_is_cut_at_the_announced_size(besieged: Intake) -> None:
    record = Record.of_size(1000)
    besieged.client("ws9.kubu").create(record)
    head = f"PATCH {record.path} HTTP/1.1\nContent-Type: {BODY}\nUpload-Offset: 0"
    flood = (b"10000\r\n" + bytes(0x10000) + b"\r\n") * 64
    with RawClient(besieged.port, besieged.authority) as client:
        assert client.request(f"{head}\nTransfer-Encoding: chunked", flood) in {0, 413}
    assert besieged.client("ws9.kubu").head(record).offset <= 1000


def test_compressed_body_is_not_inflated(besieged: Intake) -> None:
    record = Record(bytes(50 * 1024 * 1024))
    besieged.client("ws9.kubu").create(record)
    bomb = gzip.compress(record.payload)
    head = f"PATCH {record.path} HTTP/1.1\nContent-Type: {BODY}\nUpload-Offset: 0"
    head += f"\nContent-Encoding: gzip\nContent-Length: {len(bomb)}"
    with RawClient(besieged.port, besieged.authority) as client:
        assert client.request(head, bomb) == 204
    assert besieged.client("ws9.kubu").head(record).offset == len(bomb)


@pytest.mark.parametrize(
    "headers",
    [
        "X-Long: " + "a" * 100_000,
        "\n".join(f"X-{n}: {n}" for n in range(5000)),
        "Upload-Metadata: " + metadata(id="00000000-aaaa", sha256="0" * 64, x="y" * 60_000),
        "Cookie: " + "a=b; " * 50_000,
    ],
)
def test_huge_headers_are_refused(besieged: Intake, headers: str) -> None:
    with RawClient(besieged.port, besieged.authority) as client:
        head = f"POST /files/ HTTP/1.1\nUpload-Length: 10\n{headers}\nContent-Length: 0"
        assert client.request(head) in {0, 400, 431}


def test_slow_clients_cost_little_and_keep_nobody_out(besieged: Intake) -> None:
    """150 connections that send a byte now and then: the honest one is served meanwhile."""
    assert besieged.service._process is not None
    pid = besieged.service._process.pid
    before = resident_kilobytes(pid)
    slow = [RawClient(besieged.port, besieged.authority) for _ in range(150)]
    for number, client in enumerate(slow):
        client.send(b"POST /files/ HTTP/1.1\r\nHost: x\r\n" if number % 2 else b"P")
    record = Record.of_size(300_000)
    assert besieged.client().upload(record).status == 204
    for client in slow:
        client.send(b"X")
    assert resident_kilobytes(pid) - before < 60 * MEGABYTE_KB
    for client in slow:
        client.close()


def test_many_uploads_at_once_stay_within_bounded_memory(besieged: Intake) -> None:
    """Twenty uploads of 5 MB side by side: bytes go to the disk and are not collected."""
    assert besieged.service._process is not None
    pid = besieged.service._process.pid
    before = resident_kilobytes(pid)
    uploads = [(besieged.client("ws9.kubu"), Record.of_size(5_000_000)) for _ in range(20)]
    statuses: list[int] = []

    def upload(client: TusClient, record: Record) -> None:
        statuses.append(client.upload(record).status)

    threads = [threading.Thread(target=upload, args=pair) for pair in uploads]
    for thread in threads:
        thread.start()
    peak = 0
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, resident_kilobytes(pid))
        time.sleep(0.02)  # a sample of its memory, often enough for a peak
    assert statuses == [204] * 20
    assert peak - before < 50 * MEGABYTE_KB, "half of what was sent"


def test_one_client_cannot_promise_the_disk_away(besieged: Intake) -> None:
    """Announcements without bytes: bounded for each client, and nobody else is kept out."""
    client = besieged.client("ws9.kubu")
    statuses = []
    for number in range(Incoming.UNFINISHED_PER_OWNER + 5):
        offer = metadata(id=f"00000000-{number:04}", sha256="0" * 64)
        statuses.append(
            client.request(
                "POST", "/files/", Upload_Length=str(60_000_000), Upload_Metadata=offer
            ).status
        )
    assert statuses[-1] == 507
    assert statuses.count(201) <= Incoming.UNFINISHED_PER_OWNER
    assert besieged.client("ws1.kubu").upload(Record.of_size(1000)).status == 204


def test_two_writers_of_one_record_leave_one_true_record(besieged: Intake) -> None:
    record = Record.of_size(400_000)
    besieged.client("ws9.kubu").create(record)
    first, second = besieged.client("ws9.kubu"), besieged.client("ws9.kubu")
    first.begin_patch(record, 0, 100_000)
    wait_for_size(besieged.partial(record), 100_000)
    second.begin_patch(record, 0, 400_000)  # the wrong offset by now: refused, whoever comes last
    third = besieged.client("ws9.kubu")
    deadline = time.monotonic() + 15
    while (offset := third.head(record).offset) < 400_000:
        assert time.monotonic() < deadline
        assert third.patch(record, offset).status in {204, 409}
    assert record_counts(besieged.directory).captured == 2
    (stored,) = besieged.directory.glob(f"spool/{record.record_id}*")
    assert stored.read_bytes() == record.payload


def test_another_workstation_cannot_shut_an_upload_by_naming_it(besieged: Intake) -> None:
    """The newest connection wins among a record's own; a stranger's asking disturbs nobody."""
    record = Record.of_size(300_000)
    victim = besieged.client("ws1.kubu")
    victim.create(record)
    victim.begin_patch(record, 0, 100_000)
    wait_for_size(besieged.partial(record), 100_000)
    stranger = besieged.client("ws9.kubu")
    asking = threading.Thread(target=stranger.head, args=(record,), daemon=True)
    asking.start()
    time.sleep(0.5)  # a stranger that could shut the upload would have done it by now
    victim.connection.send(record.payload[100_000:])
    assert victim.connection.getresponse().status == 204
    asking.join(timeout=15)
    assert not asking.is_alive()


@pytest.mark.parametrize("taken", ["unfinished", "finished"])
def test_workstation_cannot_read_or_overwrite_anothers_record(besieged: Intake, taken: str) -> None:
    record = Record.of_size(1000)
    owner, thief = besieged.client("ws1.kubu"), besieged.client("ws9.kubu")
    owner.create(record)
    owner.patch(record, 0, 400 if taken == "unfinished" else None)
    evil = Record(b"e" * 1000, record.record_id)
    assert thief.head(record).status == 404
    assert thief.request("GET", record.path).status in {404, 405}
    assert thief.patch(evil, 400).status == 404
    assert thief.request("DELETE", record.path).status == 405
    assert thief.create(evil).status == 422
    assert thief.create(record).status == 422, "not even with the right hash"
    if taken == "unfinished":
        assert owner.patch(record, 400).status == 204
    (stored,) = besieged.directory.glob(f"spool/{record.record_id}*")
    assert stored.read_bytes() == record.payload


def test_plain_http_and_garbage_before_tls_do_no_harm(besieged: Intake) -> None:
    for content in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 500, b"\0" * 10):
        with socket.create_connection(("127.0.0.1", besieged.port), timeout=15) as plain:
            plain.sendall(content)
