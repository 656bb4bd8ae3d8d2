"""Loaded by Schemathesis: the body of tus is bytes, and of what it makes up about half is right.

A random announcement is never one of a record: without this no made-up body would be read.
"""

from __future__ import annotations

import hashlib
from typing import Any

import schemathesis

from tests.records.hostile import metadata

KNOWN_ID = "described-0001"  # announced by the test before, never finished
KNOWN_BYTES = 1_000_000

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.hook
def map_path_parameters(_context: object, given: dict[str, Any] | None) -> dict[str, Any] | None:
    """Half of what is asked for exists."""
    return {**given, "id": KNOWN_ID} if given and len(str(given.get("id", ""))) % 2 else given


@schemathesis.hook
def map_headers(_context: object, given: dict[str, Any] | None) -> dict[str, Any] | None:
    """Half of what is announced could be a record."""
    if not given:
        return given
    return {
        name: _right(name, value) if len(str(value)) % 2 else value for name, value in given.items()
    }


def _right(name: str, value: object) -> object:
    digest = hashlib.sha256(repr(value).encode()).hexdigest()
    right = {
        "Upload-Offset": "0",
        "Upload-Length": str(KNOWN_BYTES),
        "Upload-Metadata": metadata(id=f"described-{digest[:16]}", sha256=digest),
    }
    return right.get(name, value)
