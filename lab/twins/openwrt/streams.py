"""What a command reads and prints, and how a script ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Input:
    """Standard input, read only when a command asks for it: a session may never end its own.

    Args:
        text: what is there already.
        source: gives the rest, once, when it has ended.
    """

    def __init__(self, text: str = "", source: Callable[[], Awaitable[str]] | None = None) -> None:
        self._text = text
        self._source = source

    async def read(self) -> str:
        """Everything; nothing is left afterwards."""
        await self._fill()
        text, self._text = self._text, ""
        return text

    async def line(self) -> str:
        """The next line; empty at the end."""
        await self._fill()
        line, _, self._text = self._text.partition("\n")
        return line

    async def _fill(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            self._text += await source()


@dataclass(slots=True)
class Streams:
    """Where a command reads and prints."""

    stdin: Input = field(default_factory=Input)
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """A line on standard output."""
        self.out.append(f"{line}\n")

    def complain(self, line: str) -> None:
        """A line on standard error."""
        self.err.append(f"{line}\n")


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    status: int
    out: str
    err: str


class ShellExit(Exception):  # noqa: N818 - it is how a script ends, not an error
    """`exit`; carries the status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)
