"""Settling with a data centre that answers this or that; the protocol itself is tested for real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rekamatan.errors import RecordError
from rekamatan.records.digests import Item, bucket_digests
from rekamatan.records.enquiry import Enquiry, LedgerSetBackError
from rekamatan.records.receipts import Receipt, ReceiptSigner, ReceiptVerifier, SignedReceipt
from rekamatan.records.settlement import CURSOR, Settlement
from tests.unit.records.test_receipts import KEY, PUBLIC
from tests.unit.records.test_site_records import OFFER, acknowledge, receive

if TYPE_CHECKING:
    from pathlib import Path

VERIFIER = ReceiptVerifier(PUBLIC, "kubu")
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\7")


class Centre(Enquiry):
    """Answers from a list of receipts; the cursor is how many were seen."""

    def __init__(self, receipts: list[SignedReceipt], *, set_back: bool = False) -> None:
        object.__setattr__(self, "connection", None)
        object.__setattr__(self, "held", receipts)
        object.__setattr__(self, "set_back", set_back)

    def receipts_after(self, cursor: str) -> tuple[list[SignedReceipt], str]:
        if self.set_back and cursor:  # type: ignore[attr-defined] - set above
            raise LedgerSetBackError("data centre", "read receipts", "no such cursor")
        page = self.held[int(cursor or 0) :][:1]  # type: ignore[attr-defined] - set above
        return page, str(int(cursor or 0) + len(page))

    def receipt_of(self, record_id: str) -> SignedReceipt | None:
        found = [s for s in self.held if s.receipt.id == record_id]  # type: ignore[attr-defined]
        return found[0] if found else None

    def digests(self) -> dict[str, str]:
        return bucket_digests(self._items())

    def items(self, bucket: str) -> list[Item]:
        return [item for item in self._items() if bucket in bucket_digests([item])]

    def tell_digests(self, answer: dict[str, Any]) -> list[str]:  # noqa: ARG002 - the real one's
        """As a data centre that knows no accounts."""
        raise RecordError("data centre", "ask", "HTTP 404: Not Found")

    def _items(self) -> list[Item]:
        held = [s.receipt for s in self.held]  # type: ignore[attr-defined] - set above
        return [Item(receipt.id, receipt.sha256, receipt.size) for receipt in held]


def receipt(key: Ed25519PrivateKey = KEY, record_id: str = OFFER.record_id) -> SignedReceipt:
    facts = (record_id, OFFER.sha256, OFFER.size, "2026-01-01T00:00:00Z", "kubu", "pusat")
    return ReceiptSigner(key, "pusat").sign(Receipt(*facts))


def test_receipt_signed_with_a_key_that_is_not_pinned_is_named_until_a_true_one_comes(
    tmp_path: Path,
) -> None:
    spool = receive(tmp_path)
    settlement = Settlement(spool, VERIFIER)
    settlement.run(Centre([receipt(STRANGER)]), whole=True)
    assert [finding.kind for finding in spool.ledger.findings()] == ["unproven"]
    assert len(spool.ledger.waiting()) == 1
    settlement.run(Centre([receipt()]), whole=True)
    assert spool.ledger.findings() == []
    assert spool.ledger.waiting() == []


def test_finding_about_an_acknowledged_record_is_settled_too(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    Settlement(spool, VERIFIER).run(Centre([receipt(STRANGER)]), whole=False)
    assert [finding.kind for finding in spool.ledger.findings()] == ["unproven"]
    Settlement(spool, VERIFIER).run(Centre([receipt()]), whole=False)
    assert spool.ledger.findings() == []


def test_ledger_that_was_set_back_to_nothing_makes_everything_go_again(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    spool.ledger.remember(CURSOR, "5")
    Settlement(spool, VERIFIER).run(Centre([], set_back=True), whole=False)
    assert [entry.record_id for entry in spool.ledger.waiting()] == [OFFER.record_id]
    assert [finding.kind for finding in spool.ledger.findings()] == ["missing"]
    assert spool.ledger.note(CURSOR) == ""


def test_without_a_set_back_an_hourly_settlement_compares_nothing(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    acknowledge(spool, days_ago=0)
    Settlement(spool, VERIFIER).run(Centre([]), whole=False)
    assert spool.ledger.waiting() == []


def test_unknown_record_is_adopted_only_by_word(tmp_path: Path) -> None:
    spool = receive(tmp_path)
    centre = Centre([receipt(record_id="00000000-spare")])
    settlement = Settlement(spool, VERIFIER)
    assert settlement.compare(centre).unknown == ("00000000-spare",)
    assert len(spool.ledger.acknowledged()) == 0
    assert settlement.adopt_unknown(centre) == 1
    assert settlement.compare(centre).agree
    assert spool.ledger.findings() == []
