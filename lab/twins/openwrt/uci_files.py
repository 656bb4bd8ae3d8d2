"""uci's configuration files: text to packages and back, as libuci of 2023 reads and writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = re.compile(r"[A-Za-z0-9_]+")
_TYPE = re.compile(r"[!-~]+")
_HASH_START, _HASH_BITS, _NAME_BITS = 5381, 0x7FFFFFFF, 0xFFFF
Value = str | list[str]


class UciError(Exception):
    """What stands after `uci: `."""


@dataclass(slots=True)
class Section:
    """A section; an anonymous one has a made-up name."""

    type: str
    name: str
    anonymous: bool = False
    options: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Package:
    """One file of `/etc/config`."""

    name: str
    sections: list[Section] = field(default_factory=list)
    counted: int = 0  # sections ever seen: the number in the next made-up name

    def add(self, kind: str, name: str = "") -> Section:
        """A new section at the end; without a name it gets `cfgNNHHHH`."""
        self.counted += 1
        shown = name or f"cfg{self.counted:02x}{_hash(kind) & _NAME_BITS:04x}"
        self.sections.append(Section(kind, shown, anonymous=not name))
        return self.sections[-1]

    def find(self, name: str) -> Section | None:
        """A section by its name, or by `@type[index]`. Raises `UciError` for half a pattern."""
        if not name.startswith("@"):
            return next((s for s in self.sections if s.name == name), None)
        match = re.fullmatch(r"@(\w*)\[(-?\d+)\]", name)
        if not match:
            raise UciError("Invalid argument")
        found = [s for s in self.sections if not match[1] or s.type == match[1]]
        index = int(match[2])
        return found[index] if -len(found) <= index < len(found) else None

    def extended(self, section: Section) -> str:
        """How `show` names a section: anonymous ones by type and index."""
        if not section.anonymous:
            return section.name
        same = [s for s in self.sections if s.type == section.type]
        at = next(i for i, s in enumerate(same) if s is section)
        return f"@{section.type}[{at}]"


def _hash(text: str) -> int:
    """Bernstein's hash over the type, as libuci makes names of anonymous sections."""
    value = _HASH_START
    for byte in text.encode():
        value = ((value << 5) + value + byte) & 0xFFFFFFFF
    return value & _HASH_BITS


def quote(text: str) -> str:
    r"""A value in single quotes; a quote inside becomes '\''."""
    return "'" + text.replace("'", "'\\''") + "'"


@dataclass(frozen=True, slots=True)
class Line:
    """One command of a file or of `batch`: its words, and where they stand."""

    words: tuple[str, ...]
    number: int
    start: int  # byte of the first word
    ends: tuple[int, ...]  # byte after each word, and the character that ended it


def _located(message: str, number: int, byte: int) -> UciError:
    return UciError(f"Parse error ({message}) at line {number}, byte {byte}")


def lines(text: str) -> list[Line]:
    """Commands with quotes, escapes, comments and `;` resolved. Raises `UciError`."""
    found: list[Line] = []
    position, number, line_start = 0, 1, 0
    words: list[str] = []
    ends: list[int] = []
    start = 0
    while position <= len(text):
        character = text[position] if position < len(text) else "\n"
        if character in "\n;#":
            if words:
                found.append(Line(tuple(words), number, start, tuple(ends)))
                words, ends = [], []
            if character == "#":
                end = text.find("\n", position)
                position = len(text) if end < 0 else end
                continue
            position += 1
            if character == "\n":
                number, line_start = number + 1, position
        elif character in " \t\r":
            position += 1
        else:
            start = start if words else position - line_start
            word, position, newlines = _word(text, position, number, line_start)
            if newlines:
                number += newlines
                line_start = text.rfind("\n", 0, position) + 1
            words.append(word)
            ends.append(position - line_start + 1)
    return found


def _word(text: str, position: int, number: int, line_start: int) -> tuple[str, int, int]:
    """One word from `position`; gives it, where it ends, and how many lines it spans."""
    word, newlines = "", 0
    while position < len(text) and text[position] not in " \t\r\n;":
        character = text[position]
        if character in "'\"":
            piece, position = _quoted(text, position, number, line_start)
            newlines += piece.count("\n")
            word += piece
        elif character == "\\" and position + 1 < len(text):
            word += text[position + 1]
            position += 2
        else:
            word += character
            position += 1
    return word, position, newlines


def _quoted(text: str, position: int, number: int, line_start: int) -> tuple[str, int]:
    mark, piece = text[position], ""
    position += 1
    while position < len(text) and text[position] != mark:
        if mark == '"' and text[position] == "\\" and position + 1 < len(text):
            position += 1
        piece += text[position]
        position += 1
    if position >= len(text):
        last = text.rstrip("\n").rfind("\n") + 1
        line = number + text[line_start:].rstrip("\n").count("\n")
        length = len(text) - max(last, line_start) + (not text.endswith("\n"))
        raise _located(f"EOF with unterminated {mark}", line, length)
    return piece, position + 1


_MOST_WORDS = {"config": 3, "option": 3, "list": 3, "package": 2}
_LEAST_WORDS = {"config": 2, "option": 3, "list": 3, "package": 2}


def parse(name: str, text: str) -> Package:
    """A package from its file's text. Raises `UciError`."""
    package = Package(name)
    section: Section | None = None
    for line in lines(text):
        command = line.words[0]
        _check(line, command, section)
        if command == "package":
            package.name = name or line.words[1]
        elif command == "config":
            section = _opened(package, line)
        elif section is not None:
            _set(section, command, line.words[1], line.words[2])
    return package


def _check(line: Line, command: str, section: Section | None) -> None:
    if command not in _MOST_WORDS:
        raise _located("invalid command", line.number, line.start)
    if command in {"option", "list"} and section is None:
        message = "option/list command found before the first section"
        raise _located(message, line.number, line.start)
    if len(line.words) < _LEAST_WORDS[command]:
        raise _located("invalid command", line.number, line.start)
    named = {"option": 1, "list": 1, "config": 2}.get(command, 0)
    given = line.words[named] if named < len(line.words) else ""
    if named and given and not NAME.fullmatch(given):
        raise _located("invalid character in name field", line.number, line.ends[named])
    most = _MOST_WORDS[command]
    if len(line.words) > most:
        raise _located("too many arguments", line.number, line.ends[most])


def _opened(package: Package, line: Line) -> Section:
    kind, name = line.words[1], line.words[2] if len(line.words) > 2 else ""  # noqa: PLR2004 - command, type, name
    old = package.find(name) if name else None
    if old is not None:
        package.counted += 1
        return old
    return package.add(kind, name)


def _set(section: Section, command: str, name: str, value: str) -> None:
    if command == "option":
        section.options[name] = value
        return
    old = section.options.get(name, [])
    section.options[name] = [*old, value] if isinstance(old, list) else [old, value]


def valid_type(text: str) -> bool:
    """Whether a section may have this type."""
    return bool(_TYPE.fullmatch(text))


def export(package: Package, *, header: bool = False) -> str:
    """The file as `commit` writes it; with `header` as `export` prints it."""
    out = [f"package {package.name}\n"] if header else []
    for section in package.sections:
        name = "" if section.anonymous else f" {quote(section.name)}"
        out.append(f"\nconfig {section.type}{name}\n")
        for option, value in section.options.items():
            if isinstance(value, list):
                out += [f"\tlist {option} {quote(item)}\n" for item in value]
            else:
                out.append(f"\toption {option} {quote(value)}\n")
    return "".join(out) + "\n"
