"""Runs `rekamatan` with something planted in it, by the soak and never by the product.

`SOAK_TRIP="after rename spool/*.rec"`: the process dies (SIGKILL to itself) on that side of the
step of that name (`tests.soak.steps`), once `SOAK_PASS` of them have passed; what it died at is
written to `SOAK_STEPS`. `SOAK_NO_FSYNC=1`: fsync and fdatasync do nothing, which must be noticed.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_CALLS = ("fsync", "fdatasync", "rename", "replace", "unlink", "utime")
# The ledger's statements that are steps of a record, by what only they contain.
_COMMITS = {
    "INSERT OR IGNORE INTO record": "commit record",
    "attempts = attempts + 1": "commit attempt",
    "SET receipt = ?": "commit receipt",
}


class Trip:
    """Looks at every durable step and ends the process at the chosen one."""

    def __init__(self, chosen: str, passing: int, log: Path) -> None:
        self._side, _, self._step = chosen.partition(" ")
        self._passing = passing
        self._log = log
        self._lock = threading.Lock()

    def around(self, name: Callable[..., str], step: Callable[..., Any]) -> Callable[..., Any]:
        """The step, watched; `name` gets its arguments."""

        @functools.wraps(step)
        def watched(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any step of os
            here = self._is_chosen(name(*arguments))
            if here and self._side == "before":
                self._die()
            try:
                return step(*arguments, **named)
            finally:  # an unlink of what is gone already is a step too
                if here:
                    self._die()

        return watched

    def _is_chosen(self, name: str) -> bool:
        if name != self._step:
            return False
        with self._lock:
            self._passing -= 1
            return self._passing < 0

    def _die(self) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{self._side} {self._step}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _call(name: str) -> Callable[..., str]:
    def of(first: object = "", *_: object) -> str:
        return f"{name} {_kind(first)}"

    return of


def _kind(first: object) -> str:
    """The kind of file: `incoming/*.part`, a directory's name; `day` for one of the store's."""
    if isinstance(first, int):
        first = Path(f"/proc/self/fd/{first}").readlink()
    elif not isinstance(first, (str, os.PathLike)):
        return type(first).__name__
    path = Path(str(first))
    if path.suffix:
        return f"{path.parent.name}/*{path.suffix}"
    return "day" if path.name.isdigit() else path.name


def _commit(_ledger: object, statement: object = "", *_: object) -> str:
    if not isinstance(statement, str):
        return "commit record"  # the central ledger takes records, not SQL
    return next((name for part, name in _COMMITS.items() if part in statement), "commit other")


def plant() -> None:
    """Patch this process as the environment says."""
    if os.environ.get("SOAK_NO_FSYNC"):
        os.fsync = os.fdatasync = lambda _: None  # type: ignore[assignment] - that is the point
    chosen = os.environ.get("SOAK_TRIP", "")
    if chosen:
        trip = Trip(chosen, int(os.environ["SOAK_PASS"]), Path(os.environ["SOAK_STEPS"]))
        for name in _CALLS:
            setattr(os, name, trip.around(_call(name), getattr(os, name)))
        from rekamatan.records.site_ledger import SiteLedger  # noqa: PLC0415 - after patching

        SiteLedger._write = trip.around(_commit, SiteLedger._write)  # type: ignore[method-assign]
        try:
            from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - as above
        except ImportError:
            return
        CentralLedger.add = trip.around(_commit, CentralLedger.add)  # type: ignore[method-assign]


if __name__ == "__main__":
    plant()
    from rekamatan.cli import main

    sys.exit(main())
