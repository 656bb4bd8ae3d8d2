"""The real disk behind the `Disk` port: a directory, and fsync where it is asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


# Read by services that are not root: the forwarder takes its stall timer from it. No secret in it.
FOR_ALL = frozenset({"known-good.json", "known-good.json.new"})


class DirectoryDisk:
    """Files below one directory, private to root but for `FOR_ALL`.

    Args:
        root: the directory; made when missing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        """Content, or None when there is no such file."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def append(self, name: str, data: bytes) -> None:
        """Add at the end; not durable yet."""
        self._put(name, data, os.O_APPEND)

    def write(self, name: str, data: bytes) -> None:
        """Create or overwrite; not durable yet."""
        self._put(name, data, os.O_TRUNC)

    def sync(self, name: str) -> None:
        """Fsync the file's content."""
        _fsync(self._root / name, os.O_WRONLY)

    def rename(self, old: str, new: str) -> None:
        """Put `old` in the place of `new` at once; not durable yet."""
        (self._root / old).replace(self._root / new)

    def sync_directory(self, name: str) -> None:
        """Fsync the directory that holds `name`, and the root, which may have just gained it."""
        parent = (self._root / name).parent
        _fsync(parent, os.O_RDONLY)
        if parent != self._root:
            _fsync(self._root, os.O_RDONLY)

    def _put(self, name: str, data: bytes, mode: int) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, 0o640)
        try:
            if name in FOR_ALL:  # whatever the unit's umask is
                os.fchmod(handle, 0o644)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
        finally:
            os.close(handle)


def _fsync(path: Path, mode: int) -> None:
    handle = os.open(path, mode | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
