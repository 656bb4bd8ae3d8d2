"""What to tell a HiLink modem to make a carrier's profile the one in use. Pure: data in, text out.

A command is `POST <endpoint> <request document>`, as the modem's own page sends it. Markers in it
are filled in at the moment of sending: the APN's password, and the index of a profile, which the
modem gives out when the profile is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import NotSupportedError
from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.hilink_parse import (
    PLATFORM,
    Answer,
    DialProfile,
    DialProfiles,
    parse_document,
    parse_profiles,
    sim_trouble,
    text_of,
)
from rekamatan.modems.json_sections import from_text
from rekamatan.modems.plan_checks import cannot_plan
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile

PROFILES, DATA = "dialup/profiles", "dialup/mobile-dataswitch"
_COMMAND = re.compile(r"POST (\S+) (<request>.*</request>)")
_INDEX = re.compile(r"\{\{index of (.*)\}\}")
_AUTH = {"none": "0", "pap": "1", "chap": "2"}
_IPV4 = "0"


@dataclass(frozen=True, slots=True)
class Values:
    """What of a dial-up profile is ours."""

    apn: str
    username: str
    auth: str
    static: str = "1"
    ip_type: str = _IPV4


@dataclass(frozen=True, slots=True)
class Command:
    """One request, taken apart."""

    endpoint: str
    body: Answer
    text: str

    @property
    def secret(self) -> bool:
        """Whether it carries a password, which cannot be read back."""
        return SECRET in self.text

    @property
    def data_on(self) -> bool | None:
        """What it makes of the data switch; None when it is about something else."""
        return None if self.endpoint != DATA else text_of(self.body, "dataswitch") == "1"

    @property
    def makes_active(self) -> str | None:
        """Name of the profile that it puts in use."""
        match = _INDEX.fullmatch(text_of(self.body, "SetDefault") or "")
        return match[1] if match else None

    @property
    def says(self) -> str:
        """What it does, for errors."""
        if self.data_on is not None:
            return f"switch data {'on' if self.data_on else 'off'}"
        if self.makes_active:
            return f"put the profile {self.makes_active} in use"
        return f"define the profile {self.defines}"

    @property
    def defines(self) -> str | None:
        """Name of the profile that it makes or changes."""
        return text_of(self.profile or {}, "Name")

    @property
    def profile(self) -> Answer | None:
        """The profile that it makes or changes."""
        given = self.body.get("Profile")
        return given if isinstance(given, dict) else None


def parse_command(text: str) -> Command:
    """A line of a plan. Raises `ValueError` when it is none."""
    match = _COMMAND.fullmatch(text)
    if match is None:
        raise ValueError(f"not a request of a plan: {text}")
    return Command(match[1], parse_document(match[2]), text)


def filled(command: Command, profiles: DialProfiles, secret: str) -> Answer:
    """The request as it is sent. Raises `LookupError` when a profile it names is not there."""
    return {key: _fill(value, profiles, secret) for key, value in command.body.items()}


def _fill(value: object, profiles: DialProfiles, secret: str) -> object:
    if isinstance(value, dict):
        return {key: _fill(item, profiles, secret) for key, item in value.items()}
    if not isinstance(value, str):
        return "" if value is None else value
    if match := _INDEX.fullmatch(value):
        found = profiles.named(match[1])
        if found is None:
            raise LookupError(f"the modem has no dial-up profile named {match[1]}")
        return found.index
    return secret if value == SECRET else value


def holds(command: Command, profiles: DialProfiles, *, data_on: bool) -> str:
    """Empty when what the command asks for is so, else the first thing that is not."""
    if command.data_on is not None:
        state = "on" if data_on else "off"
        return "" if command.data_on == data_on else f"the data switch is {state}"
    if name := command.makes_active:
        active = profiles.active.name if profiles.active else "none"
        return "" if active == name else f"the profile in use is {active}"
    wanted = command.profile or {}
    found = profiles.named(command.defines or "")
    if found is None:
        return f"there is no profile named {command.defines}"
    asked = Values(
        text_of(wanted, "ApnName") or "",
        text_of(wanted, "Username") or "",
        text_of(wanted, "AuthMode") or "",
        text_of(wanted, "ApnIsStatic") or "",
        text_of(wanted, "iptype") or "",
    )
    return ", ".join(differing(asked, found))


def differing(wanted: Values, found: DialProfile) -> list[str]:
    """What of a profile is not as wanted, in words.

    Without a user name the way of authentication does not matter, and clones show other numbers;
    what a model does not show (the IP type on older ones) cannot differ.
    """
    shown = [
        ("APN", wanted.apn, found.apn),
        ("fixed APN", wanted.static, "1" if found.apn_is_static else "0"),
        ("user name", wanted.username, found.username),
        ("authentication", wanted.auth if wanted.username else found.auth, found.auth),
        ("IP type", wanted.ip_type if found.ip_type is not None else found.ip_type, found.ip_type),
    ]
    return [f"{name} is {is_ or 'empty'}" for name, want, is_ in shown if want != is_]


def values_of(profile: WanProfile) -> Values:
    """What the modem's profile is to be."""
    return Values(profile.apn, profile.username, _AUTH[profile.auth])


