"""Brings the spool to the data centre and lets a payload go only after its verified receipt."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rekamatan.errors import RekamatanError
from rekamatan.quiet import remaining_s
from rekamatan.records.lanes import Junction, Lane, pick
from rekamatan.records.ledger_lane import LedgerLane
from rekamatan.records.metadata import Offer
from rekamatan.records.offtime import note_alive, note_start
from rekamatan.records.receipts import UnprovenError
from rekamatan.records.sender import LinkBrokenError, Progress, RefusedUploadError, Sender
from rekamatan.records.settlement import Settlement

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.receipts import ReceiptVerifier
    from rekamatan.records.site_ledger import SiteEntry
    from rekamatan.records.spool import Spool
    from rekamatan.records.uplink import Uplink, UplinkConnection

_log = logging.getLogger(__name__)
_alarm = logging.getLogger("rekamatan.records.alarm")
_POLL_S = 1.0
_BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0)
_PURGE_EVERY_S = 3600.0
_ALIVE_EVERY_S = 60.0
_SET_ASIDE_S = 600.0
_RECORD_AT_FAULT = {400, 413, 422, 460}


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Two lanes over one spool, and a third that keeps both ledgers in agreement.

    Args:
        uplink: asked before each new connection, so that the stall timer follows the active link.
        silence_s: seconds for which the gate wants the link for itself.
    """

    spool: Spool
    uplink: Callable[[], Uplink]
    verifier: ReceiptVerifier
    retention: timedelta
    junction: Junction
    silence_s: Callable[[], float] = remaining_s

    def run(self) -> None:
        """Work until `stop`; returns when all lanes have ended."""
        self.spool.adopt_payloads()
        self.spool.adopt_receipts(self.verifier)
        lanes: tuple[Lane, ...] = ("fresh", "bulk")
        threads = [
            threading.Thread(target=self._work, args=(lane,), name=lane, daemon=True)
            for lane in lanes
        ]
        settling = LedgerLane(
            Settlement(self.spool, self.verifier), self.uplink, self.junction, self.silence_s
        )
        threads.append(threading.Thread(target=settling.run, name="ledger", daemon=True))
        for thread in threads:
            thread.start()
        self._keep_house()
        for thread in threads:
            thread.join()

    def _keep_house(self) -> None:
        """Sign of life every minute, purge every hour, until stopped."""
        off = note_start(self.spool.ledger, datetime.now(UTC))
        if off is not None:
            _log.info("this server was off from %s to %s", off.since, off.until)
        purged: float | None = None
        while not self.junction.stopped:
            if purged is None or time.monotonic() - purged >= _PURGE_EVERY_S:
                self._purge()
                purged = time.monotonic()
            self.junction.rest(_ALIVE_EVERY_S)
            with suppress(RekamatanError):  # a full disk: the next minute tries again
                note_alive(self.spool.ledger, datetime.now(UTC))

    def stop(self) -> None:
        """Ask the lanes to end after the write they are in."""
        self.junction.stop()

    def _work(self, lane: Lane) -> None:
        """One lane: take, send, rest; a broken link lengthens the rest up to 15 s."""
        connection: UplinkConnection | None = None
        failures = 0
        while not self.junction.stopped:
            try:
                with self._next(lane) as entry:
                    if entry is not None:
                        connection = connection or self.uplink().connect()
                        self._deliver(connection, entry, lane)
                if entry is None:
                    self.junction.rest(_POLL_S)
                failures = 0
            except (RekamatanError, OSError) as error:
                _log.warning("%s lane: %s", lane, error)
                _hang_up(connection)
                connection = None
                self.junction.rest(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1
        _hang_up(connection)

    def _next(self, lane: Lane) -> AbstractContextManager[SiteEntry | None]:
        candidates = pick(self.spool.ledger.waiting(), lane, datetime.now(UTC))
        return self.junction.claim(candidates, lane)

    def _deliver(self, connection: UplinkConnection, entry: SiteEntry, lane: Lane) -> None:
        """Send one record; one that is refused for what it is must not hold up the others."""
        current = self.spool.ledger.find(entry.record_id)
        if current is None or current.receipt is not None:
            return  # the other lane brought it over since the list was read
        try:
            self._send(connection, current, lane)
        except FileNotFoundError:
            self._name_lost(current)
        except RefusedUploadError as error:
            if error.status not in _RECORD_AT_FAULT:
                raise
            _alarm.critical("record %s is not taken: %s", entry.record_id, error)
            self.junction.set_aside(entry.record_id, _SET_ASIDE_S)
        except UnprovenError as error:
            _alarm.critical("record %s stays: %s", entry.record_id, error)
            self.spool.name_finding(entry.record_id, "unproven", error.reason)
            self.junction.set_aside(entry.record_id, _SET_ASIDE_S)

    def _name_lost(self, entry: SiteEntry) -> None:
        """No payload for a waiting record; the others go on, and its receipt is asked for."""
        current = self.spool.ledger.find(entry.record_id)
        settled = current is None or current.receipt is not None
        if settled or self.spool.payload(entry).exists():
            return  # the ledger lane had its receipt meanwhile
        detail = "its payload is not in the spool, and there is no receipt"
        self.spool.name_finding(entry.record_id, "lost", detail)
        self.junction.set_aside(entry.record_id, _SET_ASIDE_S)

    def _send(self, connection: UplinkConnection, entry: SiteEntry, lane: Lane) -> None:
        offer = Offer(entry.record_id, entry.sha256, entry.size)
        progress = Progress()

        def before_write() -> None:
            if lane == "bulk":
                self.junction.give_way()
            self.junction.keep_quiet(self.silence_s)
            if self.junction.stopped:
                raise LinkBrokenError(entry.record_id, "upload", "the forwarder is stopping")

        self.spool.ledger.note_attempt(entry.record_id)
        try:
            with self.spool.payload(entry).open("rb") as body:
                sender = Sender(connection, offer, body, progress, before_write)
                signed = sender.send(tried_before=entry.attempts > 0)
        except RekamatanError:
            self.spool.ledger.note_offset(entry.record_id, progress.offset)
            raise
        self.verifier.check(signed, record_id=entry.record_id, sha256=entry.sha256, size=entry.size)
        self.spool.acknowledge(entry, signed)
        _log.info("%s lane: record %s acknowledged", lane, entry.record_id)

    def _purge(self) -> None:
        try:
            for record_id in self.spool.purge(self.retention, self.verifier):
                _log.info("record %s purged: its receipt is older than the retention", record_id)
        except (RekamatanError, OSError):
            _log.exception("purge failed; tried again in an hour")


def _hang_up(connection: UplinkConnection | None) -> None:
    if connection is not None:
        connection.close()
