"""Back to a kept RouterOS export: what differs, as checked `set` commands. Pure.

A backup holds no secrets, so it is never imported as a whole. What differs in the value of an entry
that both have is set back; an entry that only one of them has needs a person, and is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.base import refuse_by_hand
from rekamatan.modems.routeros_parse import PAIR
from rekamatan.modems.routeros_text import unquote
from rekamatan.modems.templates import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

# Which carrier is active is the switch's to say, with its own gate.
_CARRIER = frozenset({"apn-profiles", "sim-slot"})
# Who may log in: a way back that locks everybody out is none.
_NOT_OURS = ("/user", "/system script", "/system scheduler", "/ip service")
_SPARE = "/interface lte apn "  # a carrier's profile beside the active one does no harm
_FOUND = re.compile(r"^set \[ ?find ([a-z-]+)=(\S+) ?\] (.*)$")
_PLAIN = re.compile(r"^set (.*)$")
_ADDED = re.compile(r"^add (.*)$")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of an export: which item of which menu, and its values that are no default."""

    path: str
    selector: str  # `[find name="x"]`, or empty for a menu of settings
    values: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.path} {self.selector}".strip()


def restore_plan(kept: str, current: str, profile: str, plan_id: str, subject: str) -> ChangePlan:
    """The commands from `current` to `kept`, and back; the active carrier stays.

    Args:
        kept: the export to go back to.
        current: the export of now.
        profile: the active one, before and after.
        plan_id: names the run.
        subject: the modem, for errors.

    Raises:
        NotSupportedError: names each difference that needs a person.
    """
    old, now = _entries(kept), _entries(current)
    extra = {key for key in now.keys() - old.keys() if not key.startswith(_SPARE)}
    alone = (old.keys() - now.keys()) | extra
    by_hand = sorted(key for key in alone if not _left_alone(key) and not _carrier(old, now, key))
    commands, undo = [], []
    for key in sorted(old.keys() & now.keys()):
        wanted, present = old[key].values, now[key].values
        differing = [k for k in wanted.keys() | present.keys() if wanted.get(k) != present.get(k)]
        differing = sorted(set(differing) - _CARRIER) if not _left_alone(key) else []
        if any(name not in wanted or name not in present for name in differing):
            by_hand.append(key)
            continue
        commands += [_set(old[key], differing)] * bool(differing)
        undo += [_set(now[key], differing)] * bool(differing)
    refuse_by_hand(subject, by_hand)
    return ChangePlan(plan_id, profile, profile, tuple(commands), tuple(undo))


def _left_alone(key: str) -> bool:
    """Accounts, services and timers."""
    return key.startswith(_NOT_OURS)


def _carrier(old: dict[str, _Entry], now: dict[str, _Entry], key: str) -> bool:
    """A settings menu that says which carrier is active, shown only while that is no default."""
    entry = old.get(key) or now[key]
    return not entry.selector and entry.values.keys() <= _CARRIER


def _set(entry: _Entry, names: list[str]) -> str:
    values = " ".join(f"{name}={quoted(entry.values[name])}" for name in names)
    return " ".join(part for part in (entry.path, "set", entry.selector, values) if part)


def _entries(export: str) -> dict[str, _Entry]:
    """Entries by menu and selector; one without a name is known by its whole line."""
    return {entry.key: entry for entry in _lines(export)}


def _lines(export: str) -> Iterator[_Entry]:
    path = ""
    for line in export.replace("\\\n    ", "").splitlines():
        text = line.strip()
        if text.startswith("/"):
            path = text
        elif match := _FOUND.match(text):
            yield _Entry(path, f"[find {match[1]}={quoted(unquote(match[2]))}]", _pairs(match[3]))
        elif match := _PLAIN.match(text):
            yield _Entry(path, "", _pairs(match[1]))
        elif match := _ADDED.match(text):
            values = _pairs(match[1])
            named = f"[find name={quoted(values.pop('name'))}]" if "name" in values else text
            yield _Entry(path, named, values)


def _pairs(text: str) -> dict[str, str]:
    return {name: unquote(value) for name, value in PAIR.findall(text)}