def render(profile: WanProfile, state: ModemState, plan_id: str, *, subject: str) -> ChangePlan:
    """The difference between a reading and `profile`, as requests, and the way back.

    Raises:
        DeviceError: no profile is in use to come back to, or the SIM card is not ready.
        NotSupportedError: the plan names a SIM slot, or needs a profile that cannot be changed.
    """
    answers = from_text(state.raw)
    profiles = parse_profiles(answers.get(PROFILES, {}))
    active = _checked(profile, answers, profiles, subject)
    wanted, current = values_of(profile), profiles.named(profile.name)
    same = current is not None and not differing(wanted, current)
    data_on = text_of(answers.get(DATA, {}), "dataswitch") != "0"
    if same and active is current and data_on:
        return _plan(profile, active, plan_id, wanted, (), ())
    fixed = current is not None and current.read_only
    if fixed and not same:
        raise _unchangeable(profile, subject)
    password = profile.auth != "none" and not fixed
    define = [] if same and not password else [
        definition(profile.name, wanted, exists=current is not None, secret=password)
    ]  # fmt: skip
    restore = []
    if active is current and define:
        restore.append(definition(active.name, _values_of(active), exists=True))
    commands, undo = activation(profile.name, *define), activation(active.name, *restore)
    return _plan(profile, active, plan_id, wanted, commands, undo)


def _unchangeable(profile: WanProfile, subject: str) -> NotSupportedError:
    return NotSupportedError(
        subject,
        f"change the dial-up profile {profile.name}",
        "it came with the modem and cannot be changed",
        "give the profile another name in wan_profiles, or take the modem's own APN",
    )


def _checked(
    profile: WanProfile, answers: dict[str, Answer], profiles: DialProfiles, subject: str
) -> DialProfile:
    """The profile in use, once nothing forbids to leave it."""
    if profile.sim.slot:
        raise NotSupportedError(
            subject,
            f"select SIM slot {profile.sim.slot}",
            "a HiLink modem has one SIM card and no slot to choose",
            'set slot: "" for this profile in site_sims; another card is changed by hand',
        )
    if trouble := sim_trouble(answers.get("pin/status", {}), answers.get("monitoring/status", {})):
        raise cannot_plan(profile, subject, *trouble)
    if profiles.active is None:
        hint = "choose a profile on the modem's own page, then try again"
        raise cannot_plan(profile, subject, "no dial-up profile is in use to come back to", hint)
    return profiles.active


def _values_of(found: DialProfile) -> Values:
    return Values(
        found.apn,
        found.username,
        found.auth,
        static="1" if found.apn_is_static else "0",
        ip_type=found.ip_type or _IPV4,
    )


def definition(name: str, values: Values, *, exists: bool, secret: bool = False) -> str:
    """The request that makes a profile, or changes the one of this name."""
    marker = SECRET if secret else ""
    (line,) = command_lines(
        PLATFORM, "define", name=name, values=values, exists=exists, secret=marker
    )
    return line


def activation(name: str, *definitions: str) -> tuple[str, ...]:
    """Data off, what is to be defined, this profile in use, data on."""
    return command_lines(PLATFORM, "activate", name=name, definitions=definitions)


def _plan(  # noqa: PLR0913, PLR0917 - the parts of a plan
    profile: WanProfile,
    active: DialProfile,
    plan_id: str,
    wanted: Values,
    commands: tuple[str, ...],
    undo: tuple[str, ...],
) -> ChangePlan:
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=active.name,
        commands=commands,
        undo=undo,
        before=_description(active.name, _values_of(active)),
        after=_description(profile.name, wanted),
    )


def _description(name: str, values: Values) -> str:
    """Lines for `--diff`."""
    lines = [f"active profile: {name}", f"apn: {values.apn}"]
    if values.username:
        lines += [f"user: {values.username}", f"authentication: {values.auth}"]
    return "\n".join(lines) + "\n"
