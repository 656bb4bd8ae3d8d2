"""What to tell a Cisco router to make a carrier the active one. Pure: data in, text out.

APN profiles are kept in the modem (`lte profile create`, EXEC) or, on newer IOS-XE, in the
configuration (`profile id`). Either way a carrier gets a profile number of its own: the one the
old carrier dials with is not overwritten, so that a reload brings the old carrier back whole.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.ios_config import WAN, WanConfig, parse_config, parse_environment
from rekamatan.modems.ios_parse import (
    PLATFORM,
    CellProfile,
    default_profile,
    pairs,
    parse_profiles,
    value_of,
)
from rekamatan.modems.plan_checks import active_profile, check_words, slot_to_set
from rekamatan.modems.templates import command_lines
from rekamatan.modems.text_sections import from_text

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile

PROFILES = range(1, 17)  # numbers a Sierra or Telit LTE modem has
# "?" asks for help at once, a quote would end an applet's string, a blank ends an argument
_FORBIDDEN = re.compile(r'[\s"?|]')


@dataclass(frozen=True, slots=True)
class Reading:
    """What `render` needs of a reading's text."""

    config: WanConfig
    profiles: tuple[CellProfile, ...]
    keeps: str  # where profiles are created: "nvram" | "config"


def can_send(word: str) -> bool:
    """Whether a word survives an IOS command line as it is."""
    return bool(word) and word.isascii() and not _FORBIDDEN.search(word)


def unit_of(interface: str) -> str:
    """`0/2/0` of `Cellular0/2/0`."""
    return re.sub(r"^[A-Za-z]+", "", interface)


def reading_of(raw: str) -> Reading:
    """The WAN configuration and the modem's profiles."""
    text = from_text(raw)
    cellular, shown = text.get("cellular", ""), text.get("config", "")
    profiles = parse_profiles(cellular)
    config = parse_config(shown) if "controller " in shown else _unseen(cellular, profiles)
    config = dataclasses.replace(config, marks=parse_environment(text.get("marks", "")))
    may_configure = "Incomplete" in text.get("probe-account", "")
    refused = "Incomplete" not in text.get("probe-profiles", "")
    keeps = "config" if config.profiles or (may_configure and refused) else "nvram"
    return Reading(config, profiles, keeps)


def _unseen(cellular: str, profiles: tuple[CellProfile, ...]) -> WanConfig:
    """What the modem itself tells of a configuration that the account may not see."""
    slot, used = value_of(pairs(cellular), "Active SIM"), default_profile(profiles)
    if slot is None or used is None:
        return WanConfig()
    line = f"lte sim data-profile {used.number} attach-profile {used.number} slot {slot}"
    return WanConfig({slot: line}, primary=slot)


def render(
    profile: WanProfile, state: ModemState, plan_id: str, *, interface: str, subject: str
) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        ConfigError: a value that an IOS command line cannot carry.
        DeviceError: the modem is not there (it is restarting), or has no profile number left.
        NotSupportedError: the plan names a SIM slot and the modem has none to choose.
    """
    check_words(profile, "IOS", can_send)
    absent = f"the modem of {interface} shows no data profile"
    previous = active_profile(state, profile, subject, absent)
    reading, moves = reading_of(state.raw), slot_to_set(profile, state, subject)
    slot, unit = moves or state.sim_slot or "", unit_of(interface)
    number, exists = _number(reading, profile, slot, subject)
    changes = _changes(reading, profile, slot, number)
    differs = bool(changes or not exists or moves or previous != profile.name)
    create = _creates(reading, profile, number, exists=exists)
    mark = f"{profile.name} slot={slot} apn={profile.apn}"
    place = {"unit": unit, "create": create, "number": number, "slot": moves, "mark": mark}
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=previous,
        commands=_commands(profile, place | changes) if differs else (),
        undo=_undo(reading, state, slot, changes, unit) if differs else (),
        before=_description(previous, state.apn, state.sim_slot, _shown(reading, state)),
        after=_description(profile.name, profile.apn, slot, profile.auth),
    )


def _commands(profile: WanProfile, values: dict[str, object]) -> tuple[str, ...]:
    defaults: dict[str, object] = {"data_profile": "", "primary": "", "secret": SECRET}
    given = {"apn": profile.apn, "auth": profile.auth, "user": profile.username}
    return command_lines(PLATFORM, "activate", **(defaults | given | values))


def _number(reading: Reading, profile: WanProfile, slot: str, subject: str) -> tuple[int, bool]:
    """The data profile to dial with, and whether it is there already."""
    config = reading.config
    kept = config.profiles if reading.keeps == "config" else reading.profiles
    alike = [found.number for found in kept if _same(found, profile)]
    current = config.number_for(slot)
    if current in alike:
        return current or 0, True
    if alike:
        return alike[0], True
    # the one the modem dials with when the configuration names none
    unnamed = default_profile(reading.profiles)
    taken = config.numbers_in_use | ({unnamed.number} if unnamed else set())
    used = {found.number for found in kept if found.apn}
    for free in [n for n in PROFILES if n not in taken | used] + sorted(used - taken):
        return free, False
    raise DeviceError(subject, f"plan {profile.name}", "every data profile of the modem is in use")


def _same(found: CellProfile, profile: WanProfile) -> bool:
    username = profile.username if profile.auth != "none" else ""
    return (found.apn, found.auth, found.username) == (profile.apn, profile.auth, username)


def _creates(reading: Reading, profile: WanProfile, number: int, *, exists: bool) -> str:
    """Where to create the profile; a password cannot be read back, so it is written again.

    Not where a SIM dials with it now: that would change the profile the way back needs.
    """
    if exists and (profile.auth == "none" or number in reading.config.numbers_in_use):
        return ""
    return reading.keeps


def _changes(reading: Reading, profile: WanProfile, slot: str, number: int) -> dict[str, str]:
    """Configuration lines of the controller that differ."""
    place = f" slot {slot}" if slot else ""
    wanted = f"lte sim data-profile {number} attach-profile {number}{place}"
    changes = {}
    if reading.config.number_for(slot) != number:
        changes["data_profile"] = wanted
    if profile.sim.slot and reading.config.primary != slot:
        changes["primary"] = f"lte sim primary slot {slot}"
    return changes


def _undo(
    reading: Reading, state: ModemState, slot: str, changes: dict[str, str], unit: str
) -> tuple[str, ...]:
    config = reading.config
    data_profile = primary = ""
    if "data_profile" in changes:
        old = config.data_profiles.get(slot or "0")
        data_profile = old or f"no {changes['data_profile']}"
    if "primary" in changes:
        was = config.primary
        primary = f"lte sim primary slot {was}" if was else f"no {changes['primary']}"
    return command_lines(
        PLATFORM,
        "undo",
        unit=unit,
        data_profile=data_profile,
        primary=primary,
        mark=config.marks.get(WAN, ""),
        slot=state.sim_slot if state.sim_slot != slot else "",
    )


def _shown(reading: Reading, state: ModemState) -> str:
    """Authentication of the profile in use, for `--diff`."""
    for found in (*reading.config.profiles, *reading.profiles):
        if found.apn == state.apn:
            return found.auth
    return "none"


def _description(name: str, apn: str | None, slot: str | None, auth: str) -> str:
    return f"active profile: {name}\napn: {apn}\nauthentication: {auth}\nSIM slot: {slot}\n"
