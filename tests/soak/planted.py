"""Runs `rekamatan` with something planted in it, by the soak and never by the product.

`SOAK_TRIP=n`: the process dies (SIGKILL to itself) at its n-th durable step, odd n before the step
and even n after it; the step is written to `SOAK_STEPS`. `SOAK_NO_FSYNC=1`: fsync and fdatasync do
nothing, which the soak must notice.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS = ("fsync", "fdatasync", "rename", "replace", "unlink", "utime", "ftruncate")


class Trip:
    """Counts durable steps and ends the process at the chosen one."""

    def __init__(self, at: int, log: Path) -> None:
        self._at = at
        self._log = log
        self._seen = 0

    def around(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """The step, counted."""

        @functools.wraps(step)
        def counted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any step of os
            self._seen += 1
            here = self._seen == self._at
            if here and self._at % 2:
                self._die(f"before {name} {_what(arguments)}")
            result = step(*arguments, **named)
            if here:
                self._die(f"after {name} {_what(arguments)}")
            return result

        return counted

    def _die(self, step: str) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{step}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _what(arguments: tuple[Any, ...]) -> str:
    """The kind of file: `.part`, `.rec`, `.json`, a directory's name."""
    if not arguments:
        return ""
    first = arguments[0]
    if isinstance(first, int):
        first = Path(f"/proc/self/fd/{first}").readlink()
    elif not isinstance(first, (str, os.PathLike)):
        return type(first).__name__
    path = Path(str(first))
    return f"{path.parent.name}/*{path.suffix}" if path.suffix else path.name


def plant() -> None:
    """Patch this process as the environment says."""
    if os.environ.get("SOAK_NO_FSYNC"):
        os.fsync = os.fdatasync = lambda _: None  # type: ignore[assignment] - that is the point
    trip = int(os.environ.get("SOAK_TRIP", "0"))
    if trip:
        counter = Trip(trip, Path(os.environ["SOAK_STEPS"]))
        for name in _STEPS:
            setattr(os, name, counter.around(name, getattr(os, name)))
        from rekamatan.records.site_ledger import SiteLedger  # noqa: PLC0415 - after patching

        SiteLedger._write = counter.around("commit", SiteLedger._write)  # type: ignore[method-assign]
        try:
            from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - as above
        except ImportError:
            return
        CentralLedger.add = counter.around("commit", CentralLedger.add)  # type: ignore[method-assign]


if __name__ == "__main__":
    plant()
    from rekamatan.cli import main

    sys.exit(main())
