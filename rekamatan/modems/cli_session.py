"""A console with modes: its prompt changes, and some commands ask before they act.

Built on the pinned SSH session. Text that a device prints by itself may follow a prompt, which is
not painted again then (seen in a capture of an IOS rollback warning).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceUnreachableError
from rekamatan.modems.ssh import _LOST, SshSession, _alive

if TYPE_CHECKING:
    from collections.abc import Callable

    import netmiko

    from rekamatan.models import ModemAccess

_POLL_S = 0.02
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07")  # bash switches bracketed paste so
# What waits for a key or a word: `[confirm]`, `filename [x]?`, `Proceed ? [Y]`, `[yes/no]:`.
_DIALOG = re.compile(
    r"[^\n]*(?:\[confirm\]|\[[^\]\n]*\]\?|Proceed ?\?(?: ?\[\S*\])?|\[yes/no\]:?|[Pp]assword:)\s*\Z"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one line led to: the text before the next prompt, and that prompt or question."""

    text: str
    prompt: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Manners:
    """How a platform's console looks.

    Attributes:
        device_type: netmiko's name.
        prompt: of the base prompt, a pattern for the whole one.
        noise: true for a line that the device prints by itself.
    """

    device_type: str
    prompt: Callable[[str], str]
    noise: Callable[[str], bool]


class CliSession(SshSession):
    """One console session, opened when first needed and again after a loss."""

    def __init__(self, access: ModemAccess, username: str, password: str, manners: Manners) -> None:
        super().__init__(access, username, password, manners.device_type)
        self._manners = manners
        self._other_base = ""

    def will_be_called(self, base: str) -> None:
        """The next line changes the device's name, and with it the base of the prompt."""
        self._other_base = base

    def exchange(self, line: str, timeout_s: float | None = None) -> Answer:
        """Send one line; the answer ends with a prompt, or with a question.

        Raises:
            DeviceLoginError: wrong password, or another host key than the pinned one.
            DeviceUnreachableError: no connection, or lost before the answer was complete.
        """
        connection = self._open()
        wait_s = timeout_s or self.answer_timeout_s
        try:
            connection.write_channel(line + connection.RETURN)
            return self._read(connection, line.strip(), wait_s)
        except _LOST as error:
            self.close()
            raise DeviceUnreachableError(
                self.subject,
                "run a command",
                f"the session was lost ({type(error).__name__})",
                "it is opened again on the next try",
            ) from None  # the text of the cause may quote the command, and with it a secret

    def _read(self, connection: netmiko.BaseConnection, echo: str, wait_s: float) -> Answer:
        bases = [_ANSI.sub("", connection.base_prompt), self._other_base]
        base = f"(?:{'|'.join(re.escape(name) for name in bases if name)})"
        prompt = re.compile(r"(?:^|\n)" + self._manners.prompt(base))
        deadline = time.monotonic() + wait_s
        received = ""
        while True:
            alive = _alive(connection)
            received += connection.read_channel().replace("\r", "")
            echoed, text = _after_echo(_ANSI.sub("", received), echo)
            if echoed and (answer := self._complete(text, prompt)):
                return answer
            if not alive:
                raise EOFError
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(_POLL_S)

    def _complete(self, text: str, prompt: re.Pattern[str]) -> Answer | None:
        """The answer, once a prompt or a question ends it."""
        for found in prompt.finditer(text):
            behind = text[found.end() :].splitlines()
            if all(not line.strip() or self._manners.noise(line) for line in behind):
                return Answer(text[: found.start()], found[0].strip())
        if asked := _DIALOG.search(text):
            return Answer(text[: asked.start()], asked[0].strip(), asks=True)
        return None


def _after_echo(received: str, echo: str) -> tuple[bool, str]:
    if not echo:
        return True, received
    _, echoed, text = received.partition(echo)
    return bool(echoed), text
