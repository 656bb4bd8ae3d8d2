"""One lane's records on their way: written one behind the other, settled as they are answered."""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rekamatan.records.lanes import candidates
from rekamatan.records.metadata import Offer
from rekamatan.records.pipeline import Pipeline
from rekamatan.records.receipts import UnprovenError
from rekamatan.records.sender import LinkBrokenError, Progress, RefusedUploadError, Sender

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.lanes import Junction, Lane
    from rekamatan.records.receipts import ReceiptVerifier
    from rekamatan.records.site_ledger import SiteEntry
    from rekamatan.records.spool import Spool
    from rekamatan.records.uplink import Uplink

_log = logging.getLogger(__name__)
_alarm = logging.getLogger("rekamatan.records.alarm")
_UNANSWERED = 4  # records on one connection; on every link the next one's bytes fill a round trip
_LOOK_S = 0.1  # while answers are out, how often a record captured meanwhile is looked for
_SET_ASIDE_S = 600.0
_RECORD_AT_FAULT = {400, 413, 422, 460}


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A record whose answer is out, and what is let go with it: its claim and its file."""

    entry: SiteEntry
    sender: Sender
    held: ExitStack


@dataclass(slots=True)
class Delivery:
    """Takes what its lane has to send. Errors mean: `drop`, rest, and step again.

    Args:
        uplink: asked before each new connection, so that the stall timer follows the active link.
        silence_s: seconds for which the gate wants the link for itself.
    """

    lane: Lane
    spool: Spool
    verifier: ReceiptVerifier
    junction: Junction
    uplink: Callable[[], Uplink]
    silence_s: Callable[[], float]
    answered: int = field(init=False, default=0)  # records, since the start
    _pipeline: Pipeline | None = field(init=False, default=None)
    _under_way: deque[_UnderWay] = field(init=False, default_factory=deque)
    _heard: float = field(init=False, default=0.0)  # monotonic: last byte written or answer read

    def step(self) -> bool:
        """Begin the next record, or wait a moment for an answer; False: nothing to do.

        Raises:
            LinkBrokenError, RefusedUploadError: the link does not carry it now, or the data centre
                takes nothing now.
        """
        self._settle_answered()
        if len(self._under_way) < _UNANSWERED:
            held = ExitStack()
            waiting = candidates(self.spool.ledger, self.junction, self.lane, datetime.now(UTC))
            entry = held.enter_context(self.junction.claim(waiting, self.lane))
            if entry is not None:
                self._take(entry, held)
                return True
            held.close()
        if self._under_way:
            self._settle_answered(_LOOK_S)
            self._check_silence()
            return True
        return False

    def drop(self) -> None:
        """Hang up; what was not answered is tried again, and the far end asked first."""
        if self._pipeline is not None:
            self._pipeline.close()
        while self._under_way:
            self._under_way.popleft().held.close()

    def _take(self, entry: SiteEntry, held: ExitStack) -> None:
        """Begin one record; it is let go when it is answered, or at once when nothing was begun."""
        with ExitStack() as unless_begun:
            unless_begun.push(held)
            current = self.spool.ledger.find(entry.record_id)
            if current is None or current.receipt is not None:
                return  # the other lane brought it over since the list was read
            try:
                body = held.enter_context(self.spool.payload(current).open("rb"))
            except FileNotFoundError:
                self._name_lost(current)
                return
            offer = Offer(current.record_id, current.sha256, current.size)
            sender = Sender(self._connection(), offer, body, Progress(), self._before_write)
            self._begin(_UnderWay(current, sender, held))
            unless_begun.pop_all()

    def _begin(self, record: _UnderWay) -> None:
        """A record that was tried before asks first: it goes alone, for more may follow."""
        tried_before = record.entry.attempts > 0
        if tried_before:
            self._settle_all()
        self.spool.ledger.note_attempt(record.entry.record_id)
        record.sender.begin(tried_before=tried_before)
        self._heard = time.monotonic()
        self._under_way.append(record)
        if tried_before:
            self._settle_all()

    def _connection(self) -> Pipeline:
        if self._pipeline is None or not self._pipeline.open:
            self._pipeline = Pipeline(self.uplink())
        return self._pipeline

    def _before_write(self) -> None:
        self._settle_answered()
        if self.lane == "bulk":
            self.junction.give_way()
        self.junction.keep_quiet(self.silence_s)
        if self.junction.stopped:
            raise LinkBrokenError(self.lane, "upload", "the forwarder is stopping")

    def _settle_answered(self, within_s: float = 0.0) -> None:
        while self._under_way and self._pipeline is not None and self._pipeline.answered(within_s):
            self._settle()
            within_s = 0.0

    def _settle_all(self) -> None:
        while self._under_way:
            self._settle()

    def _check_silence(self) -> None:
        """`answered` does not wait for long: that nothing is heard at all is found out here."""
        if self._pipeline is None or not self._under_way:
            return
        if not self._pipeline.open or time.monotonic() - self._heard > self._pipeline.stall_s:
            record_id = self._under_way[0].entry.record_id
            raise LinkBrokenError(record_id, "upload", "no answer came")

    def _settle(self) -> None:
        """Take the oldest answer; a record refused for what it is must not hold up the others."""
        record = self._under_way.popleft()
        entry = record.entry
        with record.held:
            try:
                signed = record.sender.finish()
                self.answered += 1
                self._heard = time.monotonic()
                self.verifier.check(
                    signed, record_id=entry.record_id, sha256=entry.sha256, size=entry.size
                )
                self.spool.acknowledge(entry, signed)
                _log.info("%s lane: record %s acknowledged", self.lane, entry.record_id)
            except UnprovenError as error:
                _alarm.critical("record %s stays: %s", entry.record_id, error)
                self.spool.name_finding(entry.record_id, "unproven", error.reason)
                self.junction.set_aside(entry.record_id, _SET_ASIDE_S)
            except (LinkBrokenError, RefusedUploadError) as error:
                self.spool.ledger.note_offset(entry.record_id, record.sender.progress.offset)
                if (
                    not isinstance(error, RefusedUploadError)
                    or error.status not in _RECORD_AT_FAULT
                ):
                    raise
                _alarm.critical("record %s is not taken: %s", entry.record_id, error)
                self.junction.set_aside(entry.record_id, _SET_ASIDE_S)
                self.drop()  # its connection is closed; those begun behind it start again

    def _name_lost(self, entry: SiteEntry) -> None:
        """No payload for a waiting record; the others go on, and its receipt is asked for."""
        current = self.spool.ledger.find(entry.record_id)
        settled = current is None or current.receipt is not None
        if settled or self.spool.payload(entry).exists():
            return  # the ledger lane had its receipt meanwhile
        detail = "its payload is not in the spool, and there is no receipt"
        self.spool.name_finding(entry.record_id, "lost", detail)
        self.junction.set_aside(entry.record_id, _SET_ASIDE_S)
