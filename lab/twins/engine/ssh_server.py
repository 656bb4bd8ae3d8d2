"""SSH front of a twin: an interactive shell with echo and repainted prompt, and exec.

Works with asyncssh 2.10 (Debian 12) and later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# RouterOS takes console options behind a "+" in the login name: "admin+ct511w4098h".
_LOGIN_OPTIONS = re.compile(r"\+[a-z0-9]+$")
INTERRUPT, END = "\x03", "\x04"
_READ_SIZE = 4096


class HangUpError(Exception):
    """The session ends now, without a goodbye."""


class HungError(Exception):
    """Nothing is answered any more; the session stays open until the other side gives up."""


class Console(Protocol):
    """What the SSH front needs of a device."""

    def authenticate(self, username: str, password: str, peer: str) -> bool:
        """Whether this user may log in from this address."""
        ...

    def prompt(self, username: str) -> str:
        """The prompt without the trailing space."""
        ...

    async def execute(self, username: str, line: str) -> str:
        """Run one line; the text it prints. Raises `HangUpError`, `HungError`."""
        ...


def login_name(offered: str) -> str:
    """The user behind a login name with console options."""
    return _LOGIN_OPTIONS.sub("", offered)


class _Server(asyncssh.SSHServer):
    """Password authentication against the console."""

    def __init__(self, console: Console, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._console = console
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._connection is not None:
            self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        peer = self._connection.get_extra_info("peername")[0] if self._connection else ""
        return self._console.authenticate(login_name(username), password, peer)


class SshFront:
    """Listens and serves one console to any number of sessions."""

    def __init__(self, console: Console, host_key_file: Path) -> None:
        self._console = console
        self._host_key_file = host_key_file
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def public_key(self) -> str:
        """The public half of the host key, in OpenSSH's format."""
        return asyncssh.read_private_key(str(self._host_key_file)).export_public_key().decode()

    async def start(self, host: str, port: int) -> int:
        """Listen, with a host key made where none is yet; the port (useful with port 0)."""
        write_host_key(self._host_key_file)
        factory: Callable[[], asyncssh.SSHServer] = lambda: _Server(  # noqa: E731 - typed factory
            self._console, self._connections
        )
        self._acceptor = await asyncssh.listen(
            host,
            port,
            server_factory=factory,
            server_host_keys=[str(self._host_key_file)],
            process_factory=self._serve,
            line_editor=False,  # the console echoes and repaints by itself, as the device does
            reuse_address=True,
        )
        return int(self._acceptor.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every session."""
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
        self.drop_sessions()

    def drop_sessions(self) -> None:
        """Cut every session without a goodbye, as when the path dies."""
        for connection in tuple(self._connections):
            connection.abort()

    async def _serve(self, process: asyncssh.SSHServerProcess[str]) -> None:
        try:
            status = await self._session(process)
        except HangUpError:
            self.drop_sessions()
        except HungError:
            await process.channel.wait_closed()
        except (asyncssh.Error, OSError):
            pass  # the other side went away
        else:
            process.exit(status)

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> int:
        """One session, a command or a shell, to its end; the exit status.

        Raises:
            HangUpError: every session drops.
            HungError: nothing is answered any more.
        """
        username = login_name(str(process.get_extra_info("username")))
        if process.command is not None:
            process.stdout.write(_lines(await self._console.execute(username, process.command)))
        else:
            await _Shell(self._console, username, process).run()
        return 0  # RouterOS gives 0 for errors too


async def typed(process: Any) -> str:  # noqa: ANN401 - asyncssh's generic process
    """What was typed next, a break as an interrupt; empty when the other side has left."""
    while True:
        try:
            return str(await process.stdin.read(_READ_SIZE))
        except asyncssh.TerminalSizeChanged:
            continue
        except asyncssh.BreakReceived:
            return INTERRUPT


class _Shell:
    """One interactive session."""

    def __init__(self, console: Console, username: str, process: Any) -> None:  # noqa: ANN401 - asyncssh's generic process
        self._console = console
        self._username = username
        self._process = process
        self._line = ""
        self._after_return = False

    async def run(self) -> None:
        """Serve until the user leaves."""
        self._paint()
        while received := await typed(self._process):
            for piece in re.findall(r"[^\r\n\x03\x04]+|.", received, re.DOTALL):
                if await self._take(piece):
                    return

    async def _take(self, piece: str) -> bool:
        """One piece of input; True when the session ends."""
        newline_of_return = piece == "\n" and self._after_return
        self._after_return = piece == "\r"
        if newline_of_return:
            return False
        if piece == END or (piece in "\r\n" and self._line.strip() in {"quit", "/quit"}):
            return True
        if piece in "\r\n":
            await self._enter()
        elif piece == INTERRUPT:
            self._line = ""
            self._write("\r\n")
            self._paint()
        else:
            self._line += piece
            self._write(piece)
        return False

    async def _enter(self) -> None:
        line, self._line = self._line, ""
        self._write("\r\n")
        if line.strip():
            self._write(_lines(await self._console.execute(self._username, line)))
        self._paint()

    def _paint(self) -> None:
        """Paint the prompt twice, as the device does (seen in a raw capture)."""
        prompt = f"{self._console.prompt(self._username)} "
        self._write(f"\r\r\r\r{prompt}{' ' * 40}\r{prompt}")

    def _write(self, text: str) -> None:
        self._process.stdout.write(text)


def _lines(text: str) -> str:
    """Text with the line ends of a terminal, closed by one."""
    return "".join(f"{line}\r\n" for line in text.splitlines())


def write_host_key(path: Path) -> None:
    """Make an Ed25519 host key where none is yet."""
    if not path.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(path))
        path.chmod(0o600)
