"""The revert timer of IOS as the device shows it. Pure: text in, data out.

Source: the answers of `show archive config rollback timer` as napalm 5.2 reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_MINUTES = 120
MINUTE_S = 60
NONE_PENDING = "No Rollback Confirmed Change pending"
_VALUE = re.compile(r"Timer value: (\d+) min")
_SINCE = re.compile(r"Time configured[^:]*: (\d\d:\d\d:\d\d)\S* \S+ \w{3} (\w{3} +\d+ \d{4})")
_CLOCK = re.compile(r"(\d\d:\d\d:\d\d)\S* \S+ \w{3} (\w{3} +\d+ \d{4})")
_USER = re.compile(r"User: (\S+?)(?:\(|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RevertTimer:
    """A pending rollback as the device shows it."""

    minutes: int
    since: datetime | None
    user: str


def parse_revert_timer(text: str) -> RevertTimer | None:
    """The pending rollback; None when there is none. Pure."""
    value = _VALUE.search(text)
    if not value:
        return None
    since, user = _SINCE.search(text), _USER.search(text)
    return RevertTimer(int(value[1]), _moment(since), user[1] if user else "unknown")


def parse_clock(text: str) -> datetime | None:
    """The device's own time from `show clock`, `*` and `.` before it allowed. Pure."""
    return _moment(_CLOCK.search(text))


def _moment(match: re.Match[str] | None) -> datetime | None:
    if match is None:
        return None
    layout = "%H:%M:%S %b %d %Y"
    return datetime.strptime(f"{match[1]} {match[2]}", layout).replace(tzinfo=UTC)


def minutes_for(seconds: int) -> int:
    """The revert timer's minutes: always later than the applet, which counts the seconds."""
    return seconds // MINUTE_S + 1
