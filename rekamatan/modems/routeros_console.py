"""Talking to a RouterOS console so that a command is known to have worked, or not.

The device gives exit status 0 for everything. A silent command (`set`, `add`, `remove`) that prints
anything failed; one that prints nothing is believed only after its values read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.routeros_checks import Check, as_set, checks_of
from rekamatan.modems.routeros_text import clean, error_in, redact
from rekamatan.modems.routeros_values import same_value
from rekamatan.modems.templates import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.clock import Clock
    from rekamatan.modems.ssh import SshSession

ABSENT = "no such item"
# A SIM slot change restarts the modem; the interface is away for about 30 s.
PATIENCE_S = 90.0
_POLL_S = 1.0


class Console:
    """Queries and changes, each checked.

    Args:
        session: the way to the device.
        secrets: kept out of every text that leaves this object.
        clock: for deadlines.
        patience_s: how long a change is repeated while the interface is away or the session lost.
    """

    def __init__(
        self,
        session: SshSession,
        secrets: tuple[str, ...],
        clock: Clock,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock
        self._patience_s = patience_s
        self.subject = session.subject

    def ask(self, command: str) -> str:
        """The answer to a query. Raises `DeviceError` when it is an error."""
        text = self.ask_any(command)
        if problem := error_in(text):
            raise DeviceError(self.subject, f"run {command}", problem)
        return text

    def ask_any(self, command: str) -> str:
        """The answer to a query, an error text included."""
        return redact(clean(self._session.run(command)), self._secrets)

    def value(self, expression: str) -> str:
        """`:put [expression]`. Raises `DeviceError` when it is an error."""
        return self.ask(f":put [{expression}]").strip()

    def tell(self, command: str, secret: str = "") -> None:
        """Send a silent command. Raises `ApplyError` when it prints anything."""
        text = clean(self._session.run(command.replace(SECRET, quoted(secret))))
        if text.strip():
            reason = redact(text.strip().splitlines()[0], (*self._secrets, secret))
            raise ApplyError(self.subject, f"run {command}", reason)

    def ensure(self, commands: Iterable[str], secret: str = "") -> None:
        """Make each command's values true, surviving a lost session and a restarting modem.

        Raises:
            ApplyError: the device refused, or accepted and did not apply.
            DeviceUnreachableError: it did not come back in time.
        """
        for command in commands:
            self._ensure(command, secret)

    def _ensure(self, command: str, secret: str) -> None:
        deadline = self._clock.monotonic() + self._patience_s
        while True:
            try:
                if self._make_true(command, secret):
                    return
                problem: DeviceError = ApplyError(self.subject, f"run {command}", ABSENT)
            except DeviceUnreachableError as error:
                problem = error
            if self._clock.monotonic() >= deadline:
                raise problem
            self._clock.sleep(_POLL_S)

    def _make_true(self, command: str, secret: str) -> bool:
        """One attempt; False while the item the command is about is not there."""
        checks = checks_of(command)
        adding = " add " in command
        hidden = SECRET in command  # cannot be read back, so it is always sent
        state = self._state(checks)
        if state == "same" and not hidden:
            return True
        if state == ABSENT and not adding:
            return False
        if state != ABSENT and adding:
            command = as_set(command)  # an attempt whose answer was lost had added it
        self.tell(command, secret)
        state = self._state(checks)
        if state not in {"same", ABSENT} or (state == ABSENT and adding):
            raise ApplyError(self.subject, f"run {command}", f"accepted but not applied: {state}")
        return state == "same"

    def _state(self, checks: tuple[Check, ...]) -> str:
        """`same`, `no such item`, or the first value that differs."""
        for check in checks:
            text = self.ask_any(f":put [{check.query}]").strip()
            if text == ABSENT:
                return ABSENT
            if problem := error_in(text):
                raise DeviceError(self.subject, f"read {check.query}", problem)
            if not same_value(text, check.expected):
                return f"{check.query.rsplit(' ', 1)[-1]} is {text or 'empty'}"
        return "same"
