"""RouterOS values: numbers with units, durations, dates, truth. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DURATION_PART = re.compile(r"(\d+)([wdhms])")
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


def number(text: str | None) -> float | None:
    """The number in `-97dBm`, `-113 dBm`, `-5.5dB`; None where there is none."""
    match = _NUMBER.search(text or "")
    return float(match[0]) if match else None


def parse_duration(text: str) -> int | None:
    """Seconds of `5m`, `1d2h`, `1d02:00:00`, `00:05:00`; None when it is none."""
    clock = re.fullmatch(r"((?:\d+[wd])*)(\d+):(\d\d):(\d\d)", text)
    if clock:
        hours, minutes, seconds = (int(part) for part in clock.groups()[1:])
        return (parse_duration(clock[1]) or 0) + hours * 3600 + minutes * 60 + seconds
    if re.fullmatch(r"(?:\d+[wdhms])+", text):
        return sum(int(count) * _UNITS[unit] for count, unit in _DURATION_PART.findall(text))
    return int(text) if re.fullmatch(r"[0-9]+", text) else None


def parse_moment(text: str, today: str = "") -> datetime | None:
    """A date and time as RouterOS prints it, old (`nov/24/2026`) or new (`2026-11-24`) style.

    Args:
        text: "2026-11-24 04:10:00", "nov/24/2026 04:10:00" or "04:10:00".
        today: the device's date, for a time that stands alone.
    """
    if re.fullmatch(r"\d\d:\d\d:\d\d", text):
        text = f"{today} {text}"
    for layout in ("%Y-%m-%d %H:%M:%S", "%b/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text.title(), layout).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def remaining_seconds(next_run: str, today: str, time: str) -> float | None:
    """Seconds from the device's own clock until `next_run`; None where they cannot be told."""
    now, then = parse_moment(f"{today} {time}"), parse_moment(next_run, today)
    if now is None or then is None:
        return None
    if then < now and re.fullmatch(r"\d\d:\d\d:\d\d", next_run):
        then += timedelta(days=1)
    return max(0.0, (then - now).total_seconds())


def same_value(shown: str, wanted: str) -> bool:
    """Whether a read value is the wanted one.

    `get` says true where `set` says yes; lists come back in another order, with `;`, and with what
    is not granted as `!name`.
    """
    return _canonical(shown) == _canonical(wanted)


def _canonical(text: str) -> list[str]:
    parts = [part for part in re.split("[,;]", truth(text)) if not part.startswith("!")]
    return sorted(parts)


def truth(text: str) -> str:
    """A value as `get` shows it: booleans as true and false."""
    return {"yes": "true", "no": "false"}.get(text, text)
