"""Which record goes next: a fresh lane (newest first), a bulk lane (oldest first) that yields."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from rekamatan.records.archive import SECONDS_FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from rekamatan.records.site_ledger import SiteEntry, SiteLedger

Lane = Literal["fresh", "bulk"]
# Younger than this is fresh. "Of today" would put a morning's outage ahead of the person who
# stands there now; a quarter of an hour holds what an office records meanwhile.
FRESH_S = 900.0
_LOOK_S = 1.0
YIELD_S = 40.0  # the data centre gives a silent connection 60 s


def candidates(
    ledger: SiteLedger, junction: Junction, lane: Lane, now: datetime
) -> list[SiteEntry]:
    """The lane's first records in the order it takes them, one of them free if any is.

    A record from the future (the clock jumped back) counts as fresh: it is the latest there is.
    """
    since = (now - timedelta(seconds=FRESH_S)).strftime(SECONDS_FORMAT)
    return ledger.waiting_next(since, fresh=lane == "fresh", most=junction.held + 1)


class Junction:
    """Where the two lanes meet: claims, so that none sends what the other does, and yielding."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._claimed: set[str] = set()
        self._set_aside: dict[str, float] = {}  # id -> monotonic time it may go again
        self._fresh_busy = 0  # how many the fresh lane holds
        self._stopped = False

    @contextmanager
    def claim(self, candidates: Sequence[SiteEntry], lane: Lane) -> Iterator[SiteEntry | None]:
        """Hold the first record the other lane does not hold; None when there is none."""
        with self._condition:
            entry = next((e for e in candidates if self._is_free(e.record_id)), None)
            if entry is not None:
                self._claimed.add(entry.record_id)
                self._fresh_busy += lane == "fresh"
        try:
            yield entry
        finally:
            with self._condition:
                if entry is not None:
                    self._claimed.discard(entry.record_id)
                    self._fresh_busy -= lane == "fresh"
                self._condition.notify_all()

    def set_aside(self, record_id: str, seconds: float) -> None:
        """Let the others pass a record that the data centre does not take."""
        with self._condition:
            self._set_aside[record_id] = time.monotonic() + seconds

    def give_way(self) -> None:
        """Called by the bulk lane between writes: wait while the fresh lane works, up to 40 s."""
        deadline = time.monotonic() + YIELD_S
        with self._condition:
            while self._fresh_busy and not self._stopped:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return
                self._condition.wait(remaining)

    def keep_quiet(self, silence_s: Callable[[], float]) -> None:
        """Wait while somebody else wants the link for himself, or until `stop`."""
        while (wait := silence_s()) > 0 and not self._stopped:
            self.rest(min(wait, _LOOK_S))  # the silence may end earlier than it was announced

    def rest(self, seconds: float) -> None:
        """Wait that long, or until `stop`."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopped, timeout=seconds)

    def stop(self) -> None:
        """End every wait."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    @property
    def held(self) -> int:
        """How many records are claimed, or set aside: at most so many are not free."""
        with self._condition:
            now = time.monotonic()
            over = [i for i, until in self._set_aside.items() if until <= now]
            for record_id in over:
                del self._set_aside[record_id]
            return len(self._claimed) + len(self._set_aside)

    @property
    def stopped(self) -> bool:
        """True after `stop`."""
        return self._stopped

    def _is_free(self, record_id: str) -> bool:
        waits = self._set_aside.get(record_id, 0.0) > time.monotonic()
        return record_id not in self._claimed and not waits
