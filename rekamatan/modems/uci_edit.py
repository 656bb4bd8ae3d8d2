"""From one list of uci sections to another, in the fewest lines that keep what is the same. Pure.

Sections without a name have none that lasts: `@type[index]` counts those before it, so each line is
written for the list as the lines before it have left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.modems.known_secrets import NOT_IN_A_BACKUP, REDACTED
from rekamatan.modems.openwrt_console import PACKAGE
from rekamatan.modems.templates import shell_quoted

if TYPE_CHECKING:
    from rekamatan.modems.openwrt_parse import UciValue
    from rekamatan.modems.uci_export import Section


class Edit:
    """The lines from `now` to `wanted`.

    Attributes:
        lines: `uci` commands, for one batch.
        by_hand: what cannot be done so, by name and with the reason.
    """

    def __init__(self, now: tuple[Section, ...], wanted: tuple[Section, ...]) -> None:
        self.lines: list[str] = []
        self.by_hand: list[str] = []
        self._wanted = wanted
        partners = _partners(now, wanted)  # index in wanted -> index in now
        places = {there: here for here, there in partners.items()}
        # the list so far: index in wanted, type, name
        self._shown = [(places.get(at, -1), s.type, s.name) for at, s in enumerate(now)]
        self._delete()
        for here, there in partners.items():
            self._alter(here, now[there])
        for here in range(len(wanted)):
            if here not in partners:
                self._add(here)
        self._order()

    def _delete(self) -> None:
        for at in reversed(range(len(self._shown))):
            if self._shown[at][0] < 0:
                self.lines.append(f"uci delete {self._address(at)}")
                del self._shown[at]

    def _alter(self, here: int, old: Section) -> None:
        new = self._wanted[here]
        at = self._at(here)
        if old.name != new.name:
            self.lines.append(f"uci rename {self._address(at)}={shell_quoted(new.name)}")
            self._shown[at] = (here, old.type, new.name)
        if old.type != new.type:
            self.lines.append(f"uci set {self._address(at)}={shell_quoted(new.type)}")
            self._shown[at] = (here, new.type, new.name)
        place = self._address(at)
        for option in old.options:
            if option not in new.options:
                self.lines.append(f"uci delete {place}.{option}")
        for option, value in new.options.items():
            present = old.options.get(option)
            if value != present:
                self._write(place, option, value, present)

    def _add(self, here: int) -> None:
        new = self._wanted[here]
        if new.name:
            self.lines.append(f"uci set {PACKAGE}.{new.name}={shell_quoted(new.type)}")
        else:
            self.lines.append(f"uci add {PACKAGE} {shell_quoted(new.type)}")
        self._shown.append((here, new.type, new.name))
        place = self._address(len(self._shown) - 1)
        for option, value in new.options.items():
            self._write(place, option, value, None)

    def _write(self, place: str, option: str, value: UciValue, present: UciValue | None) -> None:
        items = value if isinstance(value, tuple) else (value,)
        if reason := _unwritable(items):
            self.by_hand.append(f"{place}.{option}: {reason}")
            return
        if present is not None and isinstance(value, tuple) | isinstance(present, tuple):
            self.lines.append(f"uci delete {place}.{option}")
        verb = "add_list" if isinstance(value, tuple) else "set"
        self.lines += [f"uci {verb} {place}.{option}={shell_quoted(item)}" for item in items]

    def _order(self) -> None:
        for here in range(len(self._wanted)):
            at = self._at(here)
            if at != here:
                self.lines.append(f"uci reorder {self._address(at)}='{here}'")
                self._shown.insert(here, self._shown.pop(at))

    def _at(self, here: int) -> int:
        return next(at for at, shown in enumerate(self._shown) if shown[0] == here)

    def _address(self, at: int) -> str:
        """How `uci` names it now; named sections of its type count too."""
        _, kind, name = self._shown[at]
        if name:
            return f"{PACKAGE}.{name}"
        before = sum(1 for shown in self._shown[:at] if shown[1] == kind)
        return f"{PACKAGE}.@{kind}[{before}]"


def _unwritable(items: tuple[str, ...]) -> str:
    if any(REDACTED in item for item in items):
        return NOT_IN_A_BACKUP
    if any(not item or "\n" in item for item in items):
        return "its value is empty or has several lines, which uci cannot be told"
    return ""


def _partners(now: tuple[Section, ...], wanted: tuple[Section, ...]) -> dict[int, int]:
    """Which section of now becomes which: by name, by content, then by their order.

    One with a secret is never taken for another by order: its key would pass to a stranger.
    """
    found: dict[int, int] = {}
    for same in (_same_name, _same_content, _same_kind):
        for here, new in enumerate(wanted):
            free = (at for at in range(len(now)) if at not in found.values())
            at = next((at for at in free if same(now[at], new)), None)
            if here not in found and at is not None:
                found[here] = at
    return found


def _same_name(old: Section, new: Section) -> bool:
    return bool(new.name) and old.name == new.name


def _same_content(old: Section, new: Section) -> bool:
    """Also one that was renamed, or was given a name; a name cannot be taken away."""
    return (old.type, old.options) == (new.type, new.options) and bool(new.name or not old.name)


def _same_kind(old: Section, new: Section) -> bool:
    return old.type == new.type and not (old.name or new.name or _secret(old) or _secret(new))


def _secret(section: Section) -> bool:
    values = (v if isinstance(v, tuple) else (v,) for v in section.options.values())
    return any(REDACTED in item for items in values for item in items)
