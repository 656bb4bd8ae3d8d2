"""What to tell a RutOS router to make a carrier the active one. Pure: data in, text out.

RutOS has one interface per SIM (`mob1s1a1`, `mob1s2a1`), each with its own APN; the one whose `sim`
is not the active slot fails with `WRONG_SIM`. Switching carrier is switching SIM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.openwrt_parse import UciSection, answers, parse_uci_show
from rekamatan.modems.openwrt_plan import (
    PASSWORD,
    applied,
    change,
    configured,
    description,
    differing,
    former,
    slot_to_set,
    wanted_options,
)

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile
    from rekamatan.modems.openwrt_plan import Options

PLATFORM = "rutos"
PROTO = "wwan"


def cellular(sections: dict[str, UciSection], interface: str) -> dict[str, str]:
    """SIM slot -> name of its interface section, of the modem that `interface` belongs to."""
    found = {n: s for n, s in sections.items() if s.type == "interface" and s.text("sim")}
    named = found.get(interface)
    modem = named.text("modem") if named else None
    mine = {n: s for n, s in found.items() if modem is None or s.text("modem") == modem}
    slots: dict[str, str] = {}
    for name, section in mine.items():
        slots.setdefault(section.text("sim") or "", name)
    if named:
        slots[named.text("sim") or ""] = interface
    return slots


def switches_by_itself(raw: str) -> bool:
    """Whether the device's own SIM switching is on."""
    found = answers(raw).get("switching")
    sections = parse_uci_show(found.text) if found else {}
    return any(section.text("enabled") == "1" for section in sections.values())


def render(
    profile: WanProfile, state: ModemState, plan_id: str, *, interface: str, subject: str
) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        DeviceError: no interface for the planned SIM, the modem is restarting, or the device
            switches its SIM by itself.
        NotSupportedError: the plan names a SIM slot and the device tells of none.
    """
    slot = slot_to_set(profile, state, subject)
    sections = configured(state.raw)
    names = cellular(sections, interface)
    old_name = names.get(state.sim_slot or "")
    name = names.get(slot or state.sim_slot or "")
    if state.profile is None or name is None or old_name is None:
        raise _problem(
            subject,
            profile,
            f"no interface for SIM {slot or state.sim_slot or 'slot unknown'}",
            "the modem is restarting, or a mobile interface was removed from its configuration",
        )
    if slot and switches_by_itself(state.raw):
        raise _problem(
            subject,
            profile,
            "the modem's own SIM switch is on and would work against this one",
            "at the modem: Network, Mobile, SIM switch: off",
        )
    found, old = sections[name], sections[old_name]
    changed = differing(wanted_options(profile, PROTO), found)
    if found.text("disabled") == "1":
        changed["disabled"] = None
    secret = SECRET if profile.auth != "none" and (changed or slot) else ""
    commands: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    if changed or slot:
        commands = change(PLATFORM, {"section": name}, found, changed, slot, secret)
        undo = _undo(name, old_name, found, former(changed, found, secret), state, slot, secret)
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=state.profile,
        commands=commands,
        undo=undo,
        before=description(state.profile, old.options, state.sim_slot),
        after=description(
            profile.name, found.options | wanted_options(profile, PROTO), slot or state.sim_slot
        ),
    )


def _undo(  # noqa: PLR0913, PLR0917 - what a way back consists of
    name: str,
    old_name: str,
    found: UciSection,
    options: Options,
    state: ModemState,
    slot: str,
    secret: str,
) -> tuple[str, ...]:
    """The old options of the changed section, the old slot, and the old interface started.

    The password that the changed section had is not asked for when another SIM's section is left
    behind: nothing uses it until it is planned again, and then it is written anew.
    """
    keeps_password = name == old_name and PASSWORD in found.options
    present = applied(found, {}, secret)
    lines = change(
        PLATFORM,
        {"section": name},
        present,
        options,
        (state.sim_slot or "") if slot else "",
        SECRET if keeps_password else "",
    )
    return (*lines[:-1], f"ifup {old_name}")


def _problem(subject: str, profile: WanProfile, reason: str, hint: str) -> DeviceError:
    return DeviceError(subject, f"plan the switch to {profile.name}", reason, hint)
