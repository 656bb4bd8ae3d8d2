"""A bad file among the receipts stops nothing: put apart, named, and its record waits again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rekamatan.errors import RecordError
from rekamatan.records.ledger_lock import ledger_in_use
from rekamatan.records.receipts import Receipt, ReceiptSigner, ReceiptVerifier
from rekamatan.records.reconcile import rebuild_site
from rekamatan.records.spool import Spool
from tests.unit.records.test_receipts import PUBLIC
from tests.unit.records.test_site_records import OFFER, acknowledge, acknowledge_again, receive

if TYPE_CHECKING:
    from pathlib import Path

VERIFIER = ReceiptVerifier(PUBLIC, "kubu")


def receipt_file(spool: Spool) -> Path:
    return spool.receipts / f"{OFFER.record_id}.json"


def forget_in_ledger(spool: Spool) -> None:
    """What a ledger says that was restored, or rebuilt, without this receipt."""
    spool.ledger._write("UPDATE record SET receipt = 'bad' WHERE id = ?", OFFER.record_id)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 400, b"{", b"[]", b'{"id": "x"}', b"\xff\xfe", b'{"signature": 1}']
)
def test_bad_file_is_put_apart_and_the_record_waits(tmp_path: Path, content: bytes) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    receipt_file(spool).write_bytes(content)
    forget_in_ledger(spool)
    assert spool.adopt_receipts(VERIFIER) == 0
    assert not receipt_file(spool).exists()
    (apart,) = (spool.receipts / "set-aside").iterdir()
    assert apart.read_bytes() == content
    (waiting,) = spool.ledger.waiting()
    assert waiting.attempts > 0, "the data centre is asked before anything is sent"
    (finding,) = spool.ledger.findings()
    assert (finding.record_id, finding.kind) == (OFFER.record_id, "unproven")
    assert spool.purge(timedelta(days=0), VERIFIER) == []


def test_forged_file_is_put_apart(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    entry = spool.ledger.waiting()[0]
    facts = (entry.record_id, entry.sha256, entry.size, "2026-01-01T00:00:00Z", "kubu", "pusat")
    forger = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\7")
    forged = ReceiptSigner(forger, "pusat").sign(Receipt(*facts))
    receipt_file(spool).write_text(forged.to_json())
    spool.adopt_receipts(VERIFIER)
    assert [e.record_id for e in spool.ledger.waiting()] == [OFFER.record_id]
    assert spool.ledger.findings()[0].kind == "unproven"


def test_receipt_under_another_records_name_is_put_apart(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    receipt_file(spool).rename(spool.receipts / "00000000-other.json")
    spool.adopt_receipts(VERIFIER)
    assert [f.record_id for f in spool.ledger.findings()] == ["00000000-other"]


def test_good_receipt_in_the_ledger_mends_the_file(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    text = receipt_file(spool).read_text()
    receipt_file(spool).write_bytes(b"")
    spool.adopt_receipts(VERIFIER)
    assert receipt_file(spool).read_text() == text
    assert spool.ledger.findings() == []
    assert len(spool.ledger.acknowledged()) == 1


def test_new_receipt_settles_the_finding(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    receipt_file(spool).write_bytes(b"")
    forget_in_ledger(spool)
    spool.adopt_receipts(VERIFIER)
    acknowledge(spool, days_ago=0)
    assert spool.ledger.findings() == []
    assert len(list(spool.sent.iterdir())) == 1


def test_forged_receipt_purges_nothing(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    entry = acknowledge_again(spool, acknowledge(spool, days_ago=0), days_ago=40)
    good = receipt_file(spool).read_text()
    receipt_file(spool).write_text(good.replace("pusat", "palsu"))
    assert spool.purge(timedelta(days=30), VERIFIER) == []
    receipt_file(spool).write_text(good)
    assert spool.purge(timedelta(days=30), VERIFIER) == [entry.record_id]


def test_withdrawn_record_waits_with_its_bytes_and_is_not_purged(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    entry = acknowledge_again(spool, acknowledge(spool, days_ago=0), days_ago=40)
    assert spool.withdraw(entry)
    assert spool.purge(timedelta(days=30), VERIFIER) == []
    (waiting,) = spool.ledger.waiting()
    assert spool.payload(waiting).parent == spool.spool
    assert len(list((spool.receipts / "withdrawn").iterdir())) == 1
    assert spool.adopt_receipts(VERIFIER) == 0, "the withdrawn receipt does not come back"
    assert spool.ledger.waiting() == [waiting]


def test_purged_record_cannot_be_withdrawn(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    entry = acknowledge_again(spool, acknowledge(spool, days_ago=0), days_ago=40)
    spool.purge(timedelta(days=30), VERIFIER)
    assert not spool.withdraw(entry)
    assert len(spool.ledger.acknowledged()) == 1


def test_damaged_ledger_is_named_and_rebuilt_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    spool.ledger.close()
    for path in tmp_path.glob("ledger.sqlite*"):
        path.unlink()
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(RecordError, match="records rebuild"):
        Spool(tmp_path)
    monkeypatch.setattr("rekamatan.records.reconcile.load_site", lambda _: _Site)
    with (
        ledger_in_use(tmp_path),
        pytest.raises(Exception, match="systemctl stop"),
    ):
        rebuild_site(tmp_path)
    assert rebuild_site(tmp_path) == 1
    assert len(Spool(tmp_path).ledger.acknowledged()) == 1
    assert len(list(tmp_path.glob("old-*"))) == 1, "the damaged one is kept"


class _Site:
    slug = "kubu"

    class data_centre:  # noqa: N801 - stands for the site's field
        receipt_public_key = PUBLIC


def test_damaged_payload_is_not_adopted_and_may_come_again(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    spool.ledger._write("DELETE FROM record")
    (path,) = spool.spool.iterdir()
    path.write_bytes(b"")
    assert spool.adopt_payloads() == 0
    assert [(f.record_id, f.kind) for f in spool.ledger.findings()] == [(OFFER.record_id, "lost")]
    assert len(receive(tmp_path).ledger.waiting()) == 1
