"""A maintenance window: the hours in which an office may be without its link for a survey."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rekamatan.errors import ConfigError
from rekamatan.wan.plan import Reason

LONGEST = timedelta(hours=12)  # a night; what is longer is no window but a habit
EXAMPLE = "write 2026-03-01T20:00+07:00/2026-03-01T22:00+07:00"


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, not including, `end`."""

    start: datetime
    end: datetime


def read_window(text: str) -> Window:
    """The window in `start/end`, two moments of ISO 8601, each with its zone.

    Raises:
        ConfigError: it is none, or longer than `LONGEST`.
    """
    first, _, last = text.partition("/")
    try:
        window = Window(datetime.fromisoformat(first), datetime.fromisoformat(last))
    except ValueError:
        raise ConfigError("--window", text, "no two moments", EXAMPLE) from None
    if window.start.tzinfo is None or window.end.tzinfo is None:
        raise ConfigError("--window", text, "a moment has no zone", EXAMPLE)
    if not timedelta(0) < window.end - window.start <= LONGEST:
        hours = LONGEST // timedelta(hours=1)
        raise ConfigError("--window", text, f"it is not between 0 and {hours} hours long", EXAMPLE)
    return window


def window_reasons(text: str, now: datetime, needed_s: float) -> tuple[Reason, ...]:
    """Why a survey that takes up to `needed_s` seconds must not begin now; empty when it may."""
    if not text:
        return (Reason("no_window", "moving the SIM drops the link: it needs a window"),)
    try:
        window = read_window(text)
    except ConfigError as error:
        return (Reason("no_window", str(error)),)
    clock = f"the server's clock says {now.isoformat(timespec='minutes')}"
    if now < window.start:
        return (Reason("window_not_yet", f"it begins at {window.start.isoformat()}; {clock}"),)
    if now + timedelta(seconds=needed_s) > window.end:
        detail = f"it ends at {window.end.isoformat()}, a survey takes up to {needed_s:g} s"
        return (Reason("window_over", f"{detail}; {clock}"),)
    return ()
