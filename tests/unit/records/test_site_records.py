"""The site's disk: nothing is purged without its receipt, floors hold, lanes give way."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rekamatan.errors import ConfigError, RecordError
from rekamatan.models import Limits
from rekamatan.records import incoming as incoming_module
from rekamatan.records.archive import SECONDS_FORMAT, ConflictError, StoredRecord
from rekamatan.records.counts import record_counts
from rekamatan.records.incoming import DiskFullError, Incoming, PartialUpload, PartialWriter
from rekamatan.records.lanes import Junction, Lane, candidates
from rekamatan.records.metadata import Offer
from rekamatan.records.names import RecordName
from rekamatan.records.receipts import Receipt, ReceiptSigner, ReceiptVerifier, SignedReceipt
from rekamatan.records.reception import AlteredError, Reception
from rekamatan.records.settings import IntakeSettings
from rekamatan.records.site_ledger import SiteEntry, SiteLedger
from rekamatan.records.spool import Spool
from rekamatan.records.uplink import limit_unsent, stall_seconds, unsent_bytes
from tests.unit.records.test_receipts import KEY, PUBLIC

PAYLOAD = b"seven.."
OFFER = Offer("00000000-aaaa", hashlib.sha256(PAYLOAD).hexdigest(), len(PAYLOAD))


def receive(directory: Path, payload: bytes = PAYLOAD) -> Spool:
    """One record received by the reception of a site."""
    spool = Spool(directory)
    incoming = Incoming(directory / "incoming", 0)
    partial = Reception(incoming, spool, accepts_canaries=False).create(OFFER, "ws1.kubu")
    assert isinstance(partial, PartialUpload)
    writer = PartialWriter(partial)
    writer.write(payload)
    writer.close()
    Reception(incoming, spool, accepts_canaries=False).finish(partial)
    return spool


def acknowledge(spool: Spool, *, days_ago: int) -> SiteEntry:
    entry = spool.ledger.waiting()[0]
    facts = (entry.record_id, entry.sha256, entry.size, "2026-01-01T00:00:00Z", "kubu", "pusat")
    signed: SignedReceipt = ReceiptSigner(KEY, "pusat").sign(Receipt(*facts))
    spool.acknowledge(entry, signed)
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    spool.ledger.acknowledge(entry.record_id, signed.to_json(), moment.strftime(SECONDS_FORMAT))
    return spool.ledger.acknowledged()[0]


def test_purge_needs_receipt_and_retention(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    retention, verifier = timedelta(days=30), ReceiptVerifier(PUBLIC, "kubu")
    assert spool.purge(retention, verifier) == [], "no receipt"
    entry = acknowledge(spool, days_ago=29)
    assert spool.purge(retention, verifier) == [], "not old enough"
    entry = acknowledge_again(spool, entry, days_ago=31)
    receipt = spool.receipts / f"{entry.record_id}.json"
    text = receipt.read_text()
    receipt.write_text(text.replace(OFFER.sha256, "0" * 64))
    assert spool.purge(retention, verifier) == [], "the receipt on the disk is for other bytes"
    receipt.unlink()
    assert spool.purge(retention, verifier) == [], "the ledger's word alone is not enough"
    receipt.write_text(text)
    assert spool.purge(retention, verifier) == [OFFER.record_id]
    assert list(spool.sent.iterdir()) == []


def acknowledge_again(spool: Spool, entry: SiteEntry, *, days_ago: int) -> SiteEntry:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    assert entry.receipt is not None
    spool.ledger.acknowledge(entry.record_id, entry.receipt, moment.strftime(SECONDS_FORMAT))
    return spool.ledger.acknowledged()[0]


def test_altered_bytes_leave_no_record(tmp_path: Path) -> None:
    with pytest.raises(AlteredError):
        receive(tmp_path, b"altered")
    assert list((tmp_path / "spool").iterdir()) == []
    assert list((tmp_path / "incoming").iterdir()) == []


def arrived(spool: Spool, sha256: str, owner: str, stored_at: str) -> StoredRecord:
    """A payload just moved into the spool; its row is entered next."""
    path = spool.spool / RecordName(OFFER.record_id, sha256, owner).file_name
    path.write_bytes(PAYLOAD)
    return StoredRecord(OFFER.record_id, sha256, OFFER.size, owner, stored_at, path)


def test_record_that_came_by_two_ways_at_once_keeps_its_first_row_and_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    first = arrived(spool, OFFER.sha256, "ws1.kubu", "2026-01-02T03:04:05Z")
    assert spool.enter(first) == first
    late = arrived(spool, OFFER.sha256, "ws1.kubu", "2026-01-02T03:04:09Z")
    assert spool.enter(late) == first
    stamped = datetime.fromtimestamp(first.path.stat().st_mtime, UTC)
    assert stamped.strftime(SECONDS_FORMAT) == first.stored_at


def test_other_bytes_at_the_same_moment_are_kept_apart_and_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    first = spool.enter(arrived(spool, OFFER.sha256, "ws1.kubu", "2026-01-02T03:04:05Z"))
    other = arrived(spool, "0" * 64, "ws1.kubu", "2026-01-02T03:04:05Z")
    with pytest.raises(ConflictError, match="taken by another"):
        spool.enter(other)
    assert list(spool.spool.glob("*.rec")) == [first.path]
    (kept,) = (tmp_path / "conflict").iterdir()
    assert kept.read_bytes() == PAYLOAD


def test_every_step_before_the_answer_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes, then the directory of the rename: both must be on the disk, in this order."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    receive(tmp_path)
    part = synced.index(str(tmp_path / "incoming" / f"{OFFER.record_id}.part"))
    assert str(tmp_path / "spool") in synced[part:]


def test_promised_bytes_count_against_the_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(incoming_module.shutil, "disk_usage", lambda _: Usage)
    incoming = Incoming(tmp_path, floor_bytes=100)
    incoming.create(Offer("00000000-aaaa", "0" * 64, 800), "ws1.kubu")
    with pytest.raises(DiskFullError, match="must stay free"):
        incoming.create(Offer("00000000-bbbb", "0" * 64, 101), "ws1.kubu")
    incoming.create(Offer("00000000-cccc", "0" * 64, 100), "ws1.kubu")


def test_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    partial = Incoming(tmp_path, 0).create(OFFER, "ws1.kubu")
    full = PartialWriter(PartialUpload(OFFER, "ws1.kubu", Path("/dev/full")))
    with pytest.raises(OSError, match="No space") as caught:
        full.write(PAYLOAD)
    assert caught.value.errno == errno.ENOSPC
    assert partial.offset == 0


def test_unfinished_uploads_expire_only_when_silent(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path, 0)
    partial = incoming.create(OFFER, "ws1.kubu")
    assert incoming.expire(3600) == []
    old = time.time() - 7200
    os.utime(partial.path, (old, old))
    assert incoming.expire(3600) == [OFFER.record_id]
    assert incoming.find(OFFER.record_id) is None


def test_unknown_is_not_zero(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no ledger"):
        record_counts(tmp_path)


def test_silent_upload_is_no_active_capture(tmp_path: Path) -> None:
    receive(tmp_path)
    other = Offer("00000000-bbbb", "0" * 64, 7)
    partial = Incoming(tmp_path / "incoming", 0).create(other, "ws1.kubu")
    assert record_counts(tmp_path).active_captures == 1
    old = time.time() - 120
    os.utime(partial.path, (old, old))
    assert record_counts(tmp_path).active_captures == 0


def entry(record_id: str, age_s: float, now: datetime) -> SiteEntry:
    captured = now - timedelta(seconds=age_s)
    return SiteEntry(record_id, "0" * 64, 1, "ws1.kubu", captured.strftime(SECONDS_FORMAT))


def test_lanes_share_the_waiting_records(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    ages = {"week": 604_800, "hour": 3600, "minute": 60, "second": 1, "tomorrow": -86_400}
    ledger = SiteLedger(tmp_path / "ledger.sqlite")
    for name, age in ages.items():
        ledger.add(entry(name, age, now))
    taken: dict[Lane, list[str]] = {"bulk": [], "fresh": []}
    junction = Junction()
    with ExitStack() as held:
        for lane, order in taken.items():
            while found := held.enter_context(
                junction.claim(candidates(ledger, junction, lane, now), lane)
            ):
                order.append(found.record_id)
    assert taken == {"bulk": ["week", "hour"], "fresh": ["tomorrow", "second", "minute"]}


def test_records_set_aside_never_hide_the_one_behind_them(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    ledger, junction = SiteLedger(tmp_path / "ledger.sqlite"), Junction()
    for number in range(20):
        ledger.add(entry(f"record-{number:02}", 7200 - number, now))
        if number < 19:
            junction.set_aside(f"record-{number:02}", 60)
    with junction.claim(candidates(ledger, junction, "bulk", now), "bulk") as found:
        assert found is not None
        assert found.record_id == "record-19"


def test_bulk_lane_waits_until_the_last_fresh_record_is_answered() -> None:
    junction, now = Junction(), datetime.now(UTC)
    both = [entry("one", 0, now), entry("two", 0, now)]
    passed = threading.Event()

    def bulk() -> None:
        junction.give_way()
        passed.set()

    with junction.claim(both, "fresh"):
        with junction.claim(both, "fresh"):
            threading.Thread(target=bulk, daemon=True).start()
        assert not passed.wait(0.2), "one is answered, the other is not"
    assert passed.wait(5)


def test_no_record_is_claimed_twice_and_a_refused_one_waits() -> None:
    now = datetime.now(UTC)
    junction = Junction()
    both = [entry("first", 0, now), entry("second", 0, now)]
    with junction.claim(both, "fresh") as one, junction.claim(both, "bulk") as other:
        assert (one, other) == (both[0], both[1])
    junction.set_aside("first", 60)
    with junction.claim(both, "fresh") as next_one:
        assert next_one == both[1]


def test_bulk_lane_waits_for_the_fresh_one() -> None:
    junction = Junction()
    passed = threading.Event()

    def bulk() -> None:
        junction.give_way()
        passed.set()

    with junction.claim([entry("fresh", 0, datetime.now(UTC))], "fresh"):
        threading.Thread(target=bulk, daemon=True).start()
        assert not passed.wait(0.2)
    assert passed.wait(5)


@pytest.mark.parametrize(
    ("rtt_ms", "floor_kbps", "seconds"), [(200, 1000, 25), (200, 100, 45), (1500, 300, 90)]
)
def test_stall_timer_follows_the_link(rtt_ms: float, floor_kbps: float, seconds: float) -> None:
    assert stall_seconds(Limits(2, rtt_ms, 50, floor_kbps, 1400)) == seconds


@pytest.mark.parametrize(
    ("bytes_per_s", "unsent"), [(0, 16_384), (16_000, 16_384), (64_000, 32_000), (500_000, 65_536)]
)
def test_little_lies_ahead_of_a_fresh_record(bytes_per_s: int, unsent: int) -> None:
    assert unsent_bytes(bytes_per_s) == unsent


def test_kernel_is_told_how_little_by_the_connection_itself() -> None:
    option = (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as near,
        server.accept()[0] as far,
    ):
        limit_unsent(near)
        assert near.getsockopt(*option) == 16_384, "nothing is known yet"
        for _ in range(200):
            near.sendall(bytes(8192))
            far.recv(8192, socket.MSG_WAITALL)
        limit_unsent(near)
        assert near.getsockopt(*option) == 65_536, "loopback is fast"


def test_settings_name_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    with pytest.raises(ConfigError, match="no such file"):
        IntakeSettings.load(path)
    path.write_text('{"certificate": "c", "key": "k", "ca": "a", "prot": 1}')
    with pytest.raises(ConfigError, match="prot"):
        IntakeSettings.load(path)
