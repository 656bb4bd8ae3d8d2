"""Talking to an OpenWrt router so that a change is known to have worked, or not.

Measured on uci 2023-08: `uci batch` ends with status 0 although lines failed; setting a value that
is there records nothing; uncommitted changes are seen, and committed, by every process. So a silent
command that prints anything failed whatever its status, and values are read back twice: staged, and
committed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.openwrt_parse import (
    answers,
    parse_uci_changes,
    parse_uci_show,
    redact,
)
from rekamatan.modems.templates import shell_quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rekamatan.clock import Clock
    from rekamatan.modems.openwrt_parse import Answer, UciSection, UciValue
    from rekamatan.modems.shell_session import Completed, ShellSession

PACKAGE = "network"
# A SIM slot change restarts the modem, which is away for 15-30 s; registering takes 8-60 s more.
PATIENCE_S = 90.0
_POLL_S = 0.5
_UCI_LINE = re.compile(r"^uci (set|delete|add_list) network\.(\w+)\.(\w+)(?:=(.*))?$", re.DOTALL)
_UCI_PREFIX = "uci "
COMMIT = f"uci commit {PACKAGE}"

Wanted = dict[tuple[str, str], "UciValue | None"]


class Console:
    """Queries and changes, each checked.

    Args:
        session: the way to the device.
        secrets: kept out of every text that leaves this object.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
    """

    def __init__(
        self,
        session: ShellSession,
        secrets: tuple[str, ...],
        clock: Clock,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock
        self._patience_s = patience_s
        self.subject = session.subject

    def run(self, command: str, stdin: str = "") -> Completed:
        """Run a command whose failing is an answer too."""
        return self._session.execute(command, stdin)

    def ask(self, command: str) -> str:
        """The answer to a query. Raises `DeviceError` when it failed."""
        done = self.run(command)
        if done.status:
            raise DeviceError(self.subject, f"run {command}", self._reason(done))
        return redact(done.out, self._secrets)

    def ask_all(self, commands: Iterable[tuple[str, str]]) -> dict[str, Answer]:
        """Answers to labelled queries, in one round trip. Raises `DeviceError` when one is lost."""
        labelled = list(commands)
        script = "; ".join(
            f'{command} 2>&1; s=$?; echo; echo "### {name} $s"' for name, command in labelled
        )
        found = answers(redact(self.run(script).out, self._secrets))
        for name, command in labelled:
            if name not in found:
                raise DeviceError(self.subject, f"run {command}", "the answer is not complete")
        return found

    def tell(self, command: str, stdin: str = "", *, expected: str = "") -> None:
        """Run a command that prints nothing, or only `expected` (a pattern).

        Raises:
            ApplyError: it failed, or printed something else, whatever its exit status.
        """
        done = self.run(command, stdin)
        printed = f"{done.out}\n{done.err}".strip()
        if done.status or (printed and not (expected and re.fullmatch(expected, printed))):
            raise ApplyError(self.subject, f"run {command}", self._reason(done))

    def _reason(self, done: Completed) -> str:
        lines = [line.strip() for line in f"{done.err}\n{done.out}".splitlines() if line.strip()]
        text = lines[0] if lines else f"exit status {done.status} without a word"
        return redact(text, self._secrets)

    def wait(self, condition: Callable[[], bool], problem: Callable[[], DeviceError]) -> None:
        """Poll until `condition`, over lost sessions, at most for the patience.

        Raises:
            DeviceError: `problem()`, or the lost session, when the time is over.
        """
        deadline = self._clock.monotonic() + self._patience_s
        while True:
            try:
                if condition():
                    return
                trouble = None
            except DeviceUnreachableError as error:
                trouble = error
            if self._clock.monotonic() >= deadline:
                raise trouble or problem()
            self._clock.sleep(_POLL_S)

    # configuration

    def sections(self) -> dict[str, UciSection]:
        """The network configuration with uncommitted changes applied."""
        return parse_uci_show(self.run(f"uci show {PACKAGE}").out)

    def changes(self) -> tuple[tuple[str, str], ...]:
        """Uncommitted changes as (section, option)."""
        return parse_uci_changes(self.ask(f"uci changes {PACKAGE}"))

    def configure(self, lines: Iterable[str], secret: str = "") -> None:
        """Make `uci` lines true and commit them; nothing is sent when they are true already.

        Raises:
            ApplyError: refused, or accepted and not applied.
            DeviceError: someone else's uncommitted changes would be committed too.
        """
        sent = [line.replace(SECRET, shell_quoted(secret)) for line in lines]
        wanted = wanted_of(sent)
        staged = self.changes()
        self._check_staged(staged, wanted)
        if not staged and not self._differing(wanted):
            return
        if staged:
            self.tell(f"uci revert {PACKAGE}")
        batch = "".join(f"{line.removeprefix(_UCI_PREFIX)}\n" for line in sent)
        self.tell("uci batch", batch)
        self._check_applied(wanted, "accepted but not applied")
        self.tell(COMMIT)
        self.tell("sync")
        if self.changes():
            raise ApplyError(self.subject, f"run {COMMIT}", "the changes are still uncommitted")
        self._check_applied(wanted, "committed but not applied")

    def _check_staged(self, staged: tuple[tuple[str, str], ...], wanted: Wanted) -> None:
        foreign = [".".join(place).rstrip(".") for place in staged if place not in wanted]
        if foreign:
            raise DeviceError(
                self.subject,
                "change the configuration",
                f"someone left uncommitted changes: {', '.join(sorted(set(foreign)))}",
                f"at the modem: uci commit {PACKAGE} to keep them, or uci revert {PACKAGE}",
            )

    def _check_applied(self, wanted: Wanted, what: str) -> None:
        if differing := self._differing(wanted):
            raise ApplyError(self.subject, "change the configuration", f"{what}: {differing}")

    def _differing(self, wanted: Wanted) -> str:
        """The first option that is not as wanted, without its value when it is a secret."""
        sections = self.sections()
        for (section, option), value in wanted.items():
            shown = sections[section].options.get(option) if section in sections else None
            if as_tuple(shown) != as_tuple(value):
                text = redact(f"{section}.{option}='{shown}'", self._secrets)
                return text if shown is not None else f"{section}.{option} is not set"
        return ""


def wanted_of(lines: Iterable[str]) -> Wanted:
    """What must read back after these `uci` lines; None for a deleted option."""
    wanted: Wanted = {}
    for line in lines:
        match = _UCI_LINE.match(line)
        if not match:
            continue
        verb, section, option, value = match.groups()
        text = unquoted(value or "")
        if verb == "add_list":
            wanted[section, option] = (*as_tuple(wanted.get((section, option))), text)
        else:
            wanted[section, option] = None if verb == "delete" else text
    return wanted


def as_tuple(value: UciValue | None) -> tuple[str, ...]:
    """A value as a list: uci does not tell a list of one from an option."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def unquoted(text: str) -> str:
    """The text that `shell_quoted` was given."""
    return text[1:-1].replace("'\\''", "'") if text.startswith("'") else text
