"""Back to a kept running configuration: what differs, as configuration lines. Pure.

`configure replace` wants a file that is whole, and a backup is not: it holds no secrets. So only
lines are set and taken back whose `no` form is known to undo them; anything else that differs is
named and needs a person: lists whose order counts, accounts and keys, interfaces that are metal.
All of it goes with the revert timer. Carrier, timers, accounts and consoles stay as they are.

Source: Cisco IOS configuration fundamentals: `no`, and what it leaves of an interface.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.base import refuse_by_hand
from rekamatan.modems.ios_parse import clean
from rekamatan.modems.known_secrets import NOT_IN_A_BACKUP, REDACTED, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable

Tree = dict[str, list[str]]  # top line -> the lines below it
_HEAD = re.compile(r"^(?:!|Building configuration|Current configuration|Using \d|version |end$)")
# Who may log in, the device's own timers, and what it changes by itself.
_STAYS = re.compile(
    r"^(?:event manager|username|enable|aaa|line|privilege|archive|ip ssh|boot|license"
    r"|ntp clock-period)\b"
)
_CARRIER = re.compile(r"^(?:lte sim|profile id)\b")
_SECTIONS = re.compile(r"^(?:interface \S+|controller Cellular \S+|ip dhcp pool \S+)$")
_CAN_GO = re.compile(r"^(?:interface (?:Loopback|Vlan|Tunnel)\d+|interface \S+\.\d+|ip dhcp pool )")
_LINES = re.compile(
    r"^(?:ip (?:route|name-server|domain|host|dhcp excluded-address|nat inside source)"
    r"|ntp server|logging|clock|service|dialer-list|snmp-server (?:location|contact))\b"
)
# Of these there is one in a place: the new one takes the old one's place without a gap.
_ONE = re.compile(
    r"^(description|ip address(?!.* secondary)|ip mtu|mtu|bandwidth|ip tcp adjust-mss"
    r"|default-router|clock timezone|ip domain name|snmp-server (?:location|contact))\b"
)


def restore_plan(kept: str, current: str, profile: str, plan_id: str, subject: str) -> ChangePlan:
    """The lines from `current` to `kept`, and back; the active carrier stays.

    Args:
        kept: the running configuration to go back to.
        current: that of now.
        profile: the active one, before and after.
        plan_id: names the run.
        subject: the router, for errors.

    Returns:
        A plan whose `before` and `after` are configurations for `lines_between`.

    Raises:
        NotSupportedError: names each difference that needs a person.
    """
    old, now = tree_of(kept), tree_of(current)
    refuse_by_hand(subject, (*_by_hand(now, old), *_by_hand(old, now)))
    before, after = _text_of(now), _text_of(old)
    commands = lines_between(before, after)
    undo = lines_between(after, before) if commands else ()
    return ChangePlan(plan_id, profile, profile, commands, undo, before, after)


def is_restore(plan: ChangePlan) -> bool:
    """A switch names its profile on the device; a restore leaves that name alone."""
    lines = (*plan.commands, *plan.undo)
    return bool(lines) and not any("environment rekamatan_wan" in line for line in lines)


def lines_between(current: str, wanted: str) -> tuple[str, ...]:
    """The configuration lines from one configuration to another; empty when nothing differs."""
    now, new = tree_of(current), tree_of(wanted)
    lines: list[str] = []
    for top, below in new.items():
        found = now.get(top, [])
        if _SECTIONS.match(top) and (top not in now or set(found) != set(below)):
            lines += [top, *_changes(found, below), "exit"]
    single = ([top for top in tree if not _SECTIONS.match(top)] for tree in (now, new))
    lines += _changes(*single)
    lines += [f"no {top}" for top in now if _SECTIONS.match(top) and top not in new]
    return tuple(lines)


def tree_of(text: str) -> Tree:
    """The lines of a configuration that a restore may look at, in order."""
    tree: Tree = {}
    top = ""
    for line in clean(text).splitlines():
        if not line.strip() or _HEAD.match(line):
            continue
        if not line.startswith(" "):
            top = told_apart(line.strip(), tree)
            tree.setdefault(top, [])
        elif top and not _CARRIER.match(line.strip()):
            tree[top].append(told_apart(" ".join(line.split()), tree[top]))
    return {top: below for top, below in tree.items() if not _STAYS.match(top)}


def _changes(now: list[str], wanted: list[str]) -> list[str]:
    """In one place: what goes, then what comes; a line that takes another's place needs no `no`."""
    coming = [line for line in wanted if line not in now]
    places = {match[1] for line in coming if (match := _ONE.match(line))}
    going = [line for line in now if line not in wanted]
    taken = (line for line in going if not ((match := _ONE.match(line)) and match[1] in places))
    return [*(f"no {line}" for line in taken), *coming]


def _by_hand(now: Tree, wanted: Tree) -> Iterable[str]:
    """What would have to be written and cannot be, on the way from `now` to `wanted`."""
    for top, below in wanted.items():
        missing = [line for line in below if line not in now.get(top, [])]
        if top in now and not missing:
            continue
        for line in [top] * (top not in now) + missing:
            if reason := _reason(top, line, known=top in now):
                yield f"{_named(top)}: {reason}"


def _reason(top: str, line: str, *, known: bool) -> str:
    if REDACTED in line:
        return NOT_IN_A_BACKUP
    if line.startswith("no "):
        return "a default that was switched off; what its opposite does differs by release"
    if not _SECTIONS.match(top):
        return "" if _LINES.match(top) else "the order or the rest of it counts"
    if not known and not _CAN_GO.match(top):
        return "it comes and goes with the hardware"
    return ""


def _named(top: str) -> str:
    """The start of a line: what follows may be long, or a secret."""
    return " ".join(top.split()[:3])


def _text_of(tree: Tree) -> str:
    return "".join(f"{top}\n" + "".join(f" {line}\n" for line in tree[top]) for top in tree)
