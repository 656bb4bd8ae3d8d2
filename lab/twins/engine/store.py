"""Running and saved configuration, kept apart as on a device with flash.

A change is live at once but reaches the flash only `delay_s` later, whole and fsynced: a power cut
loses the last moments, never half a change.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class FlashStore:
    """One JSON document on flash.

    Args:
        path: where the document lives; its directory is the flash.
        snapshot: gives the running configuration to save.
        delay_s: seconds between a change and its being safe.
    """

    def __init__(self, path: Path, snapshot: Callable[[], dict[str, Any]], delay_s: float) -> None:
        self._path = path
        self._snapshot = snapshot
        self._delay_s = delay_s
        self._timer: asyncio.TimerHandle | None = None

    @property
    def saving(self) -> bool:
        """Whether a change is not yet on flash."""
        return self._timer is not None

    def load(self) -> dict[str, Any] | None:
        """The saved configuration, or None on a factory-fresh device."""
        try:
            loaded: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return loaded

    def mark_dirty(self) -> None:
        """Something changed: save soon. A save under way covers all changes until it runs."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay_s, self.flush)

    def flush(self) -> None:
        """Save now: written beside, fsynced, renamed, directory fsynced."""
        self.forget()
        beside = self._path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(self._snapshot(), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            # some file systems cannot fsync a directory; the file itself is safe by then
            with contextlib.suppress(OSError):
                os.fsync(directory)
        finally:
            os.close(directory)

    def forget(self) -> None:
        """Drop the save under way: what a power cut does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
