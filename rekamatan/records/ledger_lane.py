"""The forwarder's third lane: the ledgers settled at start, every hour, and compared once a day."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import RekamatanError
from rekamatan.records.enquiry import Enquiry

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.lanes import Junction
    from rekamatan.records.settlement import Settlement
    from rekamatan.records.uplink import Uplink

_log = logging.getLogger(__name__)
_EVERY_S = 3600.0
_AGAIN_S = 60.0  # after a broken link; the record lanes try much sooner
_COMPARE_EVERY_S = 86_400.0
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class LedgerLane:
    """Runs `settlement` over connections of its own, so that it never stands in a record's way."""

    settlement: Settlement
    uplink: Callable[[], Uplink]
    junction: Junction
    silence_s: Callable[[], float]

    def run(self) -> None:
        """Work until the junction is stopped."""
        compared: float | None = None
        while not self.junction.stopped:
            whole = compared is None or time.monotonic() - compared >= _COMPARE_EVERY_S
            settled = self._settle(whole=whole)
            if settled and whole:
                compared = time.monotonic()
            self.junction.rest(_EVERY_S if settled else _AGAIN_S)

    def _settle(self, *, whole: bool) -> bool:
        while (wait := self.silence_s()) > 0 and not self.junction.stopped:
            self.junction.rest(min(wait, _POLL_S))
        connection = None
        try:
            connection = self.uplink().connect()
            self.settlement.run(Enquiry(connection), whole=whole)
        except (RekamatanError, OSError) as error:
            _log.warning("ledger lane: %s", error)
            return False
        finally:
            if connection is not None:
                with suppress(OSError):
                    connection.close()
        return True
