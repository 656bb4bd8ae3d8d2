"""Driver for plain routers (VSAT, fibre, PPPoE): the recording server prefers another uplink.

The router is not touched and not asked. What changes is the default route of the recording server
itself, and what brings it back is the server's own journal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from rekamatan import paths
from rekamatan.errors import ApplyError, ConfigError, DeviceError, NotSupportedError
from rekamatan.models import Identity, Rollback, Signal
from rekamatan.modems import plain_router_plan as plans
from rekamatan.modems.abilities import Abilities
from rekamatan.modems.json_sections import to_text
from rekamatan.modems.plain_router_beside import close_beside, open_beside
from rekamatan.records.durable import make_directory, write_durably
from rekamatan.verify.command import Runner, run

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import (
        ChangePlan,
        ModemAccess,
        ModemState,
        PendingRollback,
        Site,
        WanProfile,
    )

CHOICE = "uplink.json"
_PATIENCE_S = 10.0
_SUBJECT = "uplinks of this server"
_NO_TIMER = "nothing outside this server knows of the switch: its journal is the way back"
_NO_TABLE = "FIB table does not exist"
_RULE_IS_THERE = "File exists"
_QUERIES = {
    "rules": ("ip", "-j", "-4", "rule", "show"),
    "table": ("ip", "-j", "-4", "route", "show", "table", str(plans.TABLE)),
    "way_out": ("ip", "-j", "-4", "route", "get", plans.FAR),
}
_NO_WAY = ("Network is unreachable", "No route to host")


class PlainRouterDriver:
    """The uplinks of the machine on which this runs.

    Args:
        access: `interface` is the one on which the routers' addresses are, where a slot names none.
        password: not used: there is nobody to log in to.
        apn_passwords: not used.
        username: not used.
        directory: where the choice is written down.
        runner: runs `ip`.
    """

    platform: ClassVar[str] = plans.PLATFORM
    rollback: ClassVar[Rollback] = Rollback.SERVER
    restore_by_hand: ClassVar[str] = (
        "its configuration is the district's: only the preference of its way is ours"
    )
    abilities: ClassVar[Abilities] = Abilities(
        device_timer=False,
        survives_power_cut=False,
        sim_slots=False,
        make_before_break=True,
        signal=False,
        survey=False,
        restore=False,
    )

    def __init__(  # noqa: PLR0913 - the same call as for every driver, and two for tests
        self,
        access: ModemAccess,
        password: str,
        apn_passwords: dict[str, str],
        *,
        username: str = "",
        directory: Path = paths.WAN,
        runner: Runner = run,
    ) -> None:
        del password, apn_passwords, username
        self._interface = access.interface
        self._uplinks = Uplinks(directory, runner)

    def identify(self) -> Identity:
        """What can be said of a router that is not asked."""
        return Identity(platform=self.platform, model="plain router", version="not asked")

    def read_state(self) -> ModemState:
        """A fresh reading of the kernel's routes and of the choice."""
        return self._uplinks.read_state()

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `plain_router_plan.render`."""
        return plans.render(profile, state, plan_id, interface=self._interface, subject=_SUBJECT)

    def backup(self) -> str:
        """The choice, and all routes and rules as they are."""
        main = self._uplinks.ask_json("ip", "-j", "-4", "route", "show")
        return self._uplinks.read_state().raw + to_text({"main": main})

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Not possible. Raises `NotSupportedError`."""
        del seconds
        raise NotSupportedError(_SUBJECT, f"arm {plan.plan_id}", _NO_TIMER)

    def pending(self) -> PendingRollback | None:
        """Never anything: nothing outside this server can bring an uplink back."""
        return None

    def apply(self, plan: ChangePlan) -> None:
        """Write the choice down, set the route, and see that packets really take it."""
        self._uplinks.carry_out(plan.commands)

    def confirm(self, plan_id: str) -> None:
        """Not possible: there is no timer to remove. Raises `NotSupportedError`."""
        raise NotSupportedError(_SUBJECT, f"confirm {plan_id}", _NO_TIMER)

    def revert(self, plan: ChangePlan) -> None:
        """The old uplink now; idempotent."""
        self._uplinks.carry_out(plan.undo)

    def open_path(self, profile: WanProfile) -> str:
        """See `plain_router_beside.open_beside`."""
        return open_beside(self._uplinks, plans.hop_of(profile.sim.slot, self._interface))

    def close_path(self) -> None:
        """See `plain_router_beside.close_beside`."""
        close_beside(self._uplinks)

    def signal(self) -> Signal:
        """Not possible: no radio is asked. Raises `NotSupportedError`."""
        raise NotSupportedError(_SUBJECT, "read the signal", "a plain router has none to tell")

    def close(self) -> None:
        """Nothing is open."""


