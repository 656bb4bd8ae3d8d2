"""What a place lacks, from a stick: records for the data centre, receipts for a site.

Both ends may be pressed as often as wanted: ids are idempotent, receipts are deterministic.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.records.account import service_hands
from rekamatan.records.incoming import Incoming
from rekamatan.records.ledger_lock import ledger_in_use
from rekamatan.records.receipts import ReceiptVerifier
from rekamatan.records.reception import Reception
from rekamatan.records.spool import Spool
from rekamatan.records.stick import NOTE_EVERY_S, Parcel, Problem, Progress, StickError, parcels
from rekamatan.records.stick_manifest import load_authority, read_manifest
from rekamatan.records.stick_receipts import Homecoming, read_receipts, write_receipts
from rekamatan.records.stick_take import Intake, NoRoomError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from rekamatan.models import Site
    from rekamatan.records.receipts import SignedReceipt
    from rekamatan.records.settings import IngestSettings, IntakeSettings
    from rekamatan.records.stick_manifest import Manifest

INCOMING = "incoming-stick"  # beside the service's own `incoming`, on the same file system


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one site's parcel brought."""

    site: str
    listed: int  # records the manifest names
    waiting: int  # records that waited at the site when it was made
    taken: int  # records that are new here
    known: int  # records that were here already, by link or by another stick
    acknowledged: int  # receipts new to this site; 0 at the data centre
    receipts: int  # receipts on the stick now
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        """Everything on the stick is here and proven."""
        return not self.problems


def import_at_data_centre(
    stick: Path, settings: IngestSettings, tell: Callable[[Progress], None]
) -> list[ImportReport]:
    """Store every record of every site on the stick and leave the receipts on it.

    Raises:
        StickError: no stick, nothing on it, a forged manifest, pulled out.
        LedgerUnavailableError: PostgreSQL does not answer.
    """
    ca = load_authority(Path(settings.ca))
    found = _parcels(stick)
    # All are checked before anything is taken: a forged one is looked into first.
    manifests = [(parcel, read_manifest(parcel, ca)) for parcel in found]
    with service_hands():
        reception = _data_centre_reception(settings)
    reports = []
    for parcel, manifest in manifests:
        intake = Intake(reception, parcel, parcel.site, settings.max_size)
        with parcel.locked():
            reports.append(_store(intake, manifest, tell))
    return reports


def import_at_site(
    stick: Path,
    settings: IntakeSettings,
    site: Site,
    tell: Callable[[Progress], None],
) -> ImportReport:
    """Take receipts, and this site's own records that a dead server's disk brought on the stick.

    Raises:
        StickError: no stick, another site's stick, nothing on it, a forged manifest, pulled out.
    """
    parcel = _own_parcel(stick, site.slug)
    manifest = _manifest_if_any(parcel, load_authority(Path(settings.ca)))
    lines = read_receipts(parcel)
    if manifest is None and not lines:
        hint = "bring it to the data centre first"
        raise StickError("nothing_here", stick, "import", "neither records nor receipts", hint)
    verifier = ReceiptVerifier.of_site(site)
    with ExitStack() as stack:
        stack.enter_context(parcel.locked())
        spool, reception = _open_spool(stack, settings)
        home = Homecoming(spool, verifier)
        for count, line in enumerate(lines, start=1):
            home.take(line)
            tell(Progress(count, len(lines)))
        intake = Intake(reception, parcel, None, settings.max_size)
        if manifest is not None:
            _adopt(intake, spool, manifest, tell)
    return ImportReport(
        site=site.slug,
        listed=len(manifest.records) if manifest else 0,
        waiting=manifest.waiting if manifest else 0,
        taken=intake.taken,
        known=home.known + intake.known,
        acknowledged=home.acknowledged,
        receipts=len(lines),
        problems=(*home.problems, *intake.problems),
    )


def _open_spool(stack: ExitStack, settings: IntakeSettings) -> tuple[Spool, Reception]:
    """Beside the running services, as their own user; not while the ledger is made anew."""
    directory = Path(settings.directory)
    with service_hands():
        stack.enter_context(ledger_in_use(directory))
        spool = Spool(directory)
        incoming = Incoming(directory / INCOMING, settings.floor_bytes)
    return spool, Reception(incoming, spool, accepts_canaries=False)


def _store(intake: Intake, manifest: Manifest, tell: Callable[[Progress], None]) -> ImportReport:
    """One parcel at the data centre; receipts are written also when something stops it."""
    receipts: list[SignedReceipt] = []
    noted = time.monotonic()
    written = 0
    try:
        for count, record in enumerate(manifest.records, start=1):
            stored = intake.take(record)
            if stored is not None:
                with service_hands():
                    receipts += filter(None, [intake.reception.receipt(stored)])
            tell(Progress(count, len(manifest.records)))
            if time.monotonic() - noted >= NOTE_EVERY_S:
                written, noted = _write(intake, receipts), time.monotonic()
    except NoRoomError as error:
        intake.problems.append(Problem("", "disk_full", str(error)))
    finally:
        written = _write(intake, receipts)
    return ImportReport(
        site=manifest.site,
        listed=len(manifest.records),
        waiting=manifest.waiting,
        taken=intake.taken,
        known=intake.known,
        acknowledged=0,
        receipts=written,
        problems=tuple(intake.problems),
    )


def _write(intake: Intake, receipts: list[SignedReceipt]) -> int:
    """How many receipts are on the stick; one that cannot be written to is a problem, no more."""
    intake.problems[:] = [p for p in intake.problems if p.code != "no_receipts"]
    try:
        write_receipts(intake.parcel, receipts)
    except StickError as error:
        intake.problems.append(Problem("", "no_receipts", str(error)))
        return 0
    return len(receipts)


def _adopt(
    intake: Intake, spool: Spool, manifest: Manifest, tell: Callable[[Progress], None]
) -> None:
    """Records this server does not know; its own, on their way out, are known and stay as is."""
    try:
        for count, record in enumerate(manifest.records, start=1):
            if spool.ledger.find(record.id) is None:
                intake.take(record)
            tell(Progress(count, len(manifest.records)))
    except NoRoomError as error:
        intake.problems.append(Problem("", "disk_full", str(error)))


def _parcels(stick: Path) -> list[Parcel]:
    found = parcels(stick)
    if not found:
        hint = "make one at the site: rekamatan records export DIR"
        raise StickError("nothing_here", stick, "import", "no records on it", hint)
    return found


def _own_parcel(stick: Path, slug: str) -> Parcel:
    found = {parcel.site: parcel for parcel in _parcels(stick)}
    if slug not in found:
        others = ", ".join(found)
        hint = f"take the stick of {slug}; bring this one to {others}"
        raise StickError("other_site", stick, "import", f"this is the stick of {others}", hint)
    return found[slug]


def _manifest_if_any(parcel: Parcel, ca: x509.Certificate) -> Manifest | None:
    """Receipts need no manifest: each proves itself."""
    if not parcel.manifest.exists():
        return None
    return read_manifest(parcel, ca)


def _data_centre_reception(settings: IngestSettings) -> Reception:
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - psycopg: not at sites
    from rekamatan.records.store import Store  # noqa: PLC0415 - as above

    store = Store.of(settings, CentralLedger(settings.dsn))
    incoming = Incoming(Path(settings.directory) / INCOMING, settings.floor_bytes)
    return Reception(incoming, store, accepts_canaries=False)
