"""Captures from their very beginning: may one begin, which are under way, which may still end.

An upload is only the end of a capture: before it a person stands at the desk for minutes. A
workstation that asks before it begins gets a permit, a file `captures/<id>.json`: the WAN switch
sees the capture at once, and what began under a permit may end, whatever happens to link and disk.
A workstation that never asks is seen from its upload on.
"""

from __future__ import annotations

import errno
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.capture_words import CaptureStoppedError, Code
from rekamatan.records.durable import fsync_directory, make_directory, write_durably
from rekamatan.records.incoming import CAPTURE_SILENCE_S, partials
from rekamatan.records.names import is_canary, is_record_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Field reports give 3 to 10 minutes a person; a workstation at work asks again within that time.
ACTIVE_S = 900.0
# A capture that was allowed may be brought for a day: its person has gone home long since.
VALID_S = 86_400.0
RESERVE_BYTES = 8 * 1024 * 1024  # kept free for each permit; records are 0.3 to 5 MB
DIRECTORY = "captures"


@dataclass(frozen=True, slots=True)
class CaptureDesk:
    """Decides whether a new capture may begin.

    Args:
        directory: the record directory.
        room: bytes that new records may still take above the floor.
        online: True while the data centre answers; None while nobody knows yet.
        online_only: the district's policy; else captures go on without the link.
    """

    directory: Path
    room: Callable[[], int]
    online: Callable[[], bool | None] = lambda: None
    online_only: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def begin(self, record_id: str, owner: str) -> None:
        """Give a permit, durably, or renew the one there is.

        Raises:
            CaptureStoppedError: not now; nothing was changed.
            RecordError: the id cannot be a record's, or another workstation holds it.
        """
        if not is_record_id(record_id) or is_canary(record_id):
            raise RecordError("capture", "begin", "`id` must be [a-z0-9-], 8 to 64 long")
        with self._lock:
            holder = self._owner(record_id)
            if holder not in {None, owner}:
                raise RecordError(record_id, "begin capture", "another workstation has this id")
            if holder is None:
                self._require(record_id, new=True)
            try:
                make_directory(self._permits)
                write_durably(self._permit(record_id), json.dumps({"owner": owner}).encode())
            except OSError as error:
                if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                    raise
                raise CaptureStoppedError("disk_full", record_id, "no space left") from error

    def admit(self, record_id: str, owner: str) -> bool:
        """An upload announces itself: True when it ends a capture that was allowed to begin.

        Raises:
            CaptureStoppedError: it has no permit, and captures are stopped.
        """
        if self._owner(record_id) == owner:
            return True
        self._require(record_id, new=False)
        return False

    def end(self, record_id: str, owner: str) -> None:
        """The record is here, or the capture was given up."""
        if self._owner(record_id) == owner:
            self._permit(record_id).unlink(missing_ok=True)
            fsync_directory(self._permits)

    def stopped(self) -> Code | None:
        """Why a new capture may not begin now; None when it may."""
        if self.online_only and self.online() is not True:
            return "offline"
        if self.room() < RESERVE_BYTES * (self._open() + 1):
            return "disk_full"
        return None

    def expire(self) -> list[str]:
        """Forget permits nobody used for a day; returns their ids."""
        limit = time.time() - VALID_S
        stale = [path for path in permits(self.directory) if _changed(path) < limit]
        for path in stale:
            path.unlink(missing_ok=True)
        return [path.stem for path in stale]

    def _require(self, record_id: str, *, new: bool) -> None:
        """An upload brings its own size to the floor's check; only a beginning asks for room."""
        code = self.stopped()
        if code == "offline":
            raise CaptureStoppedError(code, record_id, "the data centre is out of reach")
        if code == "disk_full" and new:
            raise CaptureStoppedError(code, record_id, "below the floor of free space")

    def _open(self) -> int:
        return sum(1 for _ in permits(self.directory))

    @property
    def _permits(self) -> Path:
        return self.directory / DIRECTORY

    def _permit(self, record_id: str) -> Path:
        return self._permits / f"{record_id}.json"

    def _owner(self, record_id: str) -> str | None:
        try:
            return str(json.loads(self._permit(record_id).read_bytes())["owner"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def permits(directory: Path) -> Iterator[Path]:
    """The permit files of a record directory."""
    yield from sorted((directory / DIRECTORY).glob("*.json"))


def active_captures(directory: Path) -> int:
    """Captures under way: permits renewed lately, and uploads that got a byte lately.

    Read from the disk, by any process. A clock that jumped back makes ages negative: better one
    refused switch than a capture cut off.
    """
    now = time.time()
    active = {path.stem for path in permits(directory) if now - _changed(path) < ACTIVE_S}
    for partial in partials(directory / "incoming"):
        if now - _changed(partial.path) < CAPTURE_SILENCE_S:
            active.add(partial.offer.record_id)
    return len(active)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("-inf")  # ended between listing and looking
