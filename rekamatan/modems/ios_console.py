"""Talking to an IOS console so that a command is known to have worked, or not.

A configuration line prints nothing when it is accepted: any text is a refusal. What was accepted is
believed only after it reads back. Configuration mode is left again whatever happens in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.ios_config import parse_config
from rekamatan.modems.ios_parse import (
    clean,
    error_in,
    pairs,
    parse_profiles,
    redact,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rekamatan.clock import Clock
    from rekamatan.modems.cli_session import CliSession

# A SIM switch restarts the modem: 30 s until it answers, more until it tells its SIM.
PATIENCE_S = 120.0
RESTARTING = "the modem is restarting"
_POLL_S = 1.0
_SAVE_S = 60.0  # writing NVRAM, and rolling back, take their time
_MAX_QUESTIONS = 4
_HOST_SHOWN = 16  # of the host name, as netmiko keeps it: the rest may be cut off in the prompt
_ENTERED = re.compile(
    r"^(?:Enter configuration commands|Rollback Confirmed Change: Backing up|[a-z]+\d*:\S+$)"
)
_CONTEXT = re.compile(r"^(?:controller|interface|event manager applet|exit\b)")
_CREATE = re.compile(
    r"^do (cellular \S+) lte profile create (\d+) (\S+) (\S+)(?: (\S+) \S+)? ipv4$"
)
_ACTIVATE = re.compile(r"^do cellular (\S+) lte sim activate slot (\d+)$")


@dataclass(frozen=True, slots=True)
class Step:
    """Configuration lines that go in one visit of configuration mode, or one EXEC command."""

    lines: tuple[str, ...]

    @property
    def is_exec(self) -> bool:
        """Whether this is an EXEC command, marked by `do`."""
        return self.lines[0].startswith("do ")

    @property
    def slow(self) -> bool:
        """Whether it takes the modem a while to show it."""
        return bool(_ACTIVATE.match(self.lines[0]))

    @property
    def hidden(self) -> bool:
        """Whether it carries a secret, which cannot be read back."""
        return any(SECRET in line for line in self.lines)


def steps_of(commands: Iterable[str]) -> list[Step]:
    """The commands of a plan as steps, in order. Pure."""
    steps: list[Step] = []
    for command in commands:
        if not command.startswith("do ") and steps and not steps[-1].is_exec:
            steps[-1] = Step((*steps[-1].lines, command))
        else:
            steps.append(Step((command,)))
    return steps


class Console:
    """Queries and changes, each checked.

    Args:
        session: the way to the device.
        unit: of the modem, "0/2/0".
        secrets: kept out of every text that leaves this object.
        clock: for deadlines.
        patience_s: how long a change is waited for while the modem restarts or the session is lost.
    """

    def __init__(
        self,
        session: CliSession,
        unit: str,
        secrets: tuple[str, ...],
        clock: Clock,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock
        self._patience_s = patience_s
        self.unit = unit
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

    def execute(self, command: str, secret: str = "", timeout_s: float = _SAVE_S) -> str:
        """An EXEC command, its questions answered with Enter. Raises `ApplyError`."""
        answer = self._session.exchange(command.replace(SECRET, secret), timeout_s)
        text = answer.text
        for _ in range(_MAX_QUESTIONS):
            if not answer.asks:
                break
            answer = self._session.exchange("", timeout_s)
            text += "\n" + answer.text
        text = self._redacted(clean(text), secret)
        if problem := error_in(text):
            raise ApplyError(self.subject, f"run {command}", problem)
        return text

    def configure(
        self, lines: Iterable[str], secret: str = "", entering: str = "configure terminal"
    ) -> None:
        """One visit of configuration mode. Raises `ApplyError` with the device's words."""
        answer = self._session.exchange(entering, _SAVE_S)
        text = self._redacted(clean(answer.text))
        unexpected = [s for s in text.splitlines() if s.strip() and not _ENTERED.match(s.strip())]
        if error_in(text) or unexpected or "(config" not in answer.prompt:
            reason = error_in(text) or (unexpected or ["no configuration mode"])[0]
            if "(config" in answer.prompt:
                self._session.exchange("end")
            raise ApplyError(self.subject, f"run {entering}", reason)
        try:
            for line in lines:
                self._silent(line, secret)
        except ApplyError:
            self._session.exchange("end")
            raise
        self._silent("end")

    def _silent(self, line: str, secret: str = "") -> None:
        if line.startswith("hostname "):
            self._session.will_be_called(line.split()[1][:_HOST_SHOWN])
        text = clean(self._session.exchange(line.replace(SECRET, secret)).text)
        problems = [part for part in text.splitlines() if part.strip(" ^")]
        if problems:
            reason = self._redacted(problems[0].strip(), secret)
            raise ApplyError(self.subject, f"run {line}", reason)

    def ensure(self, commands: Iterable[str], secret: str = "") -> None:
        """Make the commands true, surviving a lost session and a restarting modem.

        Raises:
            ApplyError: the device refused, or accepted and did not apply.
            DeviceUnreachableError: it did not come back in time.
        """
        for step in steps_of(commands):
            self._ensure(step, secret)

    def ensure_none(self, lines_left: Callable[[str], tuple[str, ...]]) -> None:
        """Send what is left to do, as told from the running configuration, until nothing is.

        Raises: as `ensure`.
        """
        left: tuple[str, ...] = ()

        def difference() -> str:
            nonlocal left
            left = lines_left(self.ask("show running-config"))
            return next(iter(left), "")

        self._make_true("change the configuration", difference, lambda: self.configure(left))

    def _ensure(self, step: Step, secret: str) -> None:
        self._make_true(
            f"run {step.lines[0] if step.is_exec else '; '.join(step.lines)}",
            partial(self._difference, step),
            partial(self._send, step, secret),
            hidden=step.hidden,
            slow=step.slow,
        )

    def _make_true(
        self,
        action: str,
        difference: Callable[[], str],
        send: Callable[[], None],
        *,
        hidden: bool = False,
        slow: bool = False,
    ) -> None:
        """Send once and look, and again when the session was lost: nobody knows what arrived.

        Args:
            action: for errors.
            difference: empty when all is so, `RESTARTING`, or what is found instead.
            send: the commands.
            hidden: part of it cannot be read back, so it is sent even when all seems so.
            slow: it becomes true some time after it was sent.
        """
        deadline = self._clock.monotonic() + self._patience_s
        sent = False
        while True:
            problem: DeviceError
            try:
                found = difference()
                if not found and (sent or not hidden):
                    return
                if found != RESTARTING and not sent:
                    send()
                    sent = True
                    continue
                reason = found if found == RESTARTING else f"accepted but not applied: {found}"
                problem = ApplyError(self.subject, action, reason)
                if sent and found != RESTARTING and not slow:
                    raise problem
            except DeviceUnreachableError as error:
                problem, sent = error, False
            if self._clock.monotonic() >= deadline:
                raise problem
            self._clock.sleep(_POLL_S)

    def _send(self, step: Step, secret: str) -> None:
        if step.is_exec:
            self.execute(step.lines[0].removeprefix("do "), secret)
        else:
            self.configure(step.lines, secret)

    def _difference(self, step: Step) -> str:
        """Empty when the step is true, `RESTARTING`, or what is found instead."""
        if not step.is_exec:
            return config_difference(step.lines, self.running())
        if match := _ACTIVATE.match(step.lines[0]):
            text = self.ask_any(f"show cellular {match[1]} security")
            active = value_of(pairs(text), "Active SIM")
            if active is None:
                return RESTARTING
            return "" if active == match[2] else f"the active SIM is {active}"
        if match := _CREATE.match(step.lines[0]):
            text = self.ask_any(f"show {match[1]} profile")
            wanted = (int(match[2]), match[3], match[4], match[5] or "")
            shown = [(p.number, p.apn, p.auth, p.username) for p in parse_profiles(text)]
            return "" if wanted in shown else f"profile {match[2]} is another"
        raise ApplyError(self.subject, f"run {step.lines[0]}", "its effect cannot be read back")

    def running(self) -> str:
        """The WAN part of the running configuration."""
        return self._wan_part("running-config")

    def startup(self) -> str:
        """The WAN part of what a reload brings back."""
        return self._wan_part("startup-config")

    def _wan_part(self, which: str) -> str:
        controller = self.ask(f"show {which} | section ^controller Cellular {self.unit}")
        marks = self.ask(f"show {which} | include ^event manager environment rekamatan")
        return f"{controller}\n{marks}\n"

    def _redacted(self, text: str, secret: str = "") -> str:
        return redact(text, (*self._secrets, secret))


def config_difference(lines: Iterable[str], running: str) -> str:
    """What of the configuration lines is not so in `running`; empty when all is. Pure."""
    plain = [line for line in lines if not _CONTEXT.match(line)]
    have = parse_config(running)
    want = parse_config("\n".join(line for line in plain if not line.startswith("no ")))
    for slot in want.data_profiles:
        if have.number_for(slot) != want.number_for(slot):
            return f"the data profile of slot {slot} is {have.number_for(slot)}"
    if want.primary is not None and have.primary != want.primary:
        return f"the primary slot is {have.primary}"
    for profile in want.profiles:
        if profile not in have.profiles:
            return f"profile id {profile.number} is another"
    for name, value in want.marks.items():
        if have.marks.get(name) != value:
            return f"{name} is {have.marks.get(name, 'absent')}"
    return _still_there([line[3:] for line in plain if line.startswith("no ")], running)


def _still_there(removed: list[str], running: str) -> str:
    shown = [line.strip() for line in running.splitlines()]
    for line in removed:
        if any(f"{found} ".startswith(f"{line} ") for found in shown):
            return f"{line} is still there"
    return ""