def restore(site: Site, directory: Path = paths.WAN, runner: Runner = run) -> bool:
    """Prefer the chosen uplink again; where none was ever chosen, the one the site begins with.

    For the unit that runs at boot and every minute. Returns whether anything had to be done.

    Raises:
        ConfigError: this site has no plain router, or the slot of a profile is no next hop.
        DeviceError: the stored choice is damaged, or the route could not be set.
    """
    if site.modem.platform != plans.PLATFORM:
        reason = f"the modem of this site is {site.modem.platform}"
        raise ConfigError("site.json", "modem.platform", reason, "only plain routers have uplinks")
    uplinks = Uplinks(directory, runner)
    chosen = uplinks.chosen()
    if chosen is None:
        first = site.profiles[site.initial_profile]
        hop = plans.hop_of(first.sim.slot, site.modem.interface)
        chosen = plans.Preference(first.name, hop)
    elif uplinks.read_state().profile == chosen.profile:
        return False
    uplinks.choose(chosen)
    return True


class Uplinks:
    """The machine's routes, and the choice on disk that makes them again after a restart.

    Args:
        directory: where the choice is written down.
        runner: runs `ip`.
    """

    def __init__(self, directory: Path, runner: Runner = run) -> None:
        self._file = directory / CHOICE
        self._runner = runner

    def read_state(self) -> ModemState:
        """A fresh reading. Raises `DeviceError` when the stored choice is damaged."""
        answers: dict[str, Any] = {"choice": self._stored()}
        for name, command in _QUERIES.items():
            answers[name] = self.ask_json(*command)
        try:
            return plans.state_of(answers, to_text(answers))
        except ValueError as error:
            raise self._damaged(str(error)) from error

    def choose(self, preference: plans.Preference) -> None:
        """Prefer this uplink, whatever was before: for provisioning."""
        self.carry_out(plans.commands_for(preference, ruled=self._ruled()))

    def chosen(self) -> plans.Preference | None:
        """The stored choice. Raises `DeviceError` when it is damaged."""
        try:
            return plans.preference_from(self._stored())
        except ValueError as error:
            raise self._damaged(str(error)) from error

    def carry_out(self, commands: tuple[str, ...]) -> None:
        """Do each step, then see that all of it is so.

        Raises:
            ApplyError: a step failed, or packets leave another way.
        """
        wanted = plans.parse_prefer(commands[0]) if commands else None
        if wanted is None:
            return
        if not self._ruled():  # after a restart the rules are gone with the routes
            commands = plans.commands_for(wanted, ruled=False)
        for command in commands:
            self._do(command)
        state = self.read_state()
        if state.profile != wanted.profile or state.wan_ip is None:
            found = state.default_route_via or "nowhere"
            raise ApplyError(
                _SUBJECT,
                f"prefer {wanted.profile}",
                f"accepted but not applied: packets leave through {found}",
                "see `ip rule` and `ip route show table 201`: another rule may come first",
            )

    def ask(self, *command: str) -> str:
        """What a program printed. Raises `DeviceError` when it failed."""
        done = self._runner(command, _PATIENCE_S)
        if done.code:
            reason = " ".join(done.err.split()) or f"exit status {done.code}"
            raise DeviceError(_SUBJECT, f"run {' '.join(command)}", reason)
        return done.out

    def ask_json(self, *command: str) -> Any:  # noqa: ANN401 - whatever `ip -j` prints
        """The same, as data; nothing where there is no such table or no way out."""
        done = self._runner(command, _PATIENCE_S)
        if done.code and any(word in done.err for word in (_NO_TABLE, *_NO_WAY)):
            return []
        if done.code:
            return self.ask(*command)  # says what is wrong
        try:
            return json.loads(done.out or "[]")
        except json.JSONDecodeError as error:
            raise DeviceError(_SUBJECT, f"run {' '.join(command)}", f"no JSON: {error}") from error

    def _do(self, command: str) -> None:
        if preference := plans.parse_prefer(command):
            content = json.dumps(plans.preference_to(preference)).encode()
            try:
                make_directory(self._file.parent)
                write_durably(self._file, content)
            except OSError as error:
                hint = "free space on the server's disk"
                raise ApplyError(_SUBJECT, "write the choice down", str(error), hint) from error
            return
        done = self._runner(command.split(), _PATIENCE_S)
        if done.code and not (" rule add " in command and _RULE_IS_THERE in done.err):
            reason = " ".join(done.err.split()) or f"exit status {done.code}"
            hint = "check slot in site_sims and the cable between server and router"
            raise ApplyError(_SUBJECT, f"run {command}", reason, hint)

    def _ruled(self) -> bool:
        return plans.ruled(self.ask_json(*_QUERIES["rules"]))

    def _stored(self) -> object:
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise self._damaged(type(error).__name__) from error

    def _damaged(self, reason: str) -> DeviceError:
        return DeviceError(
            _SUBJECT,
            f"read {self._file}",
            reason,
            "remove the file and provision the site: the machine's own default route stays",
        )
