"""Being asked by the kernel before a file of a directory is opened, and told when it was closed.

The opener waits in its system call until it is answered: a process can so be held at the very step
before it writes, without a word in its program. fanotify(7); needs root and a kernel with
CONFIG_FANOTIFY_ACCESS_PERMISSIONS, as Debian's and Ubuntu's are.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOSE_WRITE = 0x00000008
_OPEN_PERM = 0x00010000
_ON_CHILD = 0x08000000
_CLOEXEC, _NONBLOCK, _CLASS_CONTENT, _UNLIMITED_QUEUE = 0x1, 0x2, 0x4, 0x10
_MARK_ADD = 0x1
_ALLOW = 0x1
_AT_FDCWD = -100
_METADATA = struct.Struct("=IBBHQii")  # struct fanotify_event_metadata
_RESPONSE = struct.Struct("=iI")  # struct fanotify_response
# Numbers of openat(2) on x86_64 and arm64; its third argument are the flags.
_OPENAT = frozenset({257, 56})
_OPEN = 2  # open(2), x86_64 only: the second argument


@dataclass(slots=True)
class Event:
    """One file opened (it waits for an answer) or closed after writing."""

    mask: int
    descriptor: int  # the file, readable; ours to close
    pid: int
    name: str

    @property
    def asks(self) -> bool:
        """Whether the opener waits."""
        return bool(self.mask & _OPEN_PERM)

    def tail(self, size: int) -> bytes:
        """The last `size` bytes of the file at this moment."""
        length = os.fstat(self.descriptor).st_size
        return os.pread(self.descriptor, size, max(0, length - size))

    def open_flags(self) -> int:
        """With which flags it is being opened; 0 (read) when the opener is gone."""
        try:
            words = Path(f"/proc/{self.pid}/syscall").read_text(encoding="ascii").split()
            number = int(words[0])
            if number in _OPENAT:
                return int(words[3], 16)
            return int(words[2], 16) if number == _OPEN else 0
        except (OSError, ValueError, IndexError):
            return 0


class DirectoryWatch:
    """Events of the files directly in one directory, through whatever mount they are opened.

    Args:
        directory: it must exist; the watch ends with its file system.

    Raises:
        LabError: this kernel or this account cannot.
    """

    def __init__(self, directory: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        flags = _CLOEXEC | _NONBLOCK | _CLASS_CONTENT | _UNLIMITED_QUEUE
        self._descriptor = self._libc.fanotify_init(flags, os.O_RDONLY | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise self._error(directory)
        mask = ctypes.c_uint64(_OPEN_PERM | CLOSE_WRITE | _ON_CHILD)
        path = os.fsencode(directory)
        if self._libc.fanotify_mark(self._descriptor, _MARK_ADD, mask, _AT_FDCWD, path) < 0:
            error = self._error(directory)
            os.close(self._descriptor)
            raise error

    @staticmethod
    def _error(directory: Path) -> LabError:
        reason = os.strerror(ctypes.get_errno())
        hint = "root, and a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS"
        return LabError(str(directory), "watch", reason, hint)

    def events(self, seconds: float) -> Iterator[Event]:
        """What happens within `seconds`; every event's descriptor is handed over."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._descriptor, 65536)
            while data:
                length, _, _, _, mask, descriptor, pid = _METADATA.unpack_from(data)
                data = data[length:]
                if descriptor >= 0:
                    name = Path(f"/proc/self/fd/{descriptor}").readlink().name
                    yield Event(mask, descriptor, pid, name)

    def allow(self, event: Event) -> None:
        """Let the opener go on; the same when it died meanwhile. The event is over."""
        if event.asks:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, _RESPONSE.pack(event.descriptor, _ALLOW))
        os.close(event.descriptor)

    def close(self) -> None:
        """End it: whoever waits goes on."""
        os.close(self._descriptor)
