"""Compares ledger and disk: enters what only the disk has, names what nobody can explain."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.config import load_site
from rekamatan.errors import RecordError
from rekamatan.records.durable import has_sha256
from rekamatan.records.ledger_lock import ledger_in_use
from rekamatan.records.receipts import ReceiptVerifier
from rekamatan.records.site_ledger import LEDGER
from rekamatan.records.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.records.settings import IngestSettings
    from rekamatan.records.site_ledger import SiteEntry


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was entered, and what needs a person."""

    added: int
    problems: tuple[str, ...]
    entered: tuple[str, ...] = ()  # at the data centre: their ids


def reconcile_site(directory: Path) -> Reconciliation:
    """The site's side; every waiting payload is read back and hashed."""
    site = load_site()
    verifier = ReceiptVerifier.of_site(site)
    return reconcile_spool(Spool(directory), verifier)


def reconcile_spool(spool: Spool, verifier: ReceiptVerifier) -> Reconciliation:
    """Payloads and receipts on the disk against the rows of the ledger."""
    added = spool.adopt_payloads() + spool.adopt_receipts(verifier)
    problems = [
        str(RecordError(entry.record_id, "reconcile", reason, "restore it from the workstation"))
        for entry, reason in _unsound(spool)
    ]
    problems += [
        str(RecordError(finding.record_id, finding.kind, finding.detail))
        for finding in spool.ledger.findings()
    ]
    return Reconciliation(added, tuple(problems))


def rebuild_site(directory: Path, site_file: Path = paths.SITE_FILE) -> int:
    """A new ledger from `spool/`, `sent/` and `receipts/`; the old one is kept beside it.

    Returns how many records it holds.

    Raises:
        RefusedError: a service holds the ledger; it would go on writing into the old one.
    """
    site = load_site(site_file)
    verifier = ReceiptVerifier.of_site(site)
    with ledger_in_use(directory, alone=True):
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for path in sorted(directory.glob(f"{LEDGER}*")):
            if path.name in {LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm"}:
                path.rename(path.with_name(f"{path.name.replace('ledger', f'old-{stamp}', 1)}"))
        spool = Spool(directory)
        spool.adopt_payloads()
        spool.adopt_receipts(verifier)
        return len(spool.ledger.waiting()) + len(spool.ledger.acknowledged())


def reconcile_data_centre(settings: IngestSettings, *, every_byte: bool = True) -> Reconciliation:
    """The whole store against the whole ledger; every stored payload is read back and hashed."""
    from rekamatan.records.audit import audit_store  # noqa: PLC0415 - psycopg: not at sites
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - as above

    with closing(CentralLedger(settings.dsn)) as ledger:
        audit = audit_store(settings.store, ledger, every_byte=every_byte)
    hints = (
        ("missing", "its file is gone", "its site sends it again; else restore the backup"),
        ("altered", "its bytes were changed", "its site sends it again; else restore the backup"),
        ("conflicts", "other bytes came under its id", "see store/conflict and ask its site"),
        ("doubled", "a second copy was removed", ""),
        ("entered", "its row was gone and is entered again", "who can write to the database?"),
    )
    problems = [
        str(RecordError(record_id, "reconcile", reason, hint))
        for kind, reason, hint in hints
        for record_id in getattr(audit, kind)
    ]
    return Reconciliation(len(audit.entered), tuple(problems), audit.entered)


def _unsound(spool: Spool) -> Iterator[tuple[SiteEntry, str]]:
    for entry in spool.ledger.waiting():
        payload = spool.payload(entry)
        if not payload.exists():
            yield entry, "no payload and no receipt"
            continue
        if not has_sha256(payload, entry.sha256):
            yield entry, "the payload on the disk is altered"
