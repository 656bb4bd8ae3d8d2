"""A receipt is believed only for the record, the site and the key it names."""

from __future__ import annotations

import base64
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rekamatan.errors import ConfigError
from rekamatan.records.receipts import (
    Receipt,
    ReceiptSigner,
    ReceiptVerifier,
    SignedReceipt,
    UnprovenError,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
RECEIPT = Receipt("00000000", "0" * 64, 7, "2026-01-01T00:00:00Z", "kubu", "pusat")
SIGNED = ReceiptSigner(KEY, "pusat").sign(RECEIPT)
CLAIMS: dict[str, Any] = {"record_id": "00000000", "sha256": "0" * 64, "size": 7}


def test_canonical_form_is_fixed() -> None:
    """Receipts are kept for years: these bytes must never change."""
    assert RECEIPT.canonical() == (
        b'{"dc":"pusat","id":"00000000","sha256":"' + b"0" * 64 + b'","site":"kubu",'
        b'"size":7,"stored_at":"2026-01-01T00:00:00Z"}'
    )


def test_reads_back_from_header_and_file() -> None:
    assert SignedReceipt.from_header(SIGNED.to_header()) == SIGNED
    assert SignedReceipt.from_json(SIGNED.to_json()) == SIGNED


def test_true_receipt_is_accepted() -> None:
    ReceiptVerifier(PUBLIC, "kubu").check(SIGNED, **CLAIMS)


@pytest.mark.parametrize("field", [field.name for field in fields(Receipt)])
def test_no_field_can_be_changed(field: str) -> None:
    changed = replace(RECEIPT, **{field: 8 if field == "size" else "x"})
    with pytest.raises(UnprovenError, match="signature"):
        ReceiptVerifier(PUBLIC, "kubu").check(SignedReceipt(changed, SIGNED.signature), **CLAIMS)


@pytest.mark.parametrize("claim", [{"record_id": "11111111"}, {"sha256": "1" * 64}, {"size": 8}])
def test_receipt_of_another_record_is_refused(claim: dict[str, Any]) -> None:
    with pytest.raises(UnprovenError, match="another record"):
        ReceiptVerifier(PUBLIC, "kubu").check(SIGNED, **{**CLAIMS, **claim})


def test_receipt_of_another_site_is_refused() -> None:
    with pytest.raises(UnprovenError, match="another record"):
        ReceiptVerifier(PUBLIC, "bangko").check(SIGNED, **CLAIMS)


@pytest.mark.parametrize("header", ["", "%%%", "AAAA", base64.b64encode(b"[]").decode()])
def test_garbage_is_no_receipt(header: str) -> None:
    with pytest.raises(UnprovenError):
        SignedReceipt.from_header(header)


def test_wrong_keys_name_their_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="receipt_public_key"):
        ReceiptVerifier("c2hvcnQ=", "kubu")
    (tmp_path / "key").write_text("not a key")
    with pytest.raises(ConfigError, match="receipt signing key"):
        ReceiptSigner.from_file(tmp_path / "key", "pusat")
