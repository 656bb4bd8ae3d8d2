"""Brings the site's ledger and the data centre's into agreement, and names what does not agree.

Three steps, each safe to be cut anywhere and to be run again: receipts that were lost on the way
are fetched; records whose receipt file was bad are asked for by id; then both ledgers are compared
by digests. What the data centre has lost and the site still holds is sent again.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.archive import SECONDS_FORMAT
from rekamatan.records.digests import Comparison, Item, bucket_digests, compare, differing, within
from rekamatan.records.enquiry import Enquiry, LedgerSetBackError
from rekamatan.records.listing import spool_digests, spool_items
from rekamatan.records.names import is_record_id
from rekamatan.records.receipts import UnprovenError
from rekamatan.records.sender import LinkBrokenError
from rekamatan.records.site_ledger import COMPARED_AT

if TYPE_CHECKING:
    from rekamatan.records.receipts import ReceiptVerifier, SignedReceipt
    from rekamatan.records.site_ledger import FindingKind, SiteEntry
    from rekamatan.records.spool import Spool

CURSOR = "receipts-cursor"
_log = logging.getLogger(__name__)
_alarm = logging.getLogger("rekamatan.records.alarm")


@dataclass(frozen=True, slots=True)
class Settlement:
    """One site's settlement; blocks on the link."""

    spool: Spool
    verifier: ReceiptVerifier

    def run(self, enquiry: Enquiry, *, whole: bool) -> None:
        """Fetch and ask; compare too if `whole`, or if the data centre's ledger was set back.

        Raises:
            LinkBrokenError: cut; what was settled so far stands.
            RecordError: the data centre answers otherwise than agreed.
        """
        set_back = self.fetch_receipts(enquiry)
        self.ask_again(enquiry)
        if whole or set_back:
            self._compare_and_act(enquiry)

    def compare(self, enquiry: Enquiry) -> Comparison:
        """All three steps; returns what differs. Raises as `run`."""
        self.fetch_receipts(enquiry)
        self.ask_again(enquiry)
        return self._compare_and_act(enquiry)

    def _compare_and_act(self, enquiry: Enquiry) -> Comparison:
        found = self._compare(enquiry)
        self._act_on(found)
        self._give_account(enquiry)
        self.spool.ledger.remember(COMPARED_AT, datetime.now(UTC).strftime(SECONDS_FORMAT))
        return found

    def _give_account(self, enquiry: Enquiry) -> None:
        """The data centre compares too, and knows by it that this site is alive.

        An older data centre takes no accounts: that is no reason not to settle.
        """
        directory = self.spool.spool.parent
        try:
            for bucket in enquiry.tell_digests(spool_digests(directory)):
                enquiry.tell_bucket(bucket, spool_items(directory, [bucket]))
        except LinkBrokenError:
            raise
        except RecordError as error:
            _log.warning("no account given: %s", error)

    def fetch_receipts(self, enquiry: Enquiry) -> bool:
        """Take every receipt entered since the last time; True when the ledger was set back."""
        ledger, set_back = self.spool.ledger, False
        cursor = ledger.note(CURSOR)
        while True:
            try:
                receipts, behind = enquiry.receipts_after(cursor)
            except LedgerSetBackError as error:
                set_back = True
                ledger.remember(CURSOR, "")
                _alarm.critical("the data centre's ledger was set back: %s", error)
                receipts, behind = enquiry.receipts_after("")
            if not receipts:
                return set_back
            for signed in receipts:
                self._take(signed)
            cursor = behind
            ledger.remember(CURSOR, cursor)

    def ask_again(self, enquiry: Enquiry) -> None:
        """Ask by id for the receipts whose file was bad or whose payload is gone."""
        for finding in self.spool.ledger.findings():
            if finding.kind in {"unproven", "lost"} and is_record_id(finding.record_id):
                signed = enquiry.receipt_of(finding.record_id)
                if signed is not None:
                    self._take(signed, ours=True)

    def adopt_unknown(self, enquiry: Enquiry) -> int:
        """Count as this site's what the data centre has in its name; for a spare server.

        Returns how many; a person decides this, for such a record may also be a thief's.
        """
        adopted = 0
        for finding in self.spool.ledger.findings():
            if finding.kind == "unknown":
                signed = enquiry.receipt_of(finding.record_id)
                adopted += signed is not None and self._take(signed, ours=True)
        return adopted

    def _take(self, signed: SignedReceipt, *, ours: bool = False) -> bool:
        """Use one receipt for the record it is for; True when it settled something."""
        receipt = signed.receipt
        entry = self.spool.ledger.find(receipt.id)
        wanted = receipt if entry is None else entry
        try:
            self.verifier.check(
                signed, record_id=receipt.id, sha256=wanted.sha256, size=wanted.size
            )
        except UnprovenError as error:
            kind: FindingKind = "unproven" if entry is None or _same(entry, signed) else "altered"
            self.spool.name_finding(receipt.id, kind, str(error))
            return False
        if entry is not None:
            self.spool.ledger.settle(receipt.id, "unproven")
            if entry.receipt is None:
                self.spool.acknowledge(entry, signed)
            return entry.receipt is None
        if ours:
            return self.spool.enter_receipt(signed)
        self.spool.name_finding(receipt.id, "unknown", f"stored there {receipt.stored_at}")
        return False

    def _compare(self, enquiry: Enquiry) -> Comparison:
        ledger = self.spool.ledger
        acknowledged = [_item(entry) for entry in ledger.acknowledged()]
        buckets = differing(bucket_digests(acknowledged), enquiry.digests())
        theirs = [item for bucket in buckets for item in enquiry.items(bucket)]
        # Read again: what was captured meanwhile may be at the data centre already.
        known = [_item(entry) for entry in ledger.waiting() + ledger.acknowledged()]
        return compare(
            acknowledged=within(acknowledged, buckets),
            known=within(known, buckets),
            before=theirs,
            after=theirs,
        )

    def _act_on(self, found: Comparison) -> None:
        """Name what differs, send again what can be, and forget what no longer differs."""
        for record_id in found.missing:
            self._recover(record_id)
        for record_id in found.altered:
            self.spool.name_finding(record_id, "altered", "the data centre has other bytes")
        for record_id in found.unknown:
            self.spool.name_finding(
                record_id, "unknown", "in this site's name, never captured here"
            )
        differs = {kind: set(ids) for kind, ids in asdict(found).items()}
        ledger = self.spool.ledger
        waiting = {entry.record_id for entry in ledger.waiting()}
        for finding in ledger.findings():
            still = finding.record_id in differs.get(finding.kind, {finding.record_id})
            sent_again = finding.kind == "missing" and finding.record_id in waiting
            if not (still or sent_again):
                ledger.settle(finding.record_id, finding.kind)

    def _recover(self, record_id: str) -> None:
        entry = self.spool.ledger.find(record_id)
        if entry is not None and self.spool.withdraw(entry):
            detail = "the data centre no longer has it; it is sent again"
        else:
            detail = "the data centre no longer has it and it was purged here: restore its backup"
        self.spool.name_finding(record_id, "missing", detail)


def _same(entry: SiteEntry, signed: SignedReceipt) -> bool:
    return (entry.sha256, entry.size) == (signed.receipt.sha256, signed.receipt.size)


def _item(entry: SiteEntry) -> Item:
    return Item(entry.record_id, entry.sha256, entry.size)
