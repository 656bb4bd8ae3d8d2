"""A site's waiting records onto a stick: as often as wanted, with as many sticks as needed.

Every press ends in the same state: what the manifest names is on the stick, read back, and every
waiting record that fits is named. Nothing is removed from the server; only receipts do that.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.records.account import service_hands
from rekamatan.records.durable import make_directory, write_durably
from rekamatan.records.stick import (
    NOTE_EVERY_S,
    Parcel,
    Problem,
    Progress,
    StickError,
    parcels,
    stick_errors,
)
from rekamatan.records.stick_copy import BadSourceError, copy_to_stick, is_whole
from rekamatan.records.stick_manifest import FORMAT, Manifest, now_text, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rekamatan.records.stick_manifest import CarriedRecord, SiteIdentity
    from rekamatan.records.stick_source import Source, Waiting

_log = logging.getLogger(__name__)
_CARRIED = "carried.json"
# Old and new manifest, receipts written twice over: what must still fit when the last record does.
_PER_RECORD_BYTES = 1600
_SPARE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What is on the stick now."""

    site: str
    waiting: int  # records here without a receipt
    carried: int  # of them on this stick, whole and read back
    copied: int  # of those, by this press
    left: int  # not on this stick because it is full
    cleared: int  # taken off it: their receipts are here
    unfinished: int  # uploads that never ended; their workstations send them again
    full: bool
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        """Everything that waits is on this stick."""
        return self.carried == self.waiting and not self.problems


