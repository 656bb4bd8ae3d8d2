"""Brings the spool to the data centre and lets a payload go only after its verified receipt."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rekamatan.errors import RekamatanError
from rekamatan.quiet import remaining_s
from rekamatan.records.delivery import Delivery
from rekamatan.records.ledger_lane import LedgerLane
from rekamatan.records.offtime import note_alive, note_start
from rekamatan.records.settlement import Settlement

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.lanes import Junction, Lane
    from rekamatan.records.receipts import ReceiptVerifier
    from rekamatan.records.spool import Spool
    from rekamatan.records.uplink import Uplink

_log = logging.getLogger(__name__)
_POLL_S = 0.1  # a captured record is on its way within it; the question costs 50 microseconds
_BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0)
_PURGE_EVERY_S = 3600.0
_ALIVE_EVERY_S = 60.0


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
        """One lane: step by step; a broken link lengthens the rest up to 15 s."""
        settings = (self.spool, self.verifier, self.junction, self.uplink, self.silence_s)
        delivery = Delivery(lane, *settings)
        failures = 0
        while not self.junction.stopped:
            try:
                before = delivery.answered
                idle = not delivery.step()
                if idle:
                    self.junction.rest(_POLL_S)
                if idle or delivery.answered > before:
                    failures = 0
            except (RekamatanError, OSError) as error:
                _log.warning("%s lane: %s", lane, error)
                delivery.drop()
                self.junction.rest(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1
        delivery.drop()

    def _purge(self) -> None:
        try:
            for record_id in self.spool.purge(self.retention, self.verifier):
                _log.info("record %s purged: its receipt is older than the retention", record_id)
        except (RekamatanError, OSError):
            _log.exception("purge failed; tried again in an hour")
