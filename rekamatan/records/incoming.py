"""Uploads that are not finished: `<id>.part` holds the bytes, `<id>.json` what was announced.

The size of the `.part` file *is* the offset, so nothing can disagree with it after a power cut.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.durable import fsync_directory, make_directory, write_durably
from rekamatan.records.metadata import Offer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAPTURE_SILENCE_S = 60.0  # an upload whose last byte is older than this is no longer in progress
SYNC_BYTES = 128 * 1024  # never more than this is at risk in a power cut


class DiskFullError(RecordError):
    """Below the free-space floor: new uploads are refused while what is here stays whole."""


class TooManyUnfinishedError(DiskFullError):
    """One owner has begun too many uploads: the others' room is not for it."""


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """One announced, unfinished record."""

    offer: Offer
    owner: str
    path: Path

    @property
    def offset(self) -> int:
        """Bytes received."""
        return self.path.stat().st_size

    @property
    def complete(self) -> bool:
        """All bytes are here; the hash is not yet checked."""
        return self.offset == self.offer.size

    def matches_hash(self) -> bool:
        """Read the file back and compare with the announced SHA-256."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.offer.sha256


class Incoming:
    """The directory of unfinished uploads and the free-space floor that guards it."""

    UNFINISHED_PER_OWNER = 64  # a workstation has one or two; beyond this it promises the disk away

    def __init__(
        self, directory: Path, floor_bytes: int, per_owner: int = UNFINISHED_PER_OWNER
    ) -> None:
        make_directory(directory)
        self._per_owner = per_owner
        self._directory = directory
        self._floor_bytes = floor_bytes
        self._space = threading.Lock()  # two uploads must not be promised the same bytes

    def find(self, record_id: str) -> PartialUpload | None:
        """The unfinished upload, or None."""
        return read_partial(self._directory, record_id)

    def create(self, offer: Offer, owner: str, *, under_way: bool = False) -> PartialUpload:
        """Announce an upload durably.

        One that ends a capture `under_way` may use half of the floor: it must be able to end.

        Raises:
            DiskFullError: it would not fit above the floor together with what is promised already.
        """
        with self._space:
            self._require_turn(offer, owner)
            self._require_space(offer, self._floor_bytes // 2 if under_way else self._floor_bytes)
            return self._announce(offer, owner)

    def room(self) -> int:
        """Bytes above the floor that nobody was promised; below 0 when the floor is passed."""
        return self._free() - self._floor_bytes

    def _announce(self, offer: Offer, owner: str) -> PartialUpload:
        part = self._directory / f"{offer.record_id}.part"
        announced = json.dumps({**asdict(offer), "owner": owner}).encode()
        write_durably(self._directory / f"{offer.record_id}.json", announced)
        part.touch(mode=0o640)
        fsync_directory(self._directory)
        return PartialUpload(offer, owner, part)

    def discard(self, record_id: str) -> None:
        """Forget an upload: finished elsewhere, altered on the way, or expired."""
        (self._directory / f"{record_id}.part").unlink(missing_ok=True)
        (self._directory / f"{record_id}.json").unlink(missing_ok=True)
        fsync_directory(self._directory)

    def expire(self, older_than_s: float) -> list[str]:
        """Discard uploads without a byte for that long; returns their ids."""
        limit = time.time() - older_than_s
        stale = [p for p in partials(self._directory) if p.path.stat().st_mtime < limit]
        for partial in stale:
            self.discard(partial.offer.record_id)
        return [partial.offer.record_id for partial in stale]

    def _free(self) -> int:
        promised = sum(_still_to_come(partial) for partial in partials(self._directory))
        return shutil.disk_usage(self._directory).free - promised

    def _require_turn(self, offer: Offer, owner: str) -> None:
        unfinished = sum(partial.owner == owner for partial in partials(self._directory))
        if unfinished >= self._per_owner:
            raise TooManyUnfinishedError(
                offer.record_id,
                "create upload",
                f"{owner} has {self._per_owner} unfinished uploads",
                "finish one of them first",
            )

    def _require_space(self, offer: Offer, floor_bytes: int) -> None:
        free = self._free()
        if free - offer.size < floor_bytes:
            raise DiskFullError(
                offer.record_id,
                "create upload",
                f"{free} bytes free, {offer.size} wanted, {floor_bytes} must stay free",
                "free space on the record partition; what is stored is safe",
            )


class PartialWriter:
    """Appends to one upload; at most `SYNC_BYTES` are ever not on the disk."""

    def __init__(self, partial: PartialUpload) -> None:
        self._descriptor = os.open(partial.path, os.O_WRONLY | os.O_APPEND)
        self._unsynced = 0

    def write(self, chunk: bytes) -> bool:
        """Append; True when it is time to call `sync`."""
        view = memoryview(chunk)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._unsynced += len(chunk)
        return self._unsynced >= SYNC_BYTES

    def sync(self) -> None:
        """Flush data to the disk."""
        os.fdatasync(self._descriptor)
        self._unsynced = 0

    def truncate(self, size: int) -> None:
        """Take back a chunk whose checksum was wrong."""
        os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Sync what is left and close; called on any break."""
        try:
            os.fdatasync(self._descriptor)
        finally:
            os.close(self._descriptor)


def read_partial(directory: Path, record_id: str) -> PartialUpload | None:
    """One unfinished upload, as far as both of its files exist and can be read."""
    part = directory / f"{record_id}.part"
    try:
        announced = json.loads((directory / f"{record_id}.json").read_bytes())
        owner = announced.pop("owner")
        part.stat()
        return PartialUpload(Offer(**announced), owner, part)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def partials(directory: Path) -> Iterator[PartialUpload]:
    """All unfinished uploads; one that finishes meanwhile is left out."""
    for path in sorted(directory.glob("*.part")):
        partial = read_partial(directory, path.stem)
        if partial is not None:
            yield partial


def _still_to_come(partial: PartialUpload) -> int:
    try:
        return partial.offer.size - partial.offset
    except FileNotFoundError:
        return 0  # finished between listing and looking
