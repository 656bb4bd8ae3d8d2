"""Talking to a VyOS console so that a command is known to have worked, or not.

Settings are collected in configuration mode and become real in one commit. `set` prints nothing
when it is accepted; what was committed is believed only after it reads back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.vyos_parse import (
    WwanConfig,
    clean,
    error_in,
    parse_config,
    parse_mmcli,
    redact,
)
from rekamatan.modems.vyos_plan import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.modems.cli_session import CliSession

COMMIT_S = 120.0  # a commit redials the modem before it returns
_REPEATED = re.compile(r"already exists|Nothing to delete|specified node does not exist")
_ASKED_MAX = 3


class Console:
    """Queries and changes, each checked.

    Args:
        session: the way to the device.
        interface: "wwan0".
        secrets: kept out of every text that leaves this object.
    """

    def __init__(self, session: CliSession, interface: str, secrets: tuple[str, ...]) -> None:
        self._session = session
        self._secrets = secrets
        self.interface = interface
        self.subject = session.subject

    def ask(self, command: str) -> str:
        """The answer to a query. Raises `DeviceError` when it is an error."""
        text = self.ask_any(command)
        if problem := error_in(text):
            raise DeviceError(self.subject, f"run {command}", problem)
        return text

    def ask_any(self, command: str) -> str:
        """The answer to a query, an error text included."""
        return self._redacted(clean(self._session.exchange(command).text))

    def tell(self, command: str) -> None:
        """A shell command that prints nothing. Raises `ApplyError` when it does."""
        text = self._redacted(clean(self._session.exchange(command).text))
        if text.strip():
            raise ApplyError(self.subject, f"run {command}", text.strip().splitlines()[0])

    def config(self) -> WwanConfig:
        """The interface as it is configured."""
        command = f"show configuration commands | match {self.interface}"
        return parse_config(self.ask(command), self.interface)

    def slot(self) -> str | None:
        """The SIM slot in use; None while the modem restarts."""
        return parse_mmcli(self.ask_any("mmcli --modem any")).get("primary sim slot")

    def commit(self, lines: Iterable[str], secret: str = "", command: str = "commit") -> None:
        """Set and commit. Raises `ApplyError`; what was set is discarded then."""
        self._enter()
        try:
            for line in lines:
                self._set(line, secret)
            self._checked(command)
        except ApplyError:
            self._session.exchange("exit discard")
            raise
        self._session.exchange("exit discard")

    def _set(self, line: str, secret: str) -> None:
        text = self._one(line, secret)
        if text and not _REPEATED.search(text):
            raise ApplyError(self.subject, f"run {line}", text.splitlines()[0].strip())

    def _checked(self, command: str) -> str:
        text = self._one(command, "")
        if problem := error_in(text):
            raise ApplyError(self.subject, f"run {command}", problem)
        return text

    def in_configuration(self, command: str) -> str:
        """What one command of configuration mode prints. Raises `ApplyError`."""
        self._enter()
        try:
            text = self._checked(command)
        except ApplyError:
            self._session.exchange("exit discard")
            raise
        self._session.exchange("exit discard")
        return text

    def is_saved(self) -> bool:
        """Whether a reboot would bring up what runs now."""
        text = self.in_configuration("compare saved")
        return not text.strip() or "No changes" in text

    def save(self) -> None:
        """Save, and see that it is. Raises `ApplyError`."""
        self.in_configuration("save")
        if not self.is_saved():
            raise ApplyError(
                self.subject,
                "save",
                "the saved configuration is not the running one",
                "a power cut would bring the old profile back: run `save` on the modem",
            )

    def describe(self, mark: str) -> str:
        """The command that writes the mark."""
        return f"set interfaces wwan {self.interface} description {quoted(mark)}"

    def _enter(self) -> None:
        answer = self._session.exchange("configure")
        if not answer.prompt.endswith("#"):
            text = self._redacted(clean(answer.text)).strip() or "no configuration mode"
            raise ApplyError(self.subject, "enter configuration mode", text.splitlines()[0])

    def _one(self, line: str, secret: str) -> str:
        answer = self._session.exchange(line.replace(SECRET, quoted(secret)), COMMIT_S)
        text = answer.text
        for _ in range(_ASKED_MAX):
            if not answer.asks:
                break
            answer = self._session.exchange("y", COMMIT_S)
            text += "\n" + answer.text
        return self._redacted(clean(text), secret).strip()

    def _redacted(self, text: str, secret: str = "") -> str:
        return redact(text, (*self._secrets, secret))
