"""When the server itself was off: an office that switches off at night has no fault of its link.

The forwarder notes every minute that it is alive; at its start a long silence is a time without
power, and is kept with its two ends.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from rekamatan.records.archive import SECONDS_FORMAT, moment_of

if TYPE_CHECKING:
    from rekamatan.records.site_ledger import SiteLedger

ALIVE = "alive-at"
OFF = "last-off"
_SILENCE = timedelta(minutes=15)  # shorter ones are restarts and updates
_EVENING, _MORNING, _NIGHT_AT_LEAST = 14, 10, timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class OffTime:
    """One time without power."""

    since: str  # ISO 8601 UTC, the last sign of life
    until: str  # the first one after it

    @property
    def span(self) -> timedelta:
        """How long."""
        return moment_of(self.until) - moment_of(self.since)

    def is_night(self, zone: tzinfo | None = None) -> bool:
        """Off after office hours and on again in the morning, by the clock on the wall there."""
        evening, morning = (
            moment_of(self.since).astimezone(zone),
            moment_of(self.until).astimezone(zone),
        )
        hours = evening.hour >= _EVENING and morning.hour < _MORNING
        return hours and self.span >= _NIGHT_AT_LEAST


def note_start(ledger: SiteLedger, now: datetime) -> OffTime | None:
    """Called once at a start: the time without power before it, if there was one."""
    alive = ledger.note(ALIVE)
    note_alive(ledger, now)
    if not alive or now - moment_of(alive) < _SILENCE:
        return None  # also when the clock went back: a silence of unknown length is not claimed
    off = OffTime(alive, now.strftime(SECONDS_FORMAT))
    ledger.remember(OFF, json.dumps(asdict(off)))
    return off


def note_alive(ledger: SiteLedger, now: datetime) -> None:
    """Called every minute."""
    ledger.remember(ALIVE, now.strftime(SECONDS_FORMAT))


def parse_off(note: str | None) -> OffTime | None:
    """The last time without power as the ledger keeps it; None when there was none."""
    return OffTime(**json.loads(note)) if note else None
