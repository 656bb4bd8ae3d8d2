"""Following work at a site over a link that may die: ask, and ask again until a deadline.

The work itself runs at the site and needs nobody; only the news of it can be late.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rekamatan.errors import RekamatanError, UnknownOutcomeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.clock import Clock

T = TypeVar("T")
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 15.0
LONG_POLL_S = 15.0
REACH_TRIES = 4


class LinkLostError(Exception):
    """The session to the site ended, or could not be opened. Not a verdict on the work."""


class Channel(Protocol):
    """A way to run the receiver at a site."""

    def call(self, arguments: list[str], payload: bytes = b"") -> str:
        """Run the receiver with these arguments; its standard output.

        Raises:
            LinkLostError: no answer came; whether the verb ran is not known.
        """
        ...

    def reset(self) -> None:
        """Forget a session that may be dead, so that the next call opens a new one."""
        ...


@dataclass(slots=True)
class Ended:
    """How a followed apply ended, with the events of all its tasks."""

    exit_code: int
    events: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""

    @property
    def changed(self) -> bool:
        """Whether any task changed, or in check mode would change, something."""
        return any(event.get("changed") for event in self.events)

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The tasks that failed, in order."""
        return [event for event in self.events if event.get("status") == "failed"]


def answer(site: str, action: str, text: str) -> dict[str, Any]:
    """The receiver's JSON, or its stated reason as an error.

    Standard output may begin with what a login shell printed: the answer is the last line.
    """
    lines = text.strip().splitlines() or [""]
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except ValueError:
        raise RekamatanError(site, action, f"the site answered {lines[-1][:200]!r}") from None
    if "error" in found:
        raise RekamatanError(site, action, str(found["error"]))
    return found


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one site's answer is waited for while its link comes and goes."""

    site: str
    clock: Clock
    deadline: float  # on the clock's monotonic scale

    @property
    def over(self) -> bool:
        """True when the deadline has passed."""
        return self.clock.monotonic() > self.deadline

    def ask(self, action: str, attempt: Callable[[], T], reset: Callable[[], None]) -> T:
        """Repeat `attempt` while the link is lost, with growing pauses.

        Raises:
            UnknownOutcomeError: the deadline passed without an answer.
        """
        pause = FIRST_PAUSE_S
        while True:
            try:
                return attempt()
            except LinkLostError as lost:
                if self.clock.monotonic() + pause > self.deadline:
                    raise UnknownOutcomeError(
                        self.site,
                        action,
                        f"no answer before the deadline ({lost})",
                        "the site goes on by itself; run it again later to hear how it ended",
                    ) from lost
            self.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            reset()


def reach(attempt: Callable[[], T], reset: Callable[[], None], clock: Clock) -> T:
    """The first question to a site: a few tries, each over a session of its own.

    A session that an earlier run left open may be waiting on a link that was down since; every
    try over it would wait as long as the first.

    Raises:
        LinkLostError: no try was answered. Nothing was started at the site.
    """
    for number in range(REACH_TRIES - 1):
        try:
            return attempt()
        except LinkLostError:
            clock.sleep(FIRST_PAUSE_S * 2**number)
            reset()
    return attempt()


def follow_apply(
    channel: Channel,
    run_directory: str,
    patience: Patience,
    on_event: Callable[[dict[str, Any]], None],
) -> Ended:
    """Relay the events of a local apply until it ends.

    Raises:
        UnknownOutcomeError: the site did not answer before the deadline, or restarted.
    """
    action = "follow the apply"
    site = patience.site
    seen: list[dict[str, Any]] = []
    offset = 0
    while True:
        arguments = ["follow", run_directory, str(offset), str(LONG_POLL_S)]
        text = patience.ask(action, partial(channel.call, arguments), channel.reset)
        news = answer(site, action, text)
        offset = news["offset"]
        for event in news["events"]:
            seen.append(event)
            on_event(event)
        if news["state"] == "lost":
            reason, hint = "the server restarted in the middle", "run it again"
            raise UnknownOutcomeError(site, action, reason, hint)
        if news["state"] == "ended":
            return Ended(news["exit_code"], seen, news.get("log", ""))
        if patience.over:
            reason, hint = "it still runs after the deadline", "run it again to follow it further"
            raise UnknownOutcomeError(site, action, reason, hint)
