"""Values as RouterOS writes them: durations, truth, text."""

from __future__ import annotations

import re

Value = str | bool | int | list[str] | None

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_CLOCK = re.compile(r"(\d+):(\d{2}):(\d{2})")


class ScriptError(Exception):
    """A command failed while running; the message is RouterOS's own."""


def seconds_of(text: str) -> int | None:
    """Seconds of `5m`, `1m30s`, `00:05:00` or `90`; None when it is no duration."""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    found = _DURATION.fullmatch(text)
    if not text or not found:
        return None
    return sum(int(n) * unit for n, unit in zip(found.groups(), _UNITS.values(), strict=True) if n)


def duration_text(seconds: int) -> str:
    """Seconds as RouterOS prints an interval: `1m30s`, zero as `0s`."""
    text = ""
    for name, unit in _UNITS.items():
        count, seconds = divmod(seconds, unit)
        text += f"{count}{name}" if count else ""
    return text or "0s"


def text_of(value: Value) -> str:
    """A value as `:put` prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(value)
    return "" if value is None else str(value)


def truth_of(value: Value) -> bool:
    """A value as a condition. Raises `ScriptError` for text that is neither."""
    if isinstance(value, bool):
        return value
    text = text_of(value)
    if text in {"true", "yes"}:
        return True
    if text in {"false", "no", ""}:
        return False
    raise ScriptError("conditional not boolean")


def quote(text: str) -> str:
    """Text in quotes, as `print detail` shows names."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'
