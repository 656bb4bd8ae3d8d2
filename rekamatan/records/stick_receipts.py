"""Receipts on a stick: the data centre writes them, the site believes only what it can verify."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.records.account import service_hands
from rekamatan.records.durable import write_durably
from rekamatan.records.names import is_record_id
from rekamatan.records.receipts import SignedReceipt, UnprovenError
from rekamatan.records.stick import Parcel, Problem, stick_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.records.receipts import ReceiptVerifier
    from rekamatan.records.spool import Spool


def write_receipts(parcel: Parcel, receipts: Iterable[SignedReceipt]) -> None:
    """Put them on the stick whole or not at all.

    Raises:
        StickError: read-only, full or gone; the records themselves are stored all the same.
    """
    text = "".join(f"{signed.to_json()}\n" for signed in receipts)
    with stick_errors(parcel.stick, "write the receipts"):
        write_durably(parcel.receipts, text.encode("ascii"))


def read_receipts(parcel: Parcel) -> list[str]:
    """Their lines, unread; none when the stick has not been at the data centre yet."""
    with stick_errors(parcel.stick, "read the receipts"):
        if not parcel.receipts.exists():
            return []
        return parcel.receipts.read_text(encoding="ascii", errors="replace").splitlines()


@dataclass(slots=True)
class Homecoming:
    """Brings receipts into a site's spool; a payload is let go of only behind its own."""

    spool: Spool
    verifier: ReceiptVerifier
    acknowledged: int = 0
    known: int = 0
    problems: list[Problem] = field(default_factory=list)

    def take(self, line: str) -> None:
        """One receipt; one that proves nothing is noted and changes nothing."""
        try:
            signed = SignedReceipt.from_json(line)
        except UnprovenError as error:
            self.problems.append(Problem("", "unproven", error.reason))
            return
        try:
            with service_hands():
                self._enter(signed)
        except UnprovenError as error:
            self.problems.append(Problem(signed.receipt.id, "unproven", error.reason))

    def _enter(self, signed: SignedReceipt) -> None:
        receipt = signed.receipt
        if not is_record_id(receipt.id):
            raise UnprovenError("receipt", "read", "its id is no record's")
        entry = self.spool.ledger.find(receipt.id)
        wanted = receipt if entry is None else entry
        self.verifier.check(signed, record_id=receipt.id, sha256=wanted.sha256, size=wanted.size)
        if entry is None:  # of the dead server before this one: its count and proof come back
            self.spool.enter_receipt(signed)
        elif entry.receipt is not None:
            self.known += 1
            return
        else:
            self.spool.acknowledge(entry, signed)
        self.acknowledged += 1
