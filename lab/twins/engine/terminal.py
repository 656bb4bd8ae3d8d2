"""SSH front of a twin whose console has modes: each session is a program that reads and writes.

Unlike the RouterOS shell, such a console paints its prompt once, asks questions, takes single keys
(`[confirm]`, a pager), and a session has a mode of its own.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol

import asyncssh

from lab.twins.engine.ssh_server import END, INTERRUPT, SshFront, typed

if TYPE_CHECKING:
    from pathlib import Path

RUB_OUT, KILL, LEAVE = "\x7f\x08", "\x15", "\x1a"


class SessionConsole(Protocol):
    """What this front needs of a device."""

    def authenticate(self, username: str, password: str, peer: str) -> bool:
        """Whether this user may log in from this address."""
        ...

    def prompt(self, username: str) -> str:
        """The first prompt."""
        ...

    async def execute(self, username: str, line: str) -> str:
        """Run one line without a terminal (SSH exec)."""
        ...

    async def serve(self, terminal: Terminal, username: str) -> None:
        """One interactive session, until the user leaves. Raises `HangUpError`."""
        ...


class TerminalFront(SshFront):
    """Listens and gives every interactive session a terminal of its own."""

    def __init__(self, console: SessionConsole, host_key_file: Path) -> None:
        super().__init__(console, host_key_file)
        self._sessions = console

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> int:
        if process.command is not None:
            return await super()._session(process)
        username = str(process.get_extra_info("username"))
        with contextlib.suppress(EOFError):
            await self._sessions.serve(Terminal(process), username)
        return 0


class Terminal:
    """Keys in, text out, with the line ends of a terminal."""

    def __init__(self, process: Any) -> None:  # noqa: ANN401 - asyncssh's generic process
        self._process = process
        self._pending = ""
        self._after_return = False
        self.typing = ""  # the line being typed, for text that lands in it

    def write(self, text: str) -> None:
        """Show text."""
        with contextlib.suppress(asyncssh.Error, OSError):
            self._process.stdout.write(text.replace("\r", "").replace("\n", "\r\n"))

    async def key(self) -> str:
        """One key; return counts as a newline. Raises `EOFError`."""
        while True:
            if not self._pending:
                self._pending = await typed(self._process)
                if not self._pending:
                    raise EOFError
            key, self._pending = self._pending[0], self._pending[1:]
            newline_of_return = key == "\n" and self._after_return
            self._after_return = key == "\r"
            if not newline_of_return:
                return "\n" if key == "\r" else key

    async def line(self, *, kept: str = "") -> str:
        """A line as typed, echoed; `LEAVE`, `INTERRUPT` and `?` end it at once, as its last key.

        Args:
            kept: what stands on the line already.
        """
        self.typing = kept
        while True:
            key = await self.key()
            if key in {"\n", LEAVE, INTERRUPT, "?"}:
                typed, self.typing = self.typing, ""
                self.write("^Z\n" if key == LEAVE else "?\n" if key == "?" else "\n")
                return typed if key == "\n" else typed + key
            if key == END:
                raise EOFError
            self._edit(key)

    def _edit(self, key: str) -> None:
        if key in RUB_OUT:
            if self.typing:
                self.typing = self.typing[:-1]
                self.write("\b \b")
        elif key == KILL:
            self.write("\b \b" * len(self.typing))
            self.typing = ""
        elif key.isprintable():
            run = key
            while self._pending and self._pending[0].isprintable():
                if self._pending[0] == "?":
                    break
                run, self._pending = run + self._pending[0], self._pending[1:]
            self.typing += run
            self.write(run)

    async def page(self, text: str, rows: int, more: str = " --More-- ") -> None:
        """Show text a screen at a time; 0 rows is without end. `q` ends it."""
        lines = text.split("\n")
        while lines:
            count = rows - 1 if rows else len(lines)
            self.write("\n".join(lines[:count]) + "\n")
            lines = lines[count:]
            if lines:
                self.write(more)
                key = await self.key()
                self.write("\b" * len(more) + " " * len(more) + "\b" * len(more))
                if key in {"q", "Q", INTERRUPT}:
                    return
