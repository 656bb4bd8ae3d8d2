"""Driver for VyOS routers with a wwan interface, over SSH."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError, NotSupportedError
from rekamatan.models import Identity, ModemState, Rollback, Signal
from rekamatan.modems import vyos_plan, vyos_restore
from rekamatan.modems.abilities import TIMER_AND_SLOTS, Abilities
from rekamatan.modems.apn_passwords import SECRET, ApnPasswords
from rekamatan.modems.cli_session import CliSession, Manners
from rekamatan.modems.templates import labelled_commands
from rekamatan.modems.text_sections import to_text
from rekamatan.modems.vyos_console import Console
from rekamatan.modems.vyos_deadman import DeadMan
from rekamatan.modems.vyos_parse import (
    PLATFORM,
    default_route,
    error_in,
    parse_config,
    parse_interfaces,
    parse_mark,
    parse_signal,
    parse_state,
    redact,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile

# A SIM switch makes ModemManager find the modem anew: half a minute and more.
PATIENCE_S = 120.0
_POLL_S = 1.0
_VERSION = re.compile(r"^Version:\s*VyOS (\S+)", re.MULTILINE)
_MODEL = re.compile(r"^Hardware model:\s*(.+?)\s*$", re.MULTILINE)
_SERIAL = re.compile(r"^Hardware S/N:\s*(\S+)", re.MULTILINE)
_OLDEST = (1, 4)  # before it commit-confirm was no systemd timer, whose state can be read
MANNERS = Manners(
    "vyos", lambda base: base + r"(?::[^\n]*?)?[$#] ?", lambda line: "[commit-confirm]" in line
)


class VyosDriver:
    """One router. The session opens when first needed.

    Args:
        access: how to reach it; `interface` names the wwan interface ("wwan0").
        password: of the account.
        apn_passwords: profile name -> password of its APN, filled in when a command is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change is waited for while the modem restarts or the session is lost.
    """

    platform: ClassVar[str] = PLATFORM
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
        self._clock = clock or SystemClock()
        self._patience_s = patience_s
        self._session = CliSession(access, username or access.username, password, MANNERS)
        subject, can_send = self._session.subject, vyos_plan.can_send
        self._passwords = ApnPasswords(apn_passwords, subject, "VyOS", can_send)
        secrets = (password, *apn_passwords.values())
        self._console = Console(self._session, access.interface, secrets)
        self._deadman = DeadMan(self._console)

    @property
    def console(self) -> Console:
        """The checked console."""
        return self._console

    def identify(self) -> Identity:
        """Model and release. Raises `NotSupportedError` for one that is too old, or not VyOS."""
        text = self._console.ask("show version")
        version = _VERSION.search(text)
        if version is None or not _supported(version[1]):
            raise NotSupportedError(
                self._console.subject,
                "identify",
                f"VyOS {version[1] if version else 'of unknown version'} is not VyOS 1.4 or later",
                "correct platform in site_modem, or upgrade the router",
            )
        model, serial = _MODEL.search(text), _SERIAL.search(text)
        return Identity(
            platform=self.platform,
            model=model[1] if model else "VyOS",
            version=version[1],
            serial=serial[1] if serial else None,
        )

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        answers = {}
        for name, command in labelled_commands(self.platform, "read", interface=self._interface):
            ask = self._console.ask_any if name in {"modem", "sim", "signal"} else self._console.ask
            answers[name] = ask(command)
        raw = to_text(answers)
        config = parse_config(answers["config"], self._interface)
        mark = parse_mark(config.description)
        modem = parse_state(f"{answers['modem']}\n{answers['sim']}", answers["signal"])
        there = error_in(answers["modem"]) is None
        matches = mark.profile and mark.slot in {"", modem.sim_slot}
        addresses = parse_interfaces(answers["interfaces"]).get(self._interface, [])
        return dataclasses.replace(
            modem,
            profile=(mark.profile if matches else config.apn) if there else None,
            apn=config.apn,
            wan_if=self._interface if config.paths else None,
            wan_ip=addresses[0].partition("/")[0] if addresses else None,
            default_route_via=default_route(answers["route"]),
            raw=raw,
        )

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `vyos_plan.render`."""
        return vyos_plan.render(
            profile, state, plan_id, interface=self._interface, subject=self._console.subject
        )

    def backup(self) -> str:
        """The configuration as `set` commands, without secrets."""
        text = redact(self._console.ask("show configuration commands"))
        if not any(line.startswith("set ") for line in text.splitlines()):
            raise DeviceError(
                self._console.subject,
                "read the configuration",
                "the answer has no command in it",
                "the account may not read it: it needs level admin",
            )
        return text

    def restore_plan(self, kept: str, profile: str, plan_id: str) -> ChangePlan:
        """From the present configuration to a kept one; see `vyos_restore`."""
        return vyos_restore.restore_plan(
            kept, self.backup(), profile, plan_id, self._interface, self._console.subject
        )

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the device; see `vyos_deadman`."""
        self._deadman.arm(plan, seconds)

    def pending(self) -> PendingRollback | None:
        """The timer on the device, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each part read back."""
        secret = self._passwords.filling(plan.commands, plan.target)
        self._ensure(plan, plan.commands, secret)

    def confirm(self, plan_id: str) -> None:
        """Stop the timer, see that it is gone, save; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old settings and SIM slot now, then the timer's remains away; idempotent."""
        secret = self._passwords.filling(plan.undo, plan.previous)
        self._ensure(plan, plan.undo, secret, back=True)
        self._deadman.settle(plan.plan_id)

    def signal(self) -> Signal:
        """Radio figures now."""
        return parse_signal(self._console.ask(f"show interfaces wwan {self._interface} signal"))

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _ensure(
        self, plan: ChangePlan, commands: tuple[str, ...], secret: str, *, back: bool = False
    ) -> None:
        """Make the commands true, surviving a lost session and a restarting modem."""
        settings = tuple(line for line in commands if line.startswith(("set ", "delete ")))
        self._patiently(lambda _: self._make_settings(plan, settings, secret, back=back))
        for line in commands:
            if line not in settings:
                self._patiently(functools.partial(self._move, line))

    def _patiently(self, act: Callable[[float], None]) -> None:
        """Again after a lost session, each part with patience of its own."""
        deadline = self._clock.monotonic() + self._patience_s
        while True:
            try:
                act(deadline)
            except DeviceUnreachableError:
                if self._clock.monotonic() >= deadline:
                    raise
                self._clock.sleep(_POLL_S)
            else:
                return

    def _make_settings(
        self, plan: ChangePlan, settings: tuple[str, ...], secret: str, *, back: bool
    ) -> None:
        found = self._settings_differ(plan, settings)
        if not found:
            return
        if back:
            self._console.commit(settings, secret)
        else:
            self._deadman.commit(plan, settings, secret)
        if found := self._settings_differ(plan, settings):
            raise ApplyError(self._console.subject, "commit", f"accepted but not applied: {found}")

    def _settings_differ(self, plan: ChangePlan, settings: tuple[str, ...]) -> str:
        """Empty when all is so. The mark of a change without a timer names no trial."""
        own = f" interfaces wwan {self._interface} "
        filtered = f" | match {self._interface}" if all(own in line for line in settings) else ""
        shown = self._console.ask(f"show configuration commands{filtered}")
        trial = f" trial:{plan.plan_id}"
        plain = tuple(line.replace(trial, "") for line in settings)
        found = vyos_restore.difference(settings, shown, SECRET)
        return found and vyos_restore.difference(plain, shown, SECRET)

    def _move(self, line: str, deadline: float) -> None:
        """To the other SIM; the modem is away for a while and then shows it."""
        wanted = line.rpartition("=")[2]
        sent = False
        while True:
            slot = self._console.slot()
            if slot == wanted:
                return
            if slot is not None and not sent:
                text = self._console.ask_any(line)
                if (problem := error_in(text)) or "successfully" not in text:
                    reason = problem or text.strip() or "no answer to the change of slot"
                    raise ApplyError(self._console.subject, f"run {line}", reason)
                sent = True
            if self._clock.monotonic() >= deadline:
                raise ApplyError(
                    self._console.subject, f"run {line}", f"the SIM slot in use is {slot}"
                )
            self._clock.sleep(_POLL_S)


def _supported(version: str) -> bool:
    """1.4 and later; rolling releases are named by their date."""
    parts = re.match(r"(\d+)\.(\d+)", version)
    return parts is not None and (int(parts[1]), int(parts[2])) >= _OLDEST
