"""Who uses the site's ledger: services side by side, a rebuild alone."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rekamatan.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK = "ledger.lock"


@contextmanager
def ledger_in_use(directory: Path, *, alone: bool = False) -> Iterator[None]:
    """Services hold this for as long as they run; a rebuild needs it for itself.

    Raises:
        RefusedError: somebody else has it.
    """
    with (directory / _LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(
                str(directory),
                "take the ledger",
                "it is in use",
                "systemctl stop rekamatan-intake rekamatan-forwarder, and start them afterwards",
            ) from error
        yield
