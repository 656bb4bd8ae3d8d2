"""Driver for RouterOS LTE routers over SSH: what versions 6 and 7 share.

What differs between them is data (`Dialect`) and the queries in `templates/modems/<platform>/`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import DeviceError, DeviceUnreachableError, NotSupportedError
from rekamatan.models import Identity, ModemState, Rollback, Signal
from rekamatan.modems import routeros_plan, routeros_restore
from rekamatan.modems.abilities import TIMER_AND_SLOTS, Abilities
from rekamatan.modems.apn_passwords import ApnPasswords
from rekamatan.modems.routeros_console import PATIENCE_S, Console
from rekamatan.modems.routeros_deadman import DeadMan
from rekamatan.modems.routeros_parse import first, parse_monitor
from rekamatan.modems.routeros_state import signal_of, state_of
from rekamatan.modems.routeros_text import redact
from rekamatan.modems.ssh import SshSession
from rekamatan.modems.templates import command_lines, labelled_commands

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile

_VERSION = re.compile(r"^(\d+)\.(\d+)")
_UNKNOWN_MENU = "bad command name"
_SLOT_MENU = re.compile(r"\[(/[^\]]+) get sim-slot\]")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one major version differs from the other."""

    platform: str
    oldest: tuple[int, int]  # first version with what the driver needs
    newest_major: int
    export: str  # gives the configuration without secrets


class RouterosDriver:
    """One router. The session opens when first needed.

    Args:
        access: how to reach it; `interface` names the LTE interface.
        password: of the account.
        apn_passwords: profile name -> password of its APN, filled in when a command is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
    """

    platform: ClassVar[str]
    dialect: ClassVar[Dialect]
    rollback: ClassVar[Rollback] = Rollback.DEVICE
    abilities: ClassVar[Abilities] = TIMER_AND_SLOTS

    def __init__(  # noqa: PLR0913 - the last three are for tests and the read-only account
        self,
        access: ModemAccess,
        password: str,
        apn_passwords: dict[str, str],
        *,
        username: str = "",
        clock: Clock | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._interface = access.interface
        account = username or access.username
        self._session = SshSession(access, account, password, "mikrotik_routeros")
        self._passwords = ApnPasswords(apn_passwords, self._session.subject)
        secrets = (password, *apn_passwords.values())
        self._console = Console(self._session, secrets, clock or SystemClock(), patience_s)
        self._deadman = DeadMan(self._console, account)

    @property
    def console(self) -> Console:
        """The checked console, for base configuration."""
        return self._console

    def identify(self) -> Identity:
        """Model and firmware. Raises `NotSupportedError` for another or too old a version."""
        resource = parse_monitor(self._console.ask("/system resource print"))
        board = parse_monitor(self._console.ask_any("/system routerboard print"))
        version = first(resource, "version") or ""
        if not self._speaks(version):
            major, minor = self.dialect.oldest
            raise NotSupportedError(
                self._console.subject,
                "identify",
                f"RouterOS {version or 'of unknown version'} is not {self.platform} "
                f"({major}.{minor} or later, before {self.dialect.newest_major + 1})",
                "correct platform in site_modem, or upgrade the modem",
            )
        return Identity(
            platform=self.platform,
            model=first(resource, "board-name") or "",
            version=version,
            serial=first(board, "serial-number"),
        )

    def _speaks(self, version: str) -> bool:
        found = _VERSION.match(version)
        if found is None:
            return False
        numbers = int(found[1]), int(found[2])
        return self.dialect.oldest <= numbers and numbers[0] <= self.dialect.newest_major

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        return state_of(self.platform, self._interface, self._read())

    def _read(self) -> dict[str, str]:
        """Answers by label. Only errors that mean `not there now` are answers.

        A label that stands more than once names alternatives: menus that only some versions have.
        The first one the device knows is taken; none is guessed.
        """
        answers: dict[str, str] = {}
        for name, command in self._queries():
            if name in answers and not answers[name].startswith(_UNKNOWN_MENU):
                continue
            may_lack = name in {"monitor", "slot"}
            ask = self._console.ask_any if may_lack else self._console.ask
            answers[name] = ask(command)
            menu = _SLOT_MENU.search(command)
            if menu and not answers[name].startswith(_UNKNOWN_MENU):
                answers["slot-menu"] = menu[1]
        return answers

    def _queries(self) -> tuple[tuple[str, str], ...]:
        return labelled_commands(self.platform, "read", interface=self._interface)

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `routeros_plan.render`."""
        return routeros_plan.render(
            profile, state, plan_id, interface=self._interface, subject=self._console.subject
        )

    def backup(self) -> str:
        """The configuration as `/export` gives it, without secrets."""
        text = redact(self._console.ask(self.dialect.export))
        if not any(line.startswith("/") for line in text.splitlines()):
            raise DeviceError(
                self._console.subject,
                "export the configuration",
                "the answer has no section",
                "the account may lack a policy; compare its group with the provisioned one",
            )
        return text

    def restore_plan(self, kept: str, profile: str, plan_id: str) -> ChangePlan:
        """See `routeros_restore.restore_plan`."""
        return routeros_restore.restore_plan(
            kept, self.backup(), profile, plan_id, self._console.subject
        )

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the device; see `routeros_deadman`."""
        self._deadman.arm(plan, seconds)

    def pending(self) -> PendingRollback | None:
        """The timer on the device, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each value read back."""
        self._console.ensure(plan.commands, self._passwords.filling(plan.commands, plan.target))

    def confirm(self, plan_id: str) -> None:
        """Remove the timer and see that it is gone; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old values now, then the timer away; idempotent."""
        self._console.ensure(plan.undo)
        self._deadman.clear(plan.plan_id)

    def reset_modem(self) -> None:
        """Restart the router in order; its configuration stays. The session ends with it."""
        *prepare, restart = command_lines(routeros_plan.FAMILY, "restart")
        for command in prepare:
            self._console.tell(command)
        with suppress(DeviceUnreachableError):
            self._console.tell(restart)

    def signal(self) -> Signal:
        """Radio figures now."""
        command = dict(self._queries())["monitor"]
        return signal_of(parse_monitor(self._console.ask(command)))

    def close(self) -> None:
        """End the session."""
        self._session.close()
