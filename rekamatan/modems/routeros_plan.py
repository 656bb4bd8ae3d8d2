"""What to tell a RouterOS router to make a carrier the active one. Pure: data in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import NotSupportedError
from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.plan_checks import active_profile, slot_to_set
from rekamatan.modems.routeros_parse import Row
from rekamatan.modems.routeros_state import device_profiles
from rekamatan.modems.routeros_values import same_value
from rekamatan.modems.templates import command_lines
from rekamatan.modems.text_sections import from_text

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile

FAMILY = "routeros"  # templates that versions 6 and 7 share
# What a profile has when the device does not print the property (version 6 hides these).
UNPRINTED = {"authentication": "none", "user": ""}


def profile_properties(profile: WanProfile, platform: str) -> dict[str, str]:
    """The device's APN profile as planned, without the password.

    `use-network-apn` defaults to yes on RouterOS 7, which makes it ignore `apn`; 6 has no such
    property and refuses it.
    """
    properties = {"apn": profile.apn}
    if platform == "routeros7":
        properties["use-network-apn"] = "no"
    properties |= {
        "ip-type": "ipv4",
        "use-peer-dns": "yes",
        "add-default-route": "yes",
        "authentication": profile.auth,
    }
    if profile.auth != "none":
        properties["user"] = profile.username
    return properties


def render(
    profile: WanProfile, state: ModemState, plan_id: str, *, interface: str, subject: str
) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        DeviceError: the interface is not there (the modem is restarting).
        NotSupportedError: the plan names a SIM slot and the device has none to choose, or a profile
            passes its address through to another device.
    """
    previous = active_profile(state, profile, subject, f"interface {interface} is not there")
    slot = slot_to_set(profile, state, subject)
    profiles = device_profiles(state.raw)
    current = profiles.get(profile.name)
    for row in (profiles.get(previous), current):
        _check_no_passthrough(row, profile.name, subject)
    active = previous == profile.name
    wanted = profile_properties(profile, state.platform)
    differing = _differing(wanted, current)
    place = {"interface": interface, "slot": slot, "slot_menu": slot_menu(state)}
    commands = _commands(profile, differing, place, exists=current is not None, active=active)
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=previous,
        commands=commands,
        undo=_undo(state, current if active else None, differing, interface) if commands else (),
        before=_description(previous, profiles.get(previous), state.sim_slot),
        after=_description(profile.name, Row("", wanted), slot or state.sim_slot),
    )


def _commands(
    profile: WanProfile,
    differing: dict[str, str],
    place: dict[str, str],
    *,
    exists: bool,
    active: bool,
) -> tuple[str, ...]:
    """Nothing when all is so; else a password, which cannot be compared, is always written."""
    if active and not differing and not place["slot"]:
        return ()
    named = profile.auth != "none"
    return command_lines(
        FAMILY,
        "activate",
        name=profile.name,
        exists=exists,
        properties=differing or ({"apn": profile.apn} if named else {}),
        secret=SECRET if named else "",
        activate=not active,
        **place,
    )


def _check_no_passthrough(row: Row | None, target: str, subject: str) -> None:
    """With passthrough the router itself has no address: nothing could be verified or undone."""
    interface = row.values.get("passthrough-interface", "") if row else ""
    if row is not None and interface not in {"", "none"}:
        raise NotSupportedError(
            subject,
            f"plan the switch to {target}",
            f"profile {row.values['name']} hands its address to {interface} (passthrough)",
            "take passthrough-interface off that profile, at the office",
        )


def slot_menu(state: ModemState) -> str:
    """The menu in which this device has its SIM slot, as the reading found it."""
    return from_text(state.raw).get("slot-menu", "").strip()


def _shown(row: Row | None, key: str) -> str | None:
    """What the device has for a property; None when it does not say."""
    return row.values.get(key, UNPRINTED.get(key)) if row else None


def _differing(wanted: dict[str, str], current: Row | None) -> dict[str, str]:
    found = {key: _shown(current, key) for key in wanted}
    return {
        key: value
        for key, value in wanted.items()
        if (shown := found[key]) is None or not same_value(shown, value)
    }


def _undo(
    state: ModemState, corrected: Row | None, differing: dict[str, str], interface: str
) -> tuple[str, ...]:
    """The way back: the old values where the active profile itself is corrected, profile, slot.

    A property the device had not printed had its default; there is no value to set it back to, and
    the profile worked with either.
    """
    old = {key: _shown(corrected, key) for key in differing} if corrected else {}
    return command_lines(
        FAMILY,
        "undo",
        profile=state.profile,
        properties={key: value for key, value in old.items() if value is not None},
        interface=interface,
        slot=state.sim_slot or "",
        slot_menu=slot_menu(state),
    )


def _description(name: str, row: Row | None, slot: str | None) -> str:
    """Lines for `--diff`."""
    shown = {key: _shown(row, key) for key in profile_keys()}
    lines = [f"active profile: {name}"]
    lines += [f"{key}: {value}" for key, value in shown.items() if value]
    return "\n".join([*lines, f"SIM slot: {slot}"]) + "\n"


def profile_keys() -> tuple[str, ...]:
    """Properties of an APN profile that are ours."""
    return (
        "apn",
        "use-network-apn",
        "ip-type",
        "use-peer-dns",
        "add-default-route",
        "authentication",
        "user",
    )
