"""Waiting for another process: nothing tells us that it is done, so it is looked at again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_for(
    true: Callable[[], bool],
    within_s: float,
    say: Callable[[], str] = lambda: "not in time",
    every_s: float = 0.05,
) -> None:
    """Return once `true()`; after `within_s` it is an error that `say()` explains."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, say()
        time.sleep(every_s)  # the processor is for the process that is waited for
