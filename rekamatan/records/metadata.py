"""The header `Upload-Metadata` of tus 1.0: comma-separated `key base64(value)` pairs."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from rekamatan.errors import RecordError
from rekamatan.records.names import is_record_id, is_sha256


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client announces before its first byte."""

    record_id: str
    sha256: str
    size: int

    def metadata(self) -> str:
        """`Upload-Metadata` for this record."""
        pairs = (("id", self.record_id), ("sha256", self.sha256))
        return ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs
        )

    @classmethod
    def from_headers(cls, length: str | None, metadata: str | None) -> Offer:
        """Read `Upload-Length` and `Upload-Metadata`.

        Raises:
            RecordError: one is missing or wrong; the reason says which.
        """
        values = parse_metadata(metadata or "")
        record_id, sha256 = values.get("id", ""), values.get("sha256", "").lower()
        if length is None or not (length.isascii() and length.isdigit()) or int(length) == 0:
            raise RecordError(
                "upload", "create", "Upload-Length must be the size in bytes, above 0"
            )
        if not is_record_id(record_id):
            raise RecordError("upload", "create", "metadata `id` must be [a-z0-9-], 8 to 64 long")
        if not is_sha256(sha256):
            raise RecordError(record_id, "create", "metadata `sha256` must be 64 hex digits")
        return cls(record_id, sha256, int(length))


def parse_metadata(header: str) -> dict[str, str]:
    """The pairs of the header, values decoded as UTF-8.

    Raises:
        RecordError: a value is not base64.
    """
    values: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            values[key] = base64.b64decode(value, validate=True).decode()
        except ValueError as error:  # not base64, not ASCII, or not UTF-8 inside
            raise RecordError("Upload-Metadata", f"decode {key}", "not base64 text") from error
    return values
