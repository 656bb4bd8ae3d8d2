"""A console with modes: its prompt changes, and some commands ask before they act.

Built on the pinned SSH session. Text that a device prints by itself may follow a prompt, which is
not painted again then (seen in a capture of an IOS rollback warning).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.modems.ssh import SshSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.models import ModemAccess

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
        bases = [_ANSI.sub("", self._open().base_prompt), self._other_base]
        base = f"(?:{'|'.join(re.escape(name) for name in bases if name)})"
        prompt = re.compile(r"(?:^|\n)" + self._manners.prompt(base))

        def answer(received: str) -> Answer | None:
            echoed, text = _after_echo(_ANSI.sub("", received.replace("\r", "")), line.strip())
            return self._complete(text, prompt) if echoed else None

        return self._converse(line, answer, timeout_s)

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
