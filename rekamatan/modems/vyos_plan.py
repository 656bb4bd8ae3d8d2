"""What to tell a VyOS router to make a carrier the active one. Pure: data in, text out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError, DeviceError, NotSupportedError
from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.templates import command_lines
from rekamatan.modems.text_sections import from_text
from rekamatan.modems.vyos_parse import PLATFORM, Mark, WwanConfig, parse_config, parse_mark

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile

# VyOS takes no single quote in a value, and the console is a shell
_FORBIDDEN = re.compile(r"['\"\\\s]")


def can_send(word: str) -> bool:
    """Whether a value survives the console as it is."""
    return bool(word) and word.isascii() and word.isprintable() and not _FORBIDDEN.search(word)


def quoted(value: str) -> str:
    """A value as the console takes it."""
    return f"'{value}'"


def render(
    profile: WanProfile, state: ModemState, plan_id: str, *, interface: str, subject: str
) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        ConfigError: a value that a VyOS configuration cannot carry.
        DeviceError: the modem is not there (it is restarting).
        NotSupportedError: the plan names a SIM slot and the modem has none to choose.
    """
    _check_words(profile)
    config = parse_config(from_text(state.raw).get("config", ""), interface)
    previous = _active(state, profile.name, interface, subject)
    slot = _slot(profile, state, subject)
    username = profile.username if profile.auth != "none" else None
    have = (config.apn, config.username, previous, state.sim_slot)
    differs = have != (profile.apn, username, profile.name, slot)
    moves = state.sim_slot != slot
    mark = Mark(profile.name, slot or "", trial=plan_id, was=previous)
    commands = command_lines(
        PLATFORM,
        "activate",
        interface=interface,
        apn=quoted(profile.apn),
        user=quoted(username) if username else "",
        secret=SECRET,
        drop_authentication=config.username is not None,
        mark=quoted(str(mark)),
        slot=slot if moves else "",
    )
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=previous,
        commands=commands if differs else (),
        undo=_undo(interface, config, state.sim_slot if moves else None) if differs else (),
        before=_description(previous, config.apn, config.username, state.sim_slot),
        after=_description(profile.name, profile.apn, username, slot),
    )


def _check_words(profile: WanProfile) -> None:
    for key, value in (("apn", profile.apn), ("username", profile.username)):
        if value and not can_send(value):
            raise ConfigError(
                "wan_profiles", f"{profile.name}.{key}", "has a character VyOS cannot take"
            )


def _active(state: ModemState, wanted: str, interface: str, subject: str) -> str:
    if state.profile is None:
        raise DeviceError(
            subject,
            f"plan the switch to {wanted}",
            f"{interface} has no modem that answers",
            "it is restarting, or the interface name in site_modem is wrong; try in 60 s",
        )
    return state.profile


def _slot(profile: WanProfile, state: ModemState, subject: str) -> str | None:
    wanted = profile.sim.slot
    if wanted and state.sim_slot is None:
        raise NotSupportedError(
            subject,
            f"select SIM slot {wanted}",
            "this modem has no SIM slot to choose",
            'set slot: "" for this profile in site_sims',
        )
    return wanted or state.sim_slot


def _undo(interface: str, config: WwanConfig, slot: str | None) -> tuple[str, ...]:
    """The old settings; its password, where it has one, is the old profile's own secret."""
    old = parse_mark(config.description)
    return command_lines(
        PLATFORM,
        "activate",
        interface=interface,
        apn=quoted(config.apn) if config.apn else "",
        user=quoted(config.username) if config.username else "",
        secret=SECRET,
        drop_authentication=True,
        mark=quoted(str(old) if old.profile else config.description or interface),
        slot=slot or "",
    )


def _description(name: str, apn: str | None, username: str | None, slot: str | None) -> str:
    user = f"authentication: {username or 'none'}"
    return f"active profile: {name}\napn: {apn}\n{user}\nSIM slot: {slot}\n"
