"""Commands on a router with a Unix shell: each in its own SSH channel of one connection.

A channel gives the exit status, the error output apart, and a standard input that takes secrets
and files, which a terminal does not; OpenWrt's terminal also cuts lines at 511 characters.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.modems.ssh import POLL_S, SshSession

if TYPE_CHECKING:
    import paramiko

    from rekamatan.models import ModemAccess

_CHUNK = 65536
_NO_STATUS = -1  # paramiko's answer when the channel died before the command ended


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that has ended."""

    status: int
    out: str
    err: str


class ShellSession(SshSession):
    """A connection to a Unix shell, opened when first needed and again after a loss.

    Args:
        access: how to reach the modem.
        username: the account; on these routers it is root.
        password: its password.
    """

    def __init__(self, access: ModemAccess, username: str, password: str) -> None:
        super().__init__(access, username, password, "linux")

    def execute(self, command: str, stdin: str = "", timeout_s: float | None = None) -> Completed:
        """Run a command line and wait until it ended.

        Args:
            command: for the router's shell.
            stdin: what it reads.
            timeout_s: how long it may take; `answer_timeout_s` when not given.

        Raises:
            DeviceLoginError: wrong password, or another host key than the pinned one.
            DeviceUnreachableError: no connection, or lost before the command ended.
        """
        if self._connection is not None and not _usable(self._connection.remote_conn_pre):
            self.close()  # nothing was sent on it: a new one may be opened without harm
        connection = self._open()
        with self._noticing_loss():
            return _run(
                connection.remote_conn_pre, command, stdin, timeout_s or self.answer_timeout_s
            )


def _usable(client: paramiko.SSHClient | None) -> bool:
    transport = client.get_transport() if client else None
    return transport is not None and transport.is_active()


def _run(
    client: paramiko.SSHClient | None, command: str, stdin: str, timeout_s: float
) -> Completed:
    transport = client.get_transport() if client else None
    if transport is None:
        raise EOFError
    with transport.open_session(timeout=timeout_s) as channel:
        channel.settimeout(timeout_s)
        channel.exec_command(command)
        with contextlib.suppress(OSError):  # it may end without reading: its status tells why
            channel.sendall(stdin.encode())
            channel.shutdown_write()
        return _collect(transport, channel, time.monotonic() + timeout_s)


def _collect(
    transport: paramiko.Transport, channel: paramiko.Channel, deadline: float
) -> Completed:
    """Both outputs until the channel ended; a lost connection is noticed at once."""
    out, err = b"", b""
    while True:
        gone = channel.closed or not transport.is_active()
        ended = channel.exit_status_ready() and (channel.eof_received or gone)
        while channel.recv_ready():
            out += channel.recv(_CHUNK)
        while channel.recv_stderr_ready():
            err += channel.recv_stderr(_CHUNK)
        if ended and (status := channel.recv_exit_status()) != _NO_STATUS:
            return Completed(status, out.decode(errors="replace"), err.decode(errors="replace"))
        if gone:
            raise EOFError
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(POLL_S)  # paramiko has no wait for either of two streams or the end
