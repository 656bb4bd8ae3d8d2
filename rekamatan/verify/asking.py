"""How long one question to the data centre is asked before no answer means that there is none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# A weak link is out for 1-10 s several times an hour (`gaps` in lab/link_profiles.json): that is
# daily life, so a question lasts longer. More would eat the probes' share of a switch's time.
QUESTION_S = 15
TRY_S = 3.0  # for one datagram: the answer of a loaded VSAT takes 2 s


def answered(
    ask: Callable[[float], T | None],
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[T | None, str]:
    """Ask, at most every `TRY_S` seconds, until there is an answer or `QUESTION_S` are over.

    An error that comes at once, as from a modem without a bearer, does not end it any sooner.

    Args:
        ask: one try, given the seconds that are left; None or `OSError` when it got no answer.
        monotonic: seconds.
        sleep: waits so many seconds.

    Returns:
        The answer, or None; and what the last try that failed said, in words.
    """
    until, detail = monotonic() + QUESTION_S, ""
    while True:
        began = monotonic()
        try:
            found = ask(until - began)
        except OSError as error:
            found, detail = None, str(error)
        again = max(monotonic(), began + TRY_S)
        if found is not None or again >= until:
            return found, detail
        sleep(max(0.0, again - monotonic()))
