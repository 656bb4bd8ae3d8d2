"""What to tell a Linux gateway to make a carrier the active one. Pure: data in, text out.

Each profile has a connection of its own, `wan-<profile>`, for the SIM with its ICCID; exactly one
of all WAN connections connects by itself, and that is the active profile, also after a power cut.
A command is a shell command; lines that follow it are its standard input, so that an APN's password
is never an argument.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.linux_state import (
    PREFIX,
    Connection,
    parse_active,
    parse_settings,
    selected,
)
from rekamatan.modems.mmcli_parse import first, parse
from rekamatan.modems.openwrt_parse import answers
from rekamatan.modems.plan_checks import cannot_plan, check_words, slot_to_set
from rekamatan.modems.templates import labelled_commands, script_text

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile

PLATFORM = "linux"
FOLDER = "/etc/NetworkManager/system-connections"
_NAMESPACE = uuid.UUID("3d6f2d8e-5c0a-5e0b-9d0a-6f2b7c0e4a11")
# what NetworkManager may not use, so that it uses only the method planned
_REFUSED = {
    "none": (),
    "pap": ("eap", "chap", "mschap", "mschapv2"),
    "chap": ("eap", "pap", "mschap", "mschapv2"),
}


def can_send(text: str) -> bool:
    """Whether a keyfile takes the word as it is: no line ends, no escapes, no edges."""
    return text.isprintable() and "\\" not in text and text == text.strip()


def wanted(profile: WanProfile, existing: Connection | None) -> Connection:
    """The profile's connection as planned; one that is there keeps its UUID."""
    known = existing.uuid if existing else str(uuid.uuid5(_NAMESPACE, profile.name))
    return Connection(
        name=PREFIX + profile.name,
        uuid=known,
        autoconnect=True,
        apn=profile.apn,
        username=profile.username if profile.auth != "none" else "",
        sim_id=profile.sim.iccid,
        mtu=str(profile.mtu),
        refused=_REFUSED[profile.auth],
    )


def render(profile: WanProfile, state: ModemState, plan_id: str, *, subject: str) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        ConfigError: the profile has a character that a keyfile cannot take.
        DeviceError: there is no modem, or no one connection to come back to.
        NotSupportedError: the plan names a SIM slot and the modem has none to choose.
    """
    check_words(profile, "NetworkManager", can_send)
    found = answers(state.raw)
    if "modem" not in found or not first(parse(found["modem"].usable), "modem.generic.state"):
        hint = "it restarts, or is not plugged in; try again in 60 s"
        raise cannot_plan(profile, subject, "ModemManager shows no modem", hint)
    connections = parse_settings(found["settings"].usable)
    present = selected(connections, parse_active(found["active"].usable))
    if present is None:
        hint = "at the gateway: leave connection.autoconnect on for one of them only"
        reason = f"of its {len(connections)} WAN connections not one is the one in use"
        raise cannot_plan(profile, subject, reason, hint)
    slot = slot_to_set(profile, state, subject)
    before = next((c for c in connections if c.name == PREFIX + profile.name), None)
    after = wanted(profile, before)
    others = tuple(c for c in connections if c.autoconnect and c.uuid != after.uuid)
    nothing = after == before and not others and not slot
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=present.profile,
        commands=() if nothing else _forth(after, before, others, slot),
        undo=() if nothing else _back(after, before, others, present, slot and state.sim_slot),
        before=_description(present, state.sim_slot),
        after=_description(present if nothing else after, slot or state.sim_slot),
    )


def _forth(
    after: Connection, before: Connection | None, others: tuple[Connection, ...], slot: str
) -> tuple[str, ...]:
    turned_on = before is not None and dataclasses.replace(before, autoconnect=True) == after
    commands = [] if turned_on and before == after else [_on(after, written=not turned_on)]
    commands += [toggle(other, on=False) for other in others]
    if slot:
        commands.append(_step("slot", slot=slot))
    return (*commands, activate(after))


def _on(connection: Connection, *, written: bool) -> str:
    return install(connection) if written else toggle(connection, on=True)


def _back(
    after: Connection,
    before: Connection | None,
    others: tuple[Connection, ...],
    present: Connection,
    slot: str | None,
) -> tuple[str, ...]:
    """The former connections first: the way back is theirs, whatever happens to the new one."""
    commands = [toggle(other, on=True) for other in others]
    if before is None:
        commands.append(_step("delete", uuid=after.uuid))
    elif dataclasses.replace(before, autoconnect=True) != after:
        commands.append(install(before))
    elif not before.autoconnect:
        commands.append(toggle(before, on=False))
    if slot:
        commands.append(_step("slot", slot=slot))
    return (*commands, activate(present))


def install(connection: Connection) -> str:
    """Write its keyfile, whole, and let NetworkManager read it."""
    head = _step("install", file=f"{connection.name}.nmconnection")
    return f"{head}\n{keyfile(connection)}"


def keyfile(connection: Connection) -> str:
    """The connection in NetworkManager's own form, with a marker for the password."""
    return script_text(
        PLATFORM,
        "keyfile",
        id=connection.name,
        uuid=connection.uuid,
        autoconnect=connection.autoconnect,
        apn=connection.apn,
        username=connection.username,
        secret=SECRET if connection.username or connection.refused else "",
        sim_id=connection.sim_id,
        mtu=connection.mtu,
        refused=connection.refused,
    )


def toggle(connection: Connection, *, on: bool) -> str:
    """Whether it connects by itself."""
    return _step("autoconnect", uuid=connection.uuid, autoconnect=on)


def activate(connection: Connection) -> str:
    """Connect it now, in place of whatever is."""
    return _step("up", uuid=connection.uuid)


def _step(label: str, **values: object) -> str:
    blank = {"folder": FOLDER, "file": "", "uuid": "", "autoconnect": False, "slot": ""}
    return dict(labelled_commands(PLATFORM, "change", **(blank | values)))[label]


def _description(connection: Connection, slot: str | None) -> str:
    """Lines for `--diff`."""
    lines = [f"active profile: {connection.profile}", f"apn: {connection.apn}"]
    if connection.username:
        lines.append(f"username: {connection.username}")
    if connection.sim_id:
        lines.append(f"SIM: {connection.sim_id}")
    return "\n".join([*lines, f"SIM slot: {slot}"]) + "\n"