@dataclass(slots=True)
class Export:
    """One press of the button.

    Args:
        source: the record directory.
        identity: who signs.
        stick: where the stick is mounted.
        tell: called after every record.
        anywhere: also onto the disk the records are on; else that is refused, for it means that
            the stick is not mounted and the records would fill the server's own disk.
    """

    source: Source
    identity: SiteIdentity
    stick: Path
    tell: Callable[[Progress], None] = lambda _: None
    anywhere: bool = False
    _still_there: Callable[[], None] = field(default=lambda: None, init=False)
    _on_stick: dict[str, CarriedRecord] = field(default_factory=dict, init=False)
    _problems: list[Problem] = field(default_factory=list, init=False)
    _cleared: int = field(default=0, init=False)
    _copied: int = field(default=0, init=False)
    _full: bool = field(default=False, init=False)
    _waiting: set[str] = field(default_factory=set, init=False)  # ids

    def run(self) -> ExportReport:
        """Carry what waits; a full stick ends it early, with a sound manifest.

        Raises:
            StickError: read-only, gone, broken, in use, or not a stick at all.
            RecordError: the source is no record directory.
        """
        waiting, misnamed = self.source.waiting()
        self._problems += misnamed
        self._waiting = {one.record.id for one in waiting}
        parcel = self._open_parcel()
        with parcel.locked() as self._still_there:
            self._look_at_what_is_there(parcel)
            self._carry_all(parcel, self._in_order(waiting))
            self._note(parcel)
        self._remember()
        carried = len(self._waiting & self._on_stick.keys())
        bad = len(self._problems) - len(misnamed)
        return ExportReport(
            site=self.identity.site,
            waiting=len(self._waiting),
            carried=carried,
            copied=self._copied,
            left=len(self._waiting) - carried - bad,
            cleared=self._cleared,
            unfinished=self.source.unfinished(),
            full=self._full,
            problems=tuple(self._problems),
        )

    def _open_parcel(self) -> Parcel:
        parcels(self.stick)  # a mistyped path is said to be one
        parcel = Parcel(self.stick, self.identity.site)
        if not self.anywhere and self._same_disk():
            reason = "this is the server's own disk"
            hint = "mount the stick and name the directory it is mounted on"
            raise StickError("same_disk", self.stick, "export", reason, hint)
        with stick_errors(self.stick, "write"):
            make_directory(parcel.directory)
        return parcel

    def _same_disk(self) -> bool:
        return self.stick.stat().st_dev == self.source.directory.stat().st_dev

    def _look_at_what_is_there(self, parcel: Parcel) -> None:
        """Keep what an earlier press, or a dead server's disk, put here; clear what has arrived."""
        try:
            earlier = read_manifest(parcel, self.identity.ca).records
        except StickError as error:
            if error.code not in {"nothing_here", "forged"}:
                raise
            if error.code == "forged":
                _log.warning("%s; it is written anew", error)
            return
        for record in filter(lambda record: record.sound, earlier):
            path = parcel.payload(record)
            with stick_errors(self.stick, "look at what is there"):
                if self.source.acknowledged(record):
                    path.unlink(missing_ok=True)
                    self._cleared += 1
                elif is_whole(path, record):
                    self._on_stick[record.id] = record

    def _carry_all(self, parcel: Parcel, waiting: list[Waiting]) -> None:
        total_bytes = sum(w.record.size for w in waiting)
        done_bytes, noted = 0, time.monotonic()
        for count, one in enumerate(waiting, start=1):
            if self._on_stick.get(one.record.id) != one.record and not self._carry(parcel, one):
                return
            done_bytes += one.record.size
            self.tell(Progress(count, len(waiting), done_bytes, total_bytes))
            if time.monotonic() - noted >= NOTE_EVERY_S:
                self._note(parcel)
                noted = time.monotonic()

    def _carry(self, parcel: Parcel, one: Waiting) -> bool:
        """False when the stick is full; a record that is bad itself must not hold up the others."""
        self._still_there()
        target = parcel.payload(one.record)
        try:
            with stick_errors(self.stick, "look at what is there"):
                there = is_whole(target, one.record)
                room = shutil.disk_usage(self.stick).free - self._reserve()
            if not there and room < one.record.size:
                self._full = True
                return False
            if not there:
                copy_to_stick(one.path, target, one.record, self.stick)
                self._copied += 1
        except BadSourceError as error:
            self._blame(one.record, error)
            return True
        except StickError as error:
            if error.code != "full":
                raise
            self._full = True
            return False
        self._on_stick[one.record.id] = one.record
        return True

    def _blame(self, record: CarriedRecord, error: BadSourceError) -> None:
        if error.code == "missing" and self.source.acknowledged(record):
            self._waiting.discard(record.id)  # the link was quicker than the stick
            return
        self._problems.append(Problem(record.id, error.code, str(error)))

    def _reserve(self) -> int:
        return _SPARE_BYTES + _PER_RECORD_BYTES * (len(self._on_stick) + 1)

    def _note(self, parcel: Parcel) -> None:
        records = sorted(self._on_stick.values(), key=lambda r: (r.captured_at, r.id))
        manifest = Manifest(
            FORMAT,
            self.identity.site,
            now_text(),
            len(self._waiting),
            tuple(records),
            self.identity.certificate,
        )
        self._still_there()
        with stick_errors(self.stick, "write the manifest"):
            write_durably(parcel.manifest, self.identity.sign(manifest))

    def _in_order(self, waiting: list[Waiting]) -> list[Waiting]:
        """What is on no stick yet comes first: a second stick takes what the first had no room for.

        What is on this very stick costs no room, and comes before all.
        """
        carried = self._carried()

        def turn(one: Waiting) -> int:
            if one.record.id in self._on_stick:
                return 0
            return 2 if one.record.id in carried else 1

        return sorted(waiting, key=turn)

    def _carried(self) -> dict[str, str]:
        try:
            noted = json.loads((self.source.directory / _CARRIED).read_bytes())
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

    def _remember(self) -> None:
        """Note what left; on a dead server's read-only disk there is no place for it."""
        carried = {**self._carried(), **dict.fromkeys(self._on_stick, now_text())}
        still = {key: carried[key] for key in sorted(carried.keys() & self._waiting)}
        with suppress(OSError), service_hands():
            write_durably(self.source.directory / _CARRIED, json.dumps(still).encode())
