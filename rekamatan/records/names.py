"""What a record is called: its id, and the file name that carries all a ledger row needs.

A finished record is stored as `<id>.<sha256>.<owner>.rec`. One atomic rename thus publishes bytes
and facts together, and a lost ledger can be rebuilt from a directory listing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rekamatan.errors import RecordError

_RECORD_ID = re.compile(r"[a-z0-9][a-z0-9-]{7,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OWNER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}(\.[a-z0-9][a-z0-9-]{0,62})?")
_CANARY_PREFIX = "canary-"
_SUFFIX = ".rec"


def is_canary(record_id: str) -> bool:
    """True for a test record: acknowledged like any other, never counted, kept for a day."""
    return record_id.startswith(_CANARY_PREFIX)


def is_record_id(text: str) -> bool:
    """True for a name that is safe in a path and a URL; UUIDs in lower case are."""
    return _RECORD_ID.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    """True for 64 lower-case hexadecimal digits."""
    return _SHA256.fullmatch(text) is not None


def is_owner(text: str) -> bool:
    """True for a site slug (`kubu`) or a workstation of a site (`ws1.kubu`)."""
    return _OWNER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class RecordName:
    """Id, hash and owner of a finished record, as its file name says them."""

    record_id: str
    sha256: str
    owner: str  # the certificate's CN that delivered it

    @property
    def file_name(self) -> str:
        """`<id>.<sha256>.<owner>.rec`."""
        return f"{self.record_id}.{self.sha256}.{self.owner}{_SUFFIX}"

    @classmethod
    def parse(cls, file_name: str) -> RecordName:
        """The inverse of `file_name`.

        Raises:
            RecordError: the file is not a record; nothing is guessed about it.
        """
        parts = file_name.removesuffix(_SUFFIX).split(".", 2)
        sound = file_name.endswith(_SUFFIX) and len(parts) == 3  # noqa: PLR2004 - id, sha256, owner
        if not sound or not (is_record_id(parts[0]) and is_sha256(parts[1]) and is_owner(parts[2])):
            raise RecordError(
                file_name,
                "read record name",
                "not <id>.<sha256>.<owner>.rec",
                "move the file out of the record directories and ask who put it there",
            )
        return cls(*parts)
