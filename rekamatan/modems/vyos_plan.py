"""What to tell a VyOS router to make a carrier the active one. Pure: data in, text out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.plan_checks import active_profile, check_words, slot_to_set
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
    check_words(profile, "VyOS", can_send)
    config = parse_config(from_text(state.raw).get("config", ""), interface)
    previous = active_profile(state, profile, subject, f"{interface} has no modem that answers")
    moves = slot_to_set(profile, state, subject)
    slot = moves or state.sim_slot
    username = profile.username if profile.auth != "none" else None
    mark = Mark(profile.name, slot or "", trial=plan_id, was=previous)
    wanted = WwanConfig(profile.apn, username, str(mark))
    have = (config.apn, config.username, previous)
    differs = bool(moves) or have != (profile.apn, username, profile.name)
    drop = config.username is not None
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=previous,
        commands=_settings(interface, wanted, moves, drop=drop) if differs else (),
        undo=_undo(interface, config, (state.sim_slot or "") if moves else "") if differs else (),
        before=_description(previous, config.apn, config.username, state.sim_slot),
        after=_description(profile.name, profile.apn, username, slot),
    )


def _undo(interface: str, config: WwanConfig, slot: str) -> tuple[str, ...]:
    """The old settings; its password, where it has one, is the old profile's own secret."""
    old = parse_mark(config.description)
    mark = str(old) if old.profile else config.description or interface
    former = WwanConfig(config.apn, config.username, mark)
    return _settings(interface, former, slot, drop=True)


def _settings(interface: str, wanted: WwanConfig, slot: str, *, drop: bool) -> tuple[str, ...]:
    """The commands that make the interface so; `drop`: also take an authentication away."""
    return command_lines(
        PLATFORM,
        "activate",
        interface=interface,
        apn=quoted(wanted.apn) if wanted.apn else "",
        user=quoted(wanted.username) if wanted.username else "",
        secret=SECRET,
        drop_authentication=drop,
        mark=quoted(wanted.description),
        slot=slot,
    )


def _description(name: str, apn: str | None, username: str | None, slot: str | None) -> str:
    user = f"authentication: {username or 'none'}"
    return f"active profile: {name}\napn: {apn}\n{user}\nSIM slot: {slot}\n"
