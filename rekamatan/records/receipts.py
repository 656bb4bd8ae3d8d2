"""The data centre's durable acknowledgement of one record, signed with Ed25519.

Canonical form: JSON with sorted keys, no spaces, ASCII, without the `signature` member. On the
wire a receipt travels base64-encoded in the header `Rekamatan-Receipt`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rekamatan.errors import ConfigError, RecordError

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import Site

RECEIPT_HEADER = "Rekamatan-Receipt"
_RAW_KEY_BYTES = 32


class UnprovenError(RecordError):
    """What came as a receipt proves nothing for this record; the record stays."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the data centre promises: these bytes of this site are durable since `stored_at`."""

    id: str
    sha256: str
    size: int
    stored_at: str  # ISO 8601 UTC, whole seconds
    site: str
    dc: str

    def canonical(self) -> bytes:
        """The bytes that are signed."""
        return _canonical_json(asdict(self))


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt and the signature over its canonical bytes."""

    receipt: Receipt
    signature: str  # base64 of 64 bytes

    def members(self) -> dict[str, object]:
        """As one JSON object."""
        return {**asdict(self.receipt), "signature": self.signature}

    def to_json(self) -> str:
        """One line, as kept under `receipts/`."""
        return _canonical_json(self.members()).decode()

    def to_header(self) -> str:
        """The value of `Rekamatan-Receipt`."""
        return base64.b64encode(self.to_json().encode()).decode("ascii")

    @classmethod
    def from_json(cls, text: str) -> SignedReceipt:
        """Read one receipt; the signature is not checked here.

        Raises:
            UnprovenError: not a receipt.
        """
        try:
            members = json.loads(text)
            signature = str(members.pop("signature"))
            size = int(members.pop("size"))
            return cls(Receipt(size=size, **{k: str(v) for k, v in members.items()}), signature)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnprovenError("receipt", "read", f"malformed: {error}") from error

    @classmethod
    def from_header(cls, value: str) -> SignedReceipt:
        """Read the header `Rekamatan-Receipt`; the signature is not checked here."""
        try:
            return cls.from_json(base64.b64decode(value, validate=True).decode())
        except ValueError as error:
            raise UnprovenError("receipt", "read", f"malformed header: {error}") from error


class ReceiptSigner:
    """The data centre's signing key and the name it signs with."""

    def __init__(self, key: Ed25519PrivateKey, data_centre: str) -> None:
        self._key = key
        self.data_centre = data_centre

    @classmethod
    def from_file(cls, path: Path, data_centre: str) -> ReceiptSigner:
        """Load base64 of the 32 raw bytes, as `vault_receipt_signing_key` holds it."""
        try:
            raw = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
            return cls(Ed25519PrivateKey.from_private_bytes(raw), data_centre)
        except (OSError, ValueError) as error:
            raise ConfigError(
                str(path),
                "receipt signing key",
                f"not base64 of {_RAW_KEY_BYTES} bytes: {type(error).__name__}",
                "apply role data_centre with vault_receipt_signing_key set",
            ) from error

    def sign(self, receipt: Receipt) -> SignedReceipt:
        """Sign; the same receipt always gives the same signature (Ed25519 is deterministic)."""
        signature = self._key.sign(receipt.canonical())
        return SignedReceipt(receipt, base64.b64encode(signature).decode("ascii"))


class ReceiptVerifier:
    """The pinned public key of the data centre, and what a receipt must match."""

    def __init__(self, public_key: str, site: str) -> None:
        """Take the key as base64 of 32 raw bytes; `site` is the slug receipts must name."""
        self._site = site
        try:
            raw = base64.b64decode(public_key, validate=True)
            self._key = Ed25519PublicKey.from_public_bytes(raw)
        except ValueError as error:
            raise ConfigError(
                "site.json",
                "data_centre.receipt_public_key",
                "not base64 of a 32-byte Ed25519 key",
                "copy data_centre_receipt_public_key from the inventory's public.yml",
            ) from error

    @classmethod
    def of_site(cls, site: Site) -> ReceiptVerifier:
        """For receipts of this site's records, with the key its settings pin."""
        return cls(site.data_centre.receipt_public_key, site.slug)

    def check(self, signed: SignedReceipt, *, record_id: str, sha256: str, size: int) -> None:
        """Accept a receipt for exactly this record of this site, or raise.

        Raises:
            UnprovenError: wrong signature, or a receipt for something else.
        """
        try:
            signature = base64.b64decode(signed.signature, validate=True)
            self._key.verify(signature, signed.receipt.canonical())
        except (InvalidSignature, ValueError) as error:
            raise UnprovenError(
                record_id,
                "verify receipt",
                "the signature is not the data centre's",
                "keep the record; check who answers under the data centre's name",
            ) from error
        receipt = signed.receipt
        found = (receipt.id, receipt.sha256, receipt.size, receipt.site)
        if found != (record_id, sha256, size, self._site):
            raise UnprovenError(record_id, "verify receipt", f"it is for another record: {found}")


def _canonical_json(members: dict[str, object]) -> bytes:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
