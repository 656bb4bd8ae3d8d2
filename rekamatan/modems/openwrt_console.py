"""Talking to an OpenWrt router so that a change is known to have worked, or not.

Measured on uci 2023-08: `uci batch` ends with status 0 although lines failed; setting a value that
is there records nothing; uncommitted changes are seen, and committed, by every process. So a silent
command that prints anything failed whatever its status, and values are read back twice: staged, and
committed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.openwrt_parse import (
    parse_uci_changes,
    parse_uci_show,
    redact,
    redact_export,
)
from rekamatan.modems.shell_console import ShellConsole
from rekamatan.modems.templates import shell_quoted
from rekamatan.modems.uci_export import parse_export

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rekamatan.modems.openwrt_parse import UciSection, UciValue
    from rekamatan.modems.uci_export import Section

PACKAGE = "network"
_UCI_LINE = re.compile(r"^uci (set|delete|add_list) network\.(\w+)\.(\w+)(?:=(.*))?$", re.DOTALL)
_UCI_PREFIX = "uci "
COMMIT = f"uci commit {PACKAGE}"
# What a batch with `add` prints, and how `changes` names a section without a name.
_ANONYMOUS = r"cfg[0-9a-f]{6,}"
_ADDED = rf"(?:{_ANONYMOUS}\s*)+"
_TOUCHED = re.compile(r"^uci \w+ network(?:\.(\w+)|[. ])")
_RENAMED = re.compile(r"^uci rename \S+='(\w+)'$")

Wanted = dict[tuple[str, str], "UciValue | None"]


class Console(ShellConsole):
    """Queries and changes of an OpenWrt router."""

    # configuration

    def sections(self) -> dict[str, UciSection]:
        """The network configuration with uncommitted changes applied."""
        return parse_uci_show(self.run(f"uci show {PACKAGE}").out)

    def changes(self) -> tuple[tuple[str, str], ...]:
        """Uncommitted changes as (section, option)."""
        return parse_uci_changes(self.ask(f"uci changes {PACKAGE}"))

    def configure(self, lines: Iterable[str], secret: str = "") -> None:
        """Make `uci` lines true and commit them; nothing is sent when they are true already.

        Raises:
            ApplyError: refused, or accepted and not applied.
            DeviceError: someone else's uncommitted changes would be committed too.
        """
        sent = [line.replace(SECRET, shell_quoted(secret)) for line in lines]
        wanted = wanted_of(sent)
        staged = self.changes()
        self._check_staged(staged, wanted)
        if not staged and not self._differing(wanted):
            return
        if staged:
            self.tell(f"uci revert {PACKAGE}")
        batch = "".join(f"{line.removeprefix(_UCI_PREFIX)}\n" for line in sent)
        self.tell("uci batch", batch)
        self._check_applied(wanted, "accepted but not applied")
        self.tell(COMMIT)
        self.tell("sync")
        if self.changes():
            raise ApplyError(self.subject, f"run {COMMIT}", "the changes are still uncommitted")
        self._check_applied(wanted, "committed but not applied")

    def replace(self, lines: Iterable[str], before: str, after: str) -> None:
        """From one whole configuration to another in one commit; nothing is sent when it is there.

        Args:
            lines: `uci` lines that lead from `before` to `after`.
            before: what `uci export` must show now, without secrets.
            after: what it must show then.

        Raises:
            ApplyError: refused, or accepted and not applied.
            DeviceError: it is neither the one nor the other, or someone left uncommitted changes.
        """
        lines = list(lines)
        staged = self.changes()
        self._check_ours(staged, lines)
        if staged:  # of a session that was lost
            self.tell(f"uci revert {PACKAGE}")
        wanted, found = parse_export(after), self.exported()
        if found == wanted:
            return
        if found != parse_export(before):
            raise DeviceError(
                self.subject,
                "change the configuration",
                "it is another one than the change was planned from",
                "plan it again",
            )
        batch = "".join(f"{line.removeprefix(_UCI_PREFIX)}\n" for line in lines)
        self.tell("uci batch", batch, expected=_ADDED)
        if self.exported() != wanted:
            self.tell(f"uci revert {PACKAGE}")
            raise ApplyError(self.subject, "change the configuration", "accepted but not applied")
        self.tell(COMMIT)
        self.tell("sync")
        if self.changes() or self.exported() != wanted:
            raise ApplyError(self.subject, f"run {COMMIT}", "committed but not applied")

    def exported(self) -> tuple[Section, ...]:
        """The sections with uncommitted changes applied, without secrets."""
        return parse_export(self.export())

    def export(self) -> str:
        """What `uci export` shows, without secrets."""
        return redact_export(self.ask(f"uci export {PACKAGE}"))

    def _check_ours(self, staged: tuple[tuple[str, str], ...], lines: list[str]) -> None:
        """Raises `DeviceError` for uncommitted changes of a section that the lines do not touch."""
        touched = {match[1] for line in lines if (match := _TOUCHED.match(line))}
        touched |= {match[1] for line in lines if (match := _RENAMED.match(line))}
        anonymous = _ANONYMOUS if None in touched else "(?!)"
        foreign = [p for p in staged if p[0] not in touched and not re.fullmatch(anonymous, p[0])]
        self.refuse_foreign(foreign)

    def _check_staged(self, staged: tuple[tuple[str, str], ...], wanted: Wanted) -> None:
        self.refuse_foreign([place for place in staged if place not in wanted])

    def refuse_foreign(
        self, foreign: Sequence[tuple[str, str]], action: str = "change the configuration"
    ) -> None:
        """Raises `DeviceError` when somebody else's changes are uncommitted."""
        if foreign:
            names = {".".join(place).rstrip(".") for place in foreign}
            raise DeviceError(
                self.subject,
                action,
                f"someone left uncommitted changes: {', '.join(sorted(names))}",
                f"at the modem: uci commit {PACKAGE} to keep them, or uci revert {PACKAGE}",
            )

    def _check_applied(self, wanted: Wanted, what: str) -> None:
        if differing := self._differing(wanted):
            raise ApplyError(self.subject, "change the configuration", f"{what}: {differing}")

    def _differing(self, wanted: Wanted) -> str:
        """The first option that is not as wanted, without its value when it is a secret."""
        sections = self.sections()
        for (section, option), value in wanted.items():
            shown = sections[section].options.get(option) if section in sections else None
            if as_tuple(shown) != as_tuple(value):
                text = redact(f"{section}.{option}='{shown}'", self._secrets)
                return text if shown is not None else f"{section}.{option} is not set"
        return ""


def wanted_of(lines: Iterable[str]) -> Wanted:
    """What must read back after these `uci` lines; None for a deleted option."""
    wanted: Wanted = {}
    for line in lines:
        match = _UCI_LINE.match(line)
        if not match:
            continue
        verb, section, option, value = match.groups()
        text = unquoted(value or "")
        if verb == "add_list":
            wanted[section, option] = (*as_tuple(wanted.get((section, option))), text)
        else:
            wanted[section, option] = None if verb == "delete" else text
    return wanted


def as_tuple(value: UciValue | None) -> tuple[str, ...]:
    """A value as a list: uci does not tell a list of one from an option."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def unquoted(text: str) -> str:
    """The text that `shell_quoted` was given."""
    return text[1:-1].replace("'\\''", "'") if text.startswith("'") else text
