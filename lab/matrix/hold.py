"""Stops the switch at one step of its journal, by the kernel: the program knows nothing of it.

`before` holds it in the `open` that precedes the writing of an entry, `during` in the `open` that
precedes its fsync, `after` stops the process when the entry is on disk.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.matrix import journal
from lab.matrix.fanotify import DirectoryWatch

if TYPE_CHECKING:
    from pathlib import Path

    from lab.matrix.cases import Case
    from lab.matrix.fanotify import Event
    from lab.matrix.journal import Line

_TAIL = 400_000  # bytes of the journal's end that are looked at: some dozen runs
_WRITES = os.O_WRONLY | os.O_RDWR
_LOOK_S = 0.1
# A writer that has closed the file and not opened it again for so long does not fsync at all.
_NO_SYNC_S = 0.2


@dataclass(frozen=True, slots=True)
class Held:
    """A switch that stands still."""

    pid: int  # on the host
    lines: tuple[Line, ...]
    at: float  # monotonic


@dataclass(slots=True)
class Steps:
    """What one writer's opens and closes mean; pure but for the clock that is handed in.

    Args:
        base: sequence number of the newest entry when the run was started.
    """

    base: int
    newest: Line | None = None
    syncing: int = 0  # process that opened the journal to fsync it
    unsynced_since: float | None = None

    def opened(self, flags: int, newest: Line | None, pid: int) -> str:
        """`before` (it will append), `during` (it will fsync an entry of this run) or ``."""
        self.newest = newest
        if not flags & _WRITES or flags & os.O_TRUNC:
            return ""
        if flags & os.O_APPEND:
            return "before"
        self.syncing = pid
        return "during" if self.begun else ""

    def closed(self, newest: Line | None, pid: int, now: float) -> str:
        """`after` when the newest entry has been made durable."""
        self.newest = newest
        if self.syncing == pid:
            self.syncing, self.unsynced_since = 0, None
            return "after" if self.begun else ""
        self.unsynced_since = now
        return ""

    def idle(self, now: float) -> str:
        """`after` when the writer went on without an fsync."""
        waiting = self.unsynced_since is not None and not self.syncing
        if not waiting or now - (self.unsynced_since or now) < _NO_SYNC_S:
            return ""
        self.unsynced_since = None
        return "after" if self.begun else ""

    @property
    def begun(self) -> bool:
        """Whether the run has an entry yet."""
        return self.newest is not None and self.newest.seq > self.base

    def reached(self, moment: str, case: Case) -> bool:
        """Whether this is the moment of the case."""
        if moment != case.moment:
            return False
        if moment == "before":
            return journal.about_to_write(case.state, self.newest, self.base)
        return self.newest is not None and self.newest.state == case.state


class JournalWatch:
    """Follows one site's journal and holds its writer once.

    Args:
        folder: the site's `wan` directory, on the host.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._watch: DirectoryWatch | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._held = threading.Event()
        self._lock = threading.Lock()
        self._case: Case | None = None
        self._steps = Steps(0)
        self._asking: Event | None = None
        self._stopped = 0
        self._lines: tuple[Line, ...] = ()
        self._writer = 0
        self._broken: Exception | None = None
        self._found: Held | None = None
        self.promised: dict[int, Line] = {}  # by seq: entries that the switch has acted upon

    def aim(self, case: Case) -> None:
        """Hold the next run at the moment of `case`; forget what was promised before."""
        content = self._folder / journal.FILE
        lines = journal.read(content.read_bytes()) if content.exists() else ()
        self._held.clear()
        self._found = None
        self.promised = {}
        self._steps = Steps(lines[-1].seq if lines else 0)
        self._case = case

    def attach(self) -> None:
        """Begin to follow; again after the site's disk was changed for its copy."""
        self._steps.syncing, self._steps.unsynced_since = 0, None  # whoever was about to is dead
        self._stopping.clear()
        self._watch = DirectoryWatch(self._folder)
        self._thread = threading.Thread(target=self._follow, args=(self._watch,), daemon=True)
        self._thread.start()

    def detach(self) -> None:
        """Stop following; whoever is held goes on, if it lives. Raises what the following met."""
        self.release()
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        watch, self._thread, self._watch = self._watch, None, None
        broken, self._broken = self._broken, None
        if broken is not None:
            raise LabError(str(self._folder), "follow the journal", repr(broken)) from broken
        if watch is not None:
            watch.close()

    def wait(self, seconds: float) -> Held | None:
        """The held switch; None when it did not come to that point."""
        self._held.wait(seconds)
        return self._found

    def release(self) -> None:
        """Let it go on; the same when it is dead or was never held."""
        with self._lock:
            self._case = None
            asking, self._asking = self._asking, None
            stopped, self._stopped = self._stopped, 0
        if asking is not None and self._watch is not None:
            self._watch.allow(asking)
        if stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(stopped, signal.SIGCONT)

    def _follow(self, watch: DirectoryWatch) -> None:
        """Whatever goes wrong here, nobody may be left waiting for an answer."""
        try:
            self._answer(watch)
        except Exception as error:  # noqa: BLE001 - told by `detach`, in the case's own thread
            self._broken = error
            watch.close()

    def _answer(self, watch: DirectoryWatch) -> None:
        while not self._stopping.is_set():
            for event in watch.events(_LOOK_S):
                if event.name != journal.FILE or not self._keeps(event):
                    watch.allow(event)
            if moment := self._steps.idle(time.monotonic()):
                self._promise(self._lines)
                self._stop_at(moment, self._writer)

    def _keeps(self, event: Event) -> bool:
        """Deal with one event of the journal; True when it is kept unanswered."""
        flags = event.open_flags() if event.asks else 0
        if event.asks and not flags & _WRITES:
            return False
        lines = journal.read(event.tail(_TAIL))
        newest = lines[-1] if lines else None
        if not event.asks:
            self._lines, self._writer = lines, event.pid
            if moment := self._steps.closed(newest, event.pid, time.monotonic()):
                self._promise(lines)
                self._stop_at(moment, event.pid)
            return False
        moment = self._steps.opened(flags, newest, event.pid)
        if moment == "before" and self._steps.begun:
            self._promise(lines)  # whatever was written before is acted upon by now
        if moment == "during" and newest is not None:
            self.promised.pop(newest.seq, None)  # its fsync was only late: nothing is acted upon
        if not moment or not self._due(moment):
            return False
        with self._lock:
            self._asking = event
        self._report(event.pid, lines)
        return True

    def _due(self, moment: str) -> bool:
        case = self._case
        return case is not None and self._steps.reached(moment, case)

    def _stop_at(self, moment: str, pid: int) -> None:
        if not self._due(moment):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        with self._lock:
            self._stopped = pid
        self._report(pid, self._lines)

    def _report(self, pid: int, lines: tuple[Line, ...]) -> None:
        self._case = None
        self._found = Held(pid, lines, time.monotonic())
        self._held.set()

    def _promise(self, lines: tuple[Line, ...]) -> None:
        """What the switch went on from must never vanish; `during` ones are not promised yet."""
        self.promised |= {line.seq: line for line in lines if line.seq > self._steps.base}
