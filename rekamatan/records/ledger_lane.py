"""The forwarder's third lane: the ledgers settled at start, every hour, and compared once a day."""

from __future__ import annotations

import logging
import time
from contextlib import closing
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
        self.junction.keep_quiet(self.silence_s)
        try:
            with closing(self.uplink().connect()) as connection:
                self.settlement.run(Enquiry(connection), whole=whole)
        except (RekamatanError, OSError) as error:
            _log.warning("ledger lane: %s", error)
            return False
        return True
