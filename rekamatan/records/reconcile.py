"""Compares ledger and disk: enters what only the disk has, names what nobody can explain."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.config import load_site
from rekamatan.errors import RecordError
from rekamatan.records.receipts import ReceiptVerifier
from rekamatan.records.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.records.settings import IngestSettings
    from rekamatan.records.site_ledger import SiteEntry


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was entered, and what needs a person."""

    added: int
    problems: tuple[str, ...]


def reconcile_site(directory: Path) -> Reconciliation:
    """The site's side; every waiting payload is read back and hashed."""
    site = load_site()
    verifier = ReceiptVerifier(site.data_centre.receipt_public_key, site.slug)
    return reconcile_spool(Spool(directory), verifier)


def reconcile_spool(spool: Spool, verifier: ReceiptVerifier) -> Reconciliation:
    """Payloads and receipts on the disk against the rows of the ledger."""
    problems: list[str] = []
    added = spool.adopt_payloads()
    try:
        added += spool.adopt_receipts(verifier)
    except RecordError as error:
        problems.append(str(error))
    problems += [
        str(RecordError(entry.record_id, "reconcile", reason, "restore it from the workstation"))
        for entry, reason in _unsound(spool)
    ]
    return Reconciliation(added, tuple(problems))


def reconcile_data_centre(settings: IngestSettings) -> Reconciliation:
    """The whole store against the whole ledger."""
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - psycopg: not at sites
    from rekamatan.records.store import missing, rebuild  # noqa: PLC0415 - as above

    ledger = CentralLedger(settings.dsn)
    added = rebuild(Path(settings.directory) / "store", ledger, everything=True)
    problems = [
        str(RecordError(r.record_id, "reconcile", "file missing or short", "restore the backup"))
        for r in missing(ledger)
    ]
    return Reconciliation(added, tuple(problems))


def _unsound(spool: Spool) -> Iterator[tuple[SiteEntry, str]]:
    for entry in spool.ledger.waiting():
        payload = spool.payload(entry)
        if not payload.exists():
            yield entry, "no payload and no receipt"
            continue
        with payload.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
                yield entry, "the payload on the disk is altered"
