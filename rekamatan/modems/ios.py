"""Driver for Cisco routers with a cellular modem, IOS 15 and IOS-XE, over SSH."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Identity, ModemState, Rollback, Signal
from rekamatan.modems import ios_plan
from rekamatan.modems.abilities import TIMER_AND_SLOTS, Abilities
from rekamatan.modems.apn_passwords import ApnPasswords
from rekamatan.modems.cli_session import CliSession, Manners
from rekamatan.modems.ios_config import named_profile
from rekamatan.modems.ios_console import PATIENCE_S, Console
from rekamatan.modems.ios_deadman import DeadMan
from rekamatan.modems.ios_parse import (
    PLATFORM,
    default_route,
    interface_address,
    is_noise,
    parse_signal,
    parse_state,
    redact,
    wants_pin,
)
from rekamatan.modems.ios_restore import is_restore, lines_between, restore_plan
from rekamatan.modems.templates import labelled_commands
from rekamatan.modems.text_sections import to_text

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile

_VERSION = re.compile(r"\bVersion (\d+)\.(\d+)([^\s,]*)")
_MODEL = re.compile(r"^[Cc]isco (\S+)(?: \([^)]*\))?.* processor", re.MULTILINE)
_SERIAL = re.compile(r"^Processor board ID (\S+)", re.MULTILINE)
_OLDEST = 15  # `event manager applet ... authorization bypass` and the revert timer are in it
# The router shortens the host name in configuration mode; netmiko keeps 16 characters of it.
MANNERS = Manners("cisco_ios", lambda base: base + r"[\w.-]*(?:\([^)\n]*\))?[#>]", is_noise)


class IosDriver:
    """One router. The session opens when first needed.

    Args:
        access: how to reach it; `interface` names the cellular interface ("Cellular0/2/0").
        password: of the account, which needs privilege 15.
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
        self._session = CliSession(access, username or access.username, password, MANNERS)
        subject, can_send = self._session.subject, ios_plan.can_send
        self._passwords = ApnPasswords(apn_passwords, subject, "IOS", can_send)
        secrets = (password, *apn_passwords.values())
        unit = ios_plan.unit_of(access.interface)
        clock = clock or SystemClock()
        self._console = Console(self._session, unit, secrets, clock, patience_s)
        self._deadman = DeadMan(self._console)

    @property
    def console(self) -> Console:
        """The checked console."""
        return self._console

    def identify(self) -> Identity:
        """Model and release. Raises `NotSupportedError` for one that is too old, or not IOS."""
        text = self._console.ask("show version")
        version, model = _VERSION.search(text), _MODEL.search(text)
        if "Cisco IOS" not in text or version is None or int(version[1]) < _OLDEST:
            found = f"IOS {version[1]}.{version[2]}{version[3]}" if version else "no IOS version"
            raise NotSupportedError(
                self._console.subject,
                "identify",
                f"{found} is not IOS {_OLDEST} or later",
                "correct platform in site_modem, or upgrade the router",
            )
        serial = _SERIAL.search(text)
        return Identity(
            platform=self.platform,
            model=model[1] if model else "",
            version=f"{version[1]}.{version[2]}{version[3]}",
            serial=serial[1] if serial else None,
        )

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        answers = self._read()
        if wants_pin(answers["cellular"]):
            answers["meaning"] = "the SIM wants its PIN (IOS calls it CHV1)"
        raw = to_text(answers)
        modem = parse_state(answers["cellular"])
        config = ios_plan.reading_of(raw).config
        name = named_profile(config, modem.sim_slot, modem.apn)
        shown = bool(modem.sim_slot or modem.profile)
        return dataclasses.replace(
            modem,
            profile=name or modem.profile,
            wan_if=self._interface if shown else None,
            wan_ip=interface_address(answers["address"], self._interface),
            default_route_via=default_route(answers["route"]),
            raw=raw,
        )

    def _read(self) -> dict[str, str]:
        """Answers by label. The probes are refused on purpose; a route may be missing."""
        answers = {}
        for name, command in labelled_commands(self.platform, "read", unit=self._console.unit):
            may_lack = name == "route" or name.startswith("probe-")
            ask = self._console.ask_any if may_lack else self._console.ask
            answers[name] = ask(command)
        return answers

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `ios_plan.render`."""
        return ios_plan.render(
            profile, state, plan_id, interface=self._interface, subject=self._console.subject
        )

    def backup(self) -> str:
        """The running configuration and the modem's own profiles, without secrets."""
        text = self._console.ask("show running-config")
        if "hostname " not in text or not text.rstrip().endswith("end"):
            raise DeviceError(
                self._console.subject,
                "read the running configuration",
                "the answer is not a whole configuration",
                "the account needs privilege 15",
            )
        profiles = self._console.ask(f"show cellular {self._console.unit} profile")
        kept = "".join(f"! {line}\n" for line in redact(profiles).splitlines())
        return f"{redact(text)}\n! data profiles in the modem\n{kept}"

    def restore_plan(self, kept: str, profile: str, plan_id: str) -> ChangePlan:
        """From the present configuration to a kept one; see `ios_restore`.

        Raises:
            DeviceError: a reload would not bring the present configuration back.
            NotSupportedError: a difference needs a person.
        """
        current = self.backup()
        if left := lines_between(redact(self._console.ask("show startup-config")), current):
            raise DeviceError(
                self._console.subject,
                "restore the backup",
                f"the startup configuration is not the running one, which has: {left[-1]}",
                "run `write memory` on the router when the running one is the wanted one",
            )
        return restore_plan(kept, current, profile, plan_id, self._console.subject)

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the device; see `ios_deadman`."""
        self._deadman.arm(plan, seconds)

    def pending(self) -> PendingRollback | None:
        """The timer on the device, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each part read back."""
        if is_restore(plan):
            self._console.ensure_none(lambda running: lines_between(redact(running), plan.after))
            return
        self._console.ensure(plan.commands, self._passwords.filling(plan.commands, plan.target))

    def confirm(self, plan_id: str) -> None:
        """Stop the timer, see that it is gone, save; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old configuration and SIM slot now, then the timer's remains away; idempotent."""
        self._deadman.roll_back()
        if is_restore(plan):
            self._console.ensure_none(lambda running: lines_between(redact(running), plan.before))
        else:
            self._console.ensure(plan.undo)
        self._deadman.clear(plan.plan_id)

    def signal(self) -> Signal:
        """Radio figures now."""
        return parse_signal(self._console.ask(f"show cellular {self._console.unit} radio"))

    def close(self) -> None:
        """End the session."""
        self._session.close()
