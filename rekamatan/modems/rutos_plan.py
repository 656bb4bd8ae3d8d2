"""What to tell a RutOS router to make a carrier the active one. Pure: data in, text out.

RutOS has one interface per SIM (`mob1s1a1`, `mob1s2a1`), each with its own APN; the one whose `sim`
is not the active slot fails with `WRONG_SIM`. Switching carrier is switching SIM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.openwrt_parse import answers, parse_uci_show
from rekamatan.modems.openwrt_plan import (
    PASSWORD,
    both_ways,
    configured,
    description,
    differing,
    wanted_options,
)
from rekamatan.modems.plan_checks import cannot_plan, slot_to_set

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile
    from rekamatan.modems.openwrt_parse import UciSection

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
    previous, name, old_name = _interfaces(profile, state, slot, names, subject)
    found, wanted = sections[name], wanted_options(profile, PROTO)
    changed = differing(wanted, found)
    if found.text("disabled") == "1":
        changed["disabled"] = None
    # another SIM's section is left behind: its password is written anew when it is planned again
    old = SECRET if name == old_name and PASSWORD in found.options else ""
    commands, undo = both_ways(profile, state, {"section": name}, found, changed, slot, old)
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=previous,
        commands=commands,
        undo=(*undo[:-1], f"ifup {old_name}") if undo else (),
        before=description(previous, sections[old_name].options, state.sim_slot),
        after=description(profile.name, found.options | wanted, slot or state.sim_slot),
    )


def _interfaces(
    profile: WanProfile, state: ModemState, slot: str, names: dict[str, str], subject: str
) -> tuple[str, str, str]:
    """The active profile, the planned SIM's interface and the present one's."""
    name, old_name = names.get(slot or state.sim_slot or ""), names.get(state.sim_slot or "")
    if state.profile is None or name is None or old_name is None:
        raise cannot_plan(
            profile,
            subject,
            f"no interface for SIM {slot or state.sim_slot or 'slot unknown'}",
            "the modem is restarting, or a mobile interface was removed from its configuration",
        )
    if slot and switches_by_itself(state.raw):
        raise cannot_plan(
            profile,
            subject,
            "the modem's own SIM switch is on and would work against this one",
            "at the modem: Network, Mobile, SIM switch: off",
        )
    return state.profile, name, old_name
