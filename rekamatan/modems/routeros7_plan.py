"""What to tell a RouterOS 7 router to make a carrier the active one. Pure: data in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import ChangePlan
from rekamatan.modems.routeros7_parse import Row, parse_print, same_value
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile

PLATFORM = "routeros7"
SECRET = "{{secret}}"  # noqa: S105 - the marker in a plan, replaced at the moment of sending


def profile_properties(profile: WanProfile) -> dict[str, str]:
    """The device's APN profile as planned, without the password.

    `use-network-apn` defaults to yes on RouterOS 7, which makes it ignore `apn`.
    """
    properties = {
        "apn": profile.apn,
        "use-network-apn": "no",
        "ip-type": "ipv4",
        "use-peer-dns": "yes",
        "add-default-route": "yes",
        "authentication": profile.auth,
    }
    if profile.auth != "none":
        properties["user"] = profile.username
    return properties


def sections(raw: str) -> dict[str, str]:
    """The labelled answers of a reading, as `routeros7.Routeros7Driver` puts them together."""
    found: dict[str, str] = {}
    name = ""
    for line in raw.splitlines():
        if line.startswith("### "):
            name = line[4:]
            found[name] = ""
        else:
            found[name] = f"{found.get(name, '')}{line}\n"
    return found


def device_profiles(raw: str) -> dict[str, Row]:
    """APN profiles on the device, by name, from a reading's text."""
    rows = parse_print(sections(raw).get("profiles", ""))
    return {row.values["name"]: row for row in rows if "name" in row.values}


def render(
    profile: WanProfile, state: ModemState, plan_id: str, *, interface: str, subject: str
) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        DeviceError: the interface is not there (the modem is restarting).
        NotSupportedError: the plan names a SIM slot and the device has none to choose.
    """
    if state.profile is None:
        raise DeviceError(
            subject,
            f"plan the switch to {profile.name}",
            f"interface {interface} is not there",
            "the modem is restarting, or the interface name in site_modem is wrong; try in 60 s",
        )
    slot = _slot_to_set(profile, state, subject)
    profiles = device_profiles(state.raw)
    current = profiles.get(profile.name)
    active = state.profile == profile.name
    differing = _differing(profile_properties(profile), current)
    if not differing and active and not slot:
        commands: tuple[str, ...] = ()
    else:
        commands = command_lines(
            PLATFORM,
            "activate",
            name=profile.name,
            exists=current is not None,
            properties=differing or ({} if profile.auth == "none" else {"apn": profile.apn}),
            secret="" if profile.auth == "none" else SECRET,
            activate=not active,
            interface=interface,
            slot=slot,
        )
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=state.profile,
        commands=commands,
        undo=_undo(state, current if active else None, differing, interface) if commands else (),
        before=_description(state.profile, profiles.get(state.profile), state.sim_slot),
        after=_description(
            profile.name, Row("", profile_properties(profile)), slot or state.sim_slot
        ),
    )


def _slot_to_set(profile: WanProfile, state: ModemState, subject: str) -> str:
    """The slot to move to, empty when the SIM is already selected."""
    if not profile.sim.slot or profile.sim.slot == state.sim_slot:
        return ""
    if state.sim_slot is None:
        raise NotSupportedError(
            subject,
            f"select SIM slot {profile.sim.slot}",
            "this board has no SIM slot to choose",
            'set slot: "" for this profile in site_sims',
        )
    return profile.sim.slot


def _differing(wanted: dict[str, str], current: Row | None) -> dict[str, str]:
    shown = current.values if current else {}
    return {k: v for k, v in wanted.items() if not current or not same_value(shown.get(k, ""), v)}


def _undo(
    state: ModemState, corrected: Row | None, differing: dict[str, str], interface: str
) -> tuple[str, ...]:
    """The way back: the old values where the active profile itself is corrected, profile, slot."""
    old = {key: corrected.values.get(key, "") for key in differing} if corrected else {}
    return command_lines(
        PLATFORM,
        "undo",
        profile=state.profile,
        properties=old,
        interface=interface,
        slot=state.sim_slot or "",
    )


def _description(name: str, row: Row | None, slot: str | None) -> str:
    """Lines for `--diff`."""
    shown = row.values if row else {}
    lines = [f"active profile: {name}"]
    lines += [f"{key}: {shown[key]}" for key in profile_keys() if shown.get(key)]
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
