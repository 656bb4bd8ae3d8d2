"""SSH session to a modem's console, by netmiko.

The host key is pinned: it is written to a private known_hosts file and anything else is refused.
Time-outs fit a path of 1.4 s round trip, although the modem usually is on the LAN.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

import netmiko
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoBaseException
from paramiko import Channel, SSHException

from rekamatan.errors import ConfigError, DeviceLoginError, DeviceUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rekamatan.models import ModemAccess

T = TypeVar("T")

CONNECT_TIMEOUT_S = 20
ANSWER_TIMEOUT_S = 30
KEEPALIVE_S = 5
POLL_S = 0.02
_SSH_PORT = 22
_LOST = (OSError, EOFError, SSHException, NetmikoBaseException, ValueError)
_KEY_TROUBLE = re.compile(r"host key|known_hosts", re.IGNORECASE)


class SshSession:
    """One console session, opened when first needed and again after a loss.

    Args:
        access: how to reach the modem.
        username: the account to use (`access` names two).
        password: its password.
        device_type: netmiko's name of the platform.
    """

    answer_timeout_s: ClassVar[float] = ANSWER_TIMEOUT_S

    def __init__(self, access: ModemAccess, username: str, password: str, device_type: str) -> None:
        self._access = access
        self._username = username
        self._password = password
        self._device_type = device_type
        self._connection: netmiko.BaseConnection | None = None

    @property
    def subject(self) -> str:
        """What errors are about."""
        return f"modem {self._access.host}"

    def run(self, command: str, timeout_s: float | None = None) -> str:
        """Send one line and give what it printed, without echo and prompt.

        netmiko's own reading waits for the whole time-out when the session has died; here a dead
        session is noticed at once.

        Raises:
            DeviceLoginError: wrong password, or another host key than the pinned one.
            DeviceUnreachableError: no connection, or lost before the answer was complete.
        """
        # netmiko keeps the prompt without its ">"
        prompt = re.compile(rf"\n{re.escape(self._open().base_prompt)}[^>\n]*>[ \t]*\Z")

        def answer(received: str) -> str | None:
            """What stands between the echo of the command and the next prompt."""
            _, echoed, text = received.partition(command.strip())
            return prompt.sub("", text) if echoed and prompt.search(text) else None

        return self._converse(command, answer, timeout_s)

    def _converse(self, line: str, answer: Callable[[str], T | None], timeout_s: float | None) -> T:
        """Send one line and read until `answer` finds one in what was received so far."""
        connection = self._open()
        with self._noticing_loss():
            connection.write_channel(line + connection.RETURN)
            deadline = time.monotonic() + (timeout_s or self.answer_timeout_s)
            received = ""
            while True:
                alive = _alive(connection)
                received += connection.read_channel()
                if (found := answer(received)) is not None:
                    return found
                if not alive:
                    raise EOFError
                if time.monotonic() > deadline:
                    raise TimeoutError
                time.sleep(POLL_S)  # netmiko's reading does not wait; the deadline is above

    @contextlib.contextmanager
    def _noticing_loss(self) -> Iterator[None]:
        """A session that is lost here is closed, and opened again when it is next used."""
        try:
            yield
        except _LOST as error:
            self.close()
            raise DeviceUnreachableError(
                self.subject,
                "run a command",
                f"the session was lost ({type(error).__name__})",
                "it is opened again on the next try",
            ) from None  # the text of the cause may quote the command, and with it a secret

    def close(self) -> None:
        """End the session; a dead one ends silently."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*_LOST):
                connection.paramiko_cleanup()

    def _open(self) -> netmiko.BaseConnection:
        if self._connection is None:
            if not self._access.host_key:
                raise ConfigError(
                    "site.json",
                    "modem.host_key",
                    "no host key is pinned for the modem",
                    "run `rekamatan secrets init` and provision the site",
                )
            with tempfile.TemporaryDirectory(prefix="rekamatan-ssh-") as directory:
                self._connection = self._connect(Path(directory) / "known_hosts")
        return self._connection

    def _connect(self, known_hosts: Path) -> netmiko.BaseConnection:
        access = self._access
        name = access.host if access.port == _SSH_PORT else f"[{access.host}]:{access.port}"
        known_hosts.write_text(f"{name} {access.host_key}\n", encoding="ascii")
        try:
            return netmiko.ConnectHandler(
                device_type=self._device_type,
                host=access.host,
                port=access.port,
                username=self._username,
                password=self._password,
                ssh_strict=True,
                alt_host_keys=True,
                alt_key_file=str(known_hosts),
                use_keys=False,
                allow_agent=False,
                conn_timeout=CONNECT_TIMEOUT_S,
                auth_timeout=CONNECT_TIMEOUT_S,
                banner_timeout=CONNECT_TIMEOUT_S,
                read_timeout_override=ANSWER_TIMEOUT_S,
                keepalive=KEEPALIVE_S,
            )
        except _LOST as error:
            raise self._explain(error) from None

    def _explain(self, error: Exception) -> DeviceUnreachableError | DeviceLoginError:
        text = " ".join(str(error).split())
        if _KEY_TROUBLE.search(text):
            return DeviceLoginError(
                self.subject,
                "log in",
                "it shows another host key than the pinned one",
                "find out whether the modem was replaced or reset before trusting the new key",
            )
        if isinstance(error, NetmikoAuthenticationException):
            return DeviceLoginError(
                self.subject,
                f"log in as {self._username}",
                "the modem refused the password",
                "check the modem's password in the site's vault and provision again",
            )
        reason = text.partition(".")[0] or type(error).__name__
        return DeviceUnreachableError(
            self.subject,
            f"connect to {self._access.host}:{self._access.port}",
            reason,
            "check the cable to the modem and that it has power",
        )


def _alive(connection: netmiko.BaseConnection) -> bool:
    """Whether the channel is open, as far as this side can know."""
    channel = connection.remote_conn
    if not isinstance(channel, Channel) or channel.closed:
        return False
    transport = channel.get_transport()
    return transport is not None and transport.is_active()
