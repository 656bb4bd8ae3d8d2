"""Carrying out a plan on a HiLink modem so that it is known to have worked, or not.

An answer "OK" is not believed: what was asked for is read back after each request. A session lost
in the middle, or a modem that is busy, is waited for; what then holds already is not sent again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError
from rekamatan.modems import hilink_plan
from rekamatan.modems.hilink_parse import (
    DialProfiles,
    disconnected,
    parse_profiles,
    text_of,
)
from rekamatan.modems.hilink_session import BusyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekamatan.clock import Clock
    from rekamatan.modems.hilink_plan import Command
    from rekamatan.modems.hilink_session import HilinkSession

# Taking a connection down needs some seconds; a restart of the modem about a minute.
PATIENCE_S = 90.0
_POLL_S = 1.0


class Reading(NamedTuple):
    """What the commands of a plan are about, as the modem has it."""

    profiles: DialProfiles
    data_on: bool


def _differs(command: Command, reading: Reading) -> str:
    """What of the command is not so; empty when it holds."""
    return hilink_plan.holds(command, reading.profiles, data_on=reading.data_on)


class Changes:
    """Sends the requests of plans.

    Args:
        session: the way to the modem.
        clock: for deadlines.
        patience_s: how long a lost session, a busy modem or a lasting connection is waited for.
    """

    def __init__(self, session: HilinkSession, clock: Clock, patience_s: float) -> None:
        self._session = session
        self._clock = clock
        self._patience_s = patience_s

    def ensure(
        self, lines: tuple[str, ...], secrets: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Make true what the requests ask for, in their order; nothing when it is true already.

        Args:
            lines: requests of a plan.
            secrets: name of a profile -> password of its APN.

        Raises:
            ApplyError: the modem refused, or accepted and did not do it.
            DeviceUnreachableError, BusyError: it did not become available in time.
        """
        commands = [hilink_plan.parse_command(line) for line in lines]
        until = self._clock.monotonic() + self._patience_s
        while True:
            try:
                reading = self._read()
                if not self._all_hold(commands, reading):
                    for command in commands:
                        reading = self._make_true(command, reading, secrets, until)
            except (DeviceUnreachableError, BusyError):
                if self._clock.monotonic() >= until:
                    raise
                self._clock.sleep(_POLL_S)
            else:
                return

    def _all_hold(self, commands: list[Command], reading: Reading) -> bool:
        """Whether the end of the plan is reached: of the data switch the last word counts."""
        last = {command.endpoint: command for command in commands if command.data_on is not None}
        lasting = [c for c in commands if c.data_on is None] + list(last.values())
        if any(command.secret for command in commands):
            return False  # a password cannot be read back
        return not any(_differs(command, reading) for command in lasting)

    def _make_true(
        self, command: Command, reading: Reading, secrets: Mapping[str, str], until: float
    ) -> Reading:
        """The reading that holds afterwards, from which the next command goes on."""
        if command.secret or _differs(command, reading):
            self._send(command, reading.profiles, secrets)
            reading = self._read()
            if problem := _differs(command, reading):
                raise self._not_applied(command, problem)
        if command.data_on is False:
            self._wait_disconnected(command, until)
        return reading

    def _send(self, command: Command, profiles: DialProfiles, secrets: Mapping[str, str]) -> None:
        action = command.says
        secret = secrets.get(command.defines or "", "")
        try:
            body = hilink_plan.filled(command, profiles, secret)
        except LookupError as error:
            raise ApplyError(self._session.subject, action, str(error)) from error
        encrypted = command.endpoint == hilink_plan.PROFILES
        self._session.post(command.endpoint, body, action, encrypted=encrypted)

    def _wait_disconnected(self, command: Command, until: float) -> None:
        """The next connection must be a new one: an old one would pass for the new profile's."""
        while not disconnected(self._session.get("monitoring/status")):
            if self._clock.monotonic() >= until:
                raise self._not_applied(command, "the modem stays connected")
            self._clock.sleep(_POLL_S)

    def _read(self) -> Reading:
        switch = text_of(self._session.get(hilink_plan.DATA), "dataswitch")
        if switch not in {"0", "1"}:
            raise DeviceError(
                self._session.subject, f"read {hilink_plan.DATA}", f"the switch is {switch!r}"
            )
        return Reading(self.profiles(), switch == "1")

    def profiles(self) -> DialProfiles:
        """The dial-up profiles now. Raises `DeviceError` when the answer is no list of them."""
        try:
            return parse_profiles(self._session.get(hilink_plan.PROFILES))
        except ValueError as error:
            action = f"read {hilink_plan.PROFILES}"
            raise DeviceError(self._session.subject, action, str(error)) from error

    def _not_applied(self, command: Command, problem: str) -> ApplyError:
        return ApplyError(
            self._session.subject,
            command.says,
            f"accepted but not applied: {problem}",
            "look at the modem's own page; its firmware may need another way",
        )
