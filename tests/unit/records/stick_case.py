"""A site's record directory with waiting records, its identity, and a stick, all in one place."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.records.incoming import Incoming, PartialUpload, PartialWriter
from rekamatan.records.metadata import Offer
from rekamatan.records.receipts import Receipt, ReceiptSigner, ReceiptVerifier, SignedReceipt
from rekamatan.records.reception import Reception
from rekamatan.records.spool import Spool
from rekamatan.records.stick import Parcel
from rekamatan.records.stick_export import Export, ExportReport
from rekamatan.records.stick_manifest import Manifest, SiteIdentity, read_manifest
from rekamatan.records.stick_source import Source
from tests.records.authority import Authority
from tests.unit.records.test_receipts import KEY, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rekamatan.records.stick import Progress

SITE = "kubu"
SIGNER = ReceiptSigner(KEY, "pusat")


@dataclass
class StickCase:
    """One site and one stick below `root`."""

    root: Path
    authority: Authority
    site: str = SITE

    @classmethod
    def make(cls, root: Path, site: str = SITE, authority: Authority | None = None) -> StickCase:
        case = cls(root, authority or Authority(root / "ca"), site)
        case.stick.mkdir(parents=True, exist_ok=True)
        certificate, key = case.authority.issue(site)
        case.tls.mkdir(parents=True)
        shutil.copy(case.authority.certificate, case.tls / "ca.crt")
        shutil.copy(certificate, case.tls / "forwarder.crt")
        shutil.copy(key, case.tls / "forwarder.key")
        return case

    @property
    def records(self) -> Path:
        return self.root / "records"

    @property
    def stick(self) -> Path:
        return self.root / "stick"

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def parcel(self) -> Parcel:
        return Parcel(self.stick, self.site)

    @property
    def verifier(self) -> ReceiptVerifier:
        return ReceiptVerifier(PUBLIC, self.site)

    def spool(self) -> Spool:
        return Spool(self.records)

    def capture(self, count: int, size: int = 5000) -> list[Offer]:
        """`count` new records, received as the intake receives them."""
        return [self._capture(os.urandom(size)) for _ in range(count)]

    def _capture(self, payload: bytes) -> Offer:
        sha256 = hashlib.sha256(payload).hexdigest()
        offer = Offer(f"rec-{sha256[:20]}", sha256, len(payload))
        desk = Reception(
            Incoming(self.records / "incoming", 0), self.spool(), accepts_canaries=False
        )
        partial = desk.create(offer, f"ws1.{self.site}")
        assert isinstance(partial, PartialUpload)
        writer = PartialWriter(partial)
        writer.write(payload)
        writer.close()
        desk.finish(partial)
        return offer

    def receipt(self, offer: Offer, site: str = "") -> SignedReceipt:
        facts = (offer.record_id, offer.sha256, offer.size, "2026-01-01T00:00:00Z")
        return SIGNER.sign(Receipt(*facts, site or self.site, "pusat"))

    def acknowledge(self, offer: Offer) -> None:
        """As the forwarder does it when the record went by link."""
        spool = self.spool()
        entry = spool.ledger.find(offer.record_id)
        assert entry is not None
        spool.acknowledge(entry, self.receipt(offer))

    def export(
        self, tell: Callable[[Progress], None] = lambda _: None, *, anywhere: bool = True
    ) -> ExportReport:
        source = Source(self.records, self.verifier)
        return Export(
            source, SiteIdentity(self.tls), self.stick, tell=tell, anywhere=anywhere
        ).run()

    def manifest(self) -> Manifest:
        return read_manifest(self.parcel, SiteIdentity(self.tls).ca)

    def on_stick(self) -> set[str]:
        """Ids of the payload files, whole or not."""
        return {path.stem for path in self.parcel.directory.rglob("*.rec")}
