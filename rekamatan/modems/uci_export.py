r"""What `uci export` prints, to data and back. Pure.

Values stand in single quotes, a quote inside as `'\''`; sections without a name keep their place
by order alone (transcripts of uci 2021-2025).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rekamatan.modems.openwrt_parse import UciValue, clean
from rekamatan.modems.templates import shell_quoted

_WORD = re.compile(r"(?:'[^']*'|\\.|[^\s'\\])+|\n")
_PIECE = re.compile(r"'([^']*)'|\\(.)|([^\s'\\]+)")
_SETTING_WORDS = 3  # option NAME VALUE


@dataclass(frozen=True, slots=True)
class Section:
    """One section; a list option has a tuple, also of one item. No name: an anonymous one."""

    type: str
    name: str
    options: dict[str, UciValue] = field(default_factory=dict)


def parse_export(text: str) -> tuple[Section, ...]:
    """The sections of one package in their order; lines that are none are passed over."""
    found: list[Section] = []
    for words in _lines(clean(text)):
        if words[0] == "config" and len(words) > 1:
            found.append(Section(words[1], words[2] if len(words) > 2 else ""))  # noqa: PLR2004 - config TYPE NAME
        elif found and len(words) == _SETTING_WORDS and words[0] == "option":
            found[-1].options[words[1]] = words[2]
        elif found and len(words) == _SETTING_WORDS and words[0] == "list":
            before = found[-1].options.get(words[1], ())
            items = before if isinstance(before, tuple) else (before,)
            found[-1].options[words[1]] = (*items, words[2])
    return tuple(found)


def export_text(package: str, sections: tuple[Section, ...]) -> str:
    """The text that `uci export` would print of these sections."""
    out = [f"package {package}\n"]
    for section in sections:
        name = f" {shell_quoted(section.name)}" if section.name else ""
        out.append(f"\nconfig {section.type}{name}\n")
        for option, value in section.options.items():
            if isinstance(value, tuple):
                out += [f"\tlist {option} {shell_quoted(item)}\n" for item in value]
            else:
                out.append(f"\toption {option} {shell_quoted(value)}\n")
    return "".join(out) + "\n"


def _lines(text: str) -> list[list[str]]:
    """Words of each line; a newline inside quotes does not end one."""
    lines: list[list[str]] = [[]]
    for match in _WORD.finditer(text):
        if match[0] == "\n":
            lines.append([])
        else:
            pieces = _PIECE.findall(match[0])
            lines[-1].append("".join("".join(piece) for piece in pieces))
    return [line for line in lines if line]
