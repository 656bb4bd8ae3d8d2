"""Back to a kept `uci export`: what differs, as lines of one batch. Pure.

A backup holds no secrets: a value that reads `***` in it stays as the device has it, and is never
written. What could only be made so by writing one is named and needs a person. The same rule holds
for the way back, so nothing is deleted that could not be put there again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.base import refuse_by_hand
from rekamatan.modems.openwrt_console import COMMIT, PACKAGE
from rekamatan.modems.openwrt_plan import MARKER, PASSWORD
from rekamatan.modems.uci_edit import Edit
from rekamatan.modems.uci_export import Section, export_text, parse_export

if TYPE_CHECKING:
    from rekamatan.modems.openwrt_parse import UciValue

RELOAD = f"/etc/init.d/{PACKAGE} reload"
# Which carrier is active is the switch's to say, with its own gate.
_CARRIER = frozenset(
    {"apn", "auth", "allowedauth", "username", PASSWORD, "pincode", "disabled", MARKER}
)
_IN_USE = frozenset({"disabled"})  # never on the interface that carries the office


def restore_plan(  # noqa: PLR0913, PLR0917 - what a restore consists of
    kept: str, current: str, profile: str, plan_id: str, way_out: str, subject: str
) -> ChangePlan:
    """The lines from `current` to `kept`, and back; the active carrier stays.

    Args:
        kept: the export to go back to.
        current: the export of now.
        profile: the active one, before and after.
        plan_id: names the run.
        way_out: the interface section that carries the office now.
        subject: the router, for errors.

    Returns:
        A plan whose `before` and `after` are the exports to find before and after its lines.

    Raises:
        NotSupportedError: names each difference that needs a person.
    """
    now, old = parse_export(current), parse_export(kept)
    wanted = tuple(_with_carrier_of(now, section, way_out) for section in old)
    forth, back = Edit(now, wanted), Edit(wanted, now)
    if not any(section.name == way_out for section in wanted):
        forth.by_hand.append(f"{PACKAGE}.{way_out}: the office's way out is not in that backup")
    way = (
        "what the site's profiles hold is put back by playbooks/provision.yml, which has the "
        "secrets; set the rest at the modem, by hand"
    )
    refuse_by_hand(subject, (*forth.by_hand, *back.by_hand), way)
    before, after = export_text(PACKAGE, now), export_text(PACKAGE, wanted)
    if not forth.lines:
        return ChangePlan(plan_id, profile, profile, (), (), before, after)
    start = f"ifup {way_out}"
    moved = _named(now, way_out) != _named(wanted, way_out)
    commands = (*forth.lines, COMMIT, RELOAD, *((start,) if moved else ()))
    undo = (*back.lines, COMMIT, RELOAD, start)
    return ChangePlan(plan_id, profile, profile, commands, undo, before, after)


def _with_carrier_of(now: tuple[Section, ...], section: Section, way_out: str) -> Section:
    """The kept section; of one that named another carrier then, the carrier's options of now."""
    present = _named(now, section.name) if section.name else None
    if present is None:
        return section
    stays = _CARRIER if _carrier(section) != _carrier(present) else frozenset()
    stays |= _IN_USE if section.name == way_out else frozenset()
    options: dict[str, UciValue] = {}
    for option in (*section.options, *(present.options.keys() - section.options.keys())):
        source = present if option in stays else section
        if option in source.options:
            options[option] = source.options[option]
    return replace(section, options=options)


def _carrier(section: Section) -> UciValue:
    """The profile it carries: our marker, or its own name."""
    return section.options.get(MARKER, section.name)


def _named(sections: tuple[Section, ...], name: str) -> Section | None:
    return next((section for section in sections if section.name == name), None)
