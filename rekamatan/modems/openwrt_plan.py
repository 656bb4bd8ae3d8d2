"""What to tell an OpenWrt router to make a carrier the active one. Pure: data in, text out.

The name of the active profile is an option of the interface's own section, which netifd ignores:
it is committed, saved and restored together with what it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.openwrt_console import as_tuple
from rekamatan.modems.openwrt_parse import answers, parse_uci_show
from rekamatan.modems.plan_checks import cannot_plan, slot_to_set
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile
    from rekamatan.modems.openwrt_parse import UciSection, UciValue

MARKER = "rekamatan_profile"
MODEM_MANAGER, QMI = "modemmanager", "qmi"
ANY_MODEM, QMI_DEVICE = "any", "/dev/cdc-wdm0"
PASSWORD = "password"  # noqa: S105 - the name of an option

Options = dict[str, "UciValue | None"]


def configured(raw: str) -> dict[str, UciSection]:
    """Sections of the network configuration in a reading's text."""
    found = answers(raw).get("uci")
    return parse_uci_show(found.text) if found else {}


def profile_name(name: str, section: UciSection) -> str:
    """The active profile: our marker, or the section's own name on a router that has none."""
    return section.text(MARKER) or name


def wanted_options(profile: WanProfile, proto: str) -> Options:
    """Options of the section as planned, without the password; None for one that must go."""
    named = profile.auth != "none"
    options: Options = {"apn": profile.apn}
    if proto == MODEM_MANAGER:
        options["allowedauth"] = (profile.auth,) if named else None
    else:
        options["auth"] = profile.auth
    options["username"] = profile.username if named else None
    if not named:
        options[PASSWORD] = None
    return options | {MARKER: profile.name}


def differing(wanted: Options, section: UciSection) -> Options:
    """Those options that are not as wanted."""
    shown = section.options
    return {k: v for k, v in wanted.items() if as_tuple(v) != as_tuple(shown.get(k))}


def former(changed: Options, section: UciSection, secret: str) -> Options:
    """The present values of options that will change; of the password only that there is none."""
    old: Options = {k: section.options.get(k) for k in changed if k != PASSWORD}
    return old | ({PASSWORD: None} if secret and PASSWORD not in section.options else {})


def render(
    profile: WanProfile, state: ModemState, plan_id: str, *, section: str, subject: str
) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        DeviceError: the interface is not configured.
        NotSupportedError: the plan names a SIM slot and the device has none to choose.
    """
    found = configured(state.raw).get(section)
    if found is None or state.profile is None:
        reason = f"there is no interface {section} in its network configuration"
        hint = "correct interface in site_modem, or provision the modem"
        raise cannot_plan(profile, subject, reason, hint)
    slot, proto = slot_to_set(profile, state, subject), found.text("proto") or ""
    wanted = wanted_options(profile, proto)
    place = {"section": section, "proto": proto, "device": device_of(found, proto)}
    changed, old = differing(wanted, found), SECRET if PASSWORD in found.options else ""
    commands, undo = both_ways(profile, state, place, found, changed, slot, old)
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=state.profile,
        commands=commands,
        undo=undo,
        before=description(state.profile, found.options, state.sim_slot),
        after=description(profile.name, found.options | wanted, slot or state.sim_slot),
    )


def both_ways(  # noqa: PLR0913, PLR0917 - what a switch consists of
    profile: WanProfile,
    state: ModemState,
    place: dict[str, str],
    found: UciSection,
    changed: Options,
    slot: str,
    old_secret: str,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The commands that make `changed` and `slot` true, and those that take them back."""
    if not (changed or slot):
        return (), ()
    secret = SECRET if profile.auth != "none" else ""
    undo = change(
        state.platform,
        place,
        applied(found, changed, secret),
        former(changed, found, secret),
        (state.sim_slot or "") if slot else "",
        old_secret,
    )
    return change(state.platform, place, found, changed, slot, secret), undo


def device_of(section: UciSection, proto: str) -> str:
    """How the protocol's own tool names the modem."""
    return section.text("device") or (QMI_DEVICE if proto == QMI else ANY_MODEM)


def change(  # noqa: PLR0913, PLR0917 - what one template needs
    platform: str,
    place: dict[str, str],
    existing: UciSection,
    options: Options,
    slot: str,
    secret: str,
) -> tuple[str, ...]:
    """The commands that make these options, this slot true and start the interface."""
    present = {k: v for k, v in options.items() if v is not None or k in existing.options}
    return command_lines(
        platform,
        "change",
        options=present,
        existing=tuple(existing.options),
        slot=slot,
        secret=secret,
        **place,
    )


def applied(section: UciSection, changed: Options, secret: str) -> UciSection:
    """The section once the change is made."""
    sent: Options = {PASSWORD: secret} if secret else {}
    options = {k: v for k, v in (section.options | changed | sent).items() if v is not None}
    return type(section)(section.type, options)


def description(name: str, options: dict[str, UciValue] | Options, slot: str | None) -> str:
    """Lines for `--diff`."""
    lines = [f"active profile: {name}"]
    for key in ("apn", "auth", "allowedauth", "username"):
        value = options.get(key)
        if value is not None:
            lines.append(f"{key}: {' '.join(as_tuple(value))}")
    return "\n".join([*lines, f"SIM slot: {slot}"]) + "\n"
