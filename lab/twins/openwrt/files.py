"""The router's files: flash that survives a power cut once written, and RAM that does not.

Like the overlay of a real router: `/etc` and everything else is flash; `/tmp` (and `/var`, which is
a link to it), `/run`, `/proc` and `/dev` are memory.
"""

from __future__ import annotations

import posixpath
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MEMORY = ("/tmp", "/run", "/proc", "/dev")  # noqa: S108 - paths of the twin, not of this machine
_LINKS = {"/var": "/tmp"}  # noqa: S108
_MAX_LINKS = 8
FILE_MODE, DIRECTORY_MODE = 0o644, 0o755


class FileError(Exception):
    """What a program prints after the file's name: `No such file or directory`."""


@dataclass(slots=True)
class Node:
    """A file, a directory, or a symbolic link."""

    text: str = ""
    mode: int = FILE_MODE
    directory: bool = False
    link: str = ""


class Files:
    """All files of one router.

    Args:
        changed: called after each change of the flash.
        virtual: path -> content, computed when read (`/proc/uptime`).
    """

    def __init__(self, changed: Callable[[], None], virtual: Callable[[str], str | None]) -> None:
        self._changed = changed
        self._virtual = virtual
        self._nodes: dict[str, Node] = {}
        for path in ("/", "/etc", "/tmp", "/tmp/run", "/run", "/proc", "/dev"):  # noqa: S108
            self._nodes[path] = Node(directory=True, mode=DIRECTORY_MODE)

    def document(self) -> dict[str, Any]:
        """What is on flash, as JSON."""
        return {p: asdict(node) for p, node in self._nodes.items() if not _in_memory(p)}

    def load(self, document: dict[str, Any]) -> None:
        """Take what was on flash at boot."""
        self._nodes |= {path: Node(**node) for path, node in document.items()}

    def read(self, path: str) -> str:
        """Content of a file. Raises `FileError`."""
        real = self.real(path)
        if (text := self._virtual(real)) is not None:
            return text
        node = self._node(real)
        if node.directory:
            raise FileError("Is a directory")
        return node.text

    def write(self, path: str, text: str, mode: int | None = None) -> None:
        """Make or replace a file. Raises `FileError` when its directory is not there."""
        real = self.real(path)
        if real == "/dev/null":
            return
        old = self._nodes.get(real)
        if old is not None and old.directory:
            raise FileError("Is a directory")
        if not self.is_directory(posixpath.dirname(real)):
            raise FileError("nonexistent directory")
        kept = old.mode if old else FILE_MODE
        self._nodes[real] = Node(text, kept if mode is None else mode)
        self._touched(real)

    def make_directory(self, path: str) -> None:
        """Make one directory. Raises `FileError`."""
        real = self.real(path)
        if real in self._nodes:
            raise FileError("File exists")
        if not self.is_directory(posixpath.dirname(real)):
            raise FileError("No such file or directory")
        self._nodes[real] = Node(directory=True, mode=DIRECTORY_MODE)
        self._touched(real)

    def make_link(self, target: str, path: str, *, force: bool = False) -> None:
        """Make a symbolic link. Raises `FileError`."""
        real = self.real(path, follow=False)
        if real in self._nodes and not force:
            raise FileError("File exists")
        self._nodes[real] = Node(link=target, mode=0o777)
        self._touched(real)

    def link_target(self, path: str) -> str | None:
        """Where a link points; None when it is no link."""
        node = self._nodes.get(self.real(path, follow=False))
        return node.link or None if node else None

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file or link, a directory only with `recursive`. Raises `FileError`."""
        real = self.real(path, follow=False)
        node = self._node(real)
        if node.directory and not recursive:
            raise FileError("Is a directory")
        for name in [p for p in self._nodes if p == real or p.startswith(f"{real}/")]:
            del self._nodes[name]
        self._touched(real)

    def move(self, source: str, target: str) -> None:
        """Rename a file, replacing the target in one step. Raises `FileError`."""
        old = self.real(source, follow=False)
        node = self._node(old)
        new = self.real(target)
        if self.is_directory(new):
            new = posixpath.join(new, posixpath.basename(old))
        del self._nodes[old]
        self._nodes[new] = node
        self._touched(old)
        self._touched(new)

    def chmod(self, path: str, mode: int) -> None:
        """Set the permissions. Raises `FileError`."""
        self._node(self.real(path)).mode = mode
        self._touched(self.real(path))

    def node(self, path: str) -> Node | None:
        """The file behind a path, links followed; None when there is none."""
        real = self.real(path)
        if self._virtual(real) is not None:
            return Node()
        return self._nodes.get(real)

    def is_directory(self, path: str) -> bool:
        """Whether a directory is there."""
        node = self.node(path)
        return node is not None and node.directory

    def names(self, directory: str) -> Iterator[str]:
        """Names in a directory, sorted."""
        prefix = self.real(directory).rstrip("/") + "/"
        for path in sorted(self._nodes):
            if path.startswith(prefix) and "/" not in path[len(prefix) :] and path != "/":
                yield path[len(prefix) :]

    def real(self, path: str, *, follow: bool = True) -> str:
        """The absolute path without links on the way (and at its end, with `follow`)."""
        path = posixpath.normpath(posixpath.join("/", path))
        for link, target in _LINKS.items():
            if path == link or path.startswith(f"{link}/"):
                path = target + path[len(link) :]
        for _ in range(_MAX_LINKS):
            node = self._nodes.get(path)
            if not follow or node is None or not node.link:
                return path
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), node.link))
        raise FileError("Too many levels of symbolic links")

    def _node(self, real: str) -> Node:
        node = self._nodes.get(real)
        if node is None:
            raise FileError("No such file or directory")
        return node

    def _touched(self, path: str) -> None:
        if not _in_memory(path):
            self._changed()


def _in_memory(path: str) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in _MEMORY)
