"""RouterOS command language: text to a tree. A text that does not parse runs nothing of itself.

Covers what operators and drivers use: paths with spaces or slashes, `[command]`, `(expression)`,
`{block}`, `$variable`, quoted strings with escapes. Columns count from 1, as RouterOS prints them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_BARE = re.compile(r"[^\s;\[\](){}\"$]+")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_KEY = re.compile(r"([A-Za-z.][A-Za-z0-9.-]*)(!=|=|~)")
_OPERATOR = re.compile(r"&&|\|\||!=|=|~|\.|\band\b|\bor\b")
_PRECEDENCE = {"||": 1, "or": 1, "&&": 2, "and": 2, "=": 3, "!=": 3, "~": 3, ".": 4}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "_": " "}


class ParseError(Exception):
    """The text is not RouterOS; the message is RouterOS's own."""


@dataclass(frozen=True, slots=True)
class Text:
    """A literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A quoted string with variables in it."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Substitution:
    """`[command]`."""

    script: Script


@dataclass(frozen=True, slots=True)
class Block:
    """`{commands}`."""

    script: Script


@dataclass(frozen=True, slots=True)
class Operation:
    """`(left operator right)`; `left` is None for `!right`."""

    operator: str
    left: Expression | None
    right: Expression


Expression = Text | Variable | Joined | Substitution | Block | Operation


@dataclass(frozen=True, slots=True)
class Argument:
    """`key=value`, `key~value`, `key!=value`, or a bare value (key is empty)."""

    key: str
    operator: str
    value: Expression
    column: int
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """One command: where, what, with which arguments."""

    path: tuple[str, ...]  # () for the root; (":",) for a language command
    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """Commands in order."""

    commands: tuple[Command, ...]


LANGUAGE = frozenset({"put", "len", "do", "if", "local", "set", "log", "delay", "tostr", "error"})


class Parser:
    """Recursive descent over one text.

    Args:
        text: one console line or a whole script.
        menus: menu path -> the commands it has; () holds the root commands.
    """

    def __init__(self, text: str, menus: Mapping[tuple[str, ...], frozenset[str]]) -> None:
        self._text = text
        self._menus = menus
        self._at = 0
        self._here: tuple[str, ...] = ()  # `[find ...]` is looked up in its command's own menu

    def parse(self) -> Script:
        """The whole text as a tree. Raises `ParseError`."""
        script = self._script()
        if self._at < len(self._text):
            raise self._error("syntax error")
        return script

    def _script(self) -> Script:
        commands = []
        while True:
            self._skip(" \t\r\n;")
            if self._peek() == "#":
                self._match(re.compile(r"[^\n]*"))
                continue
            if self._peek() in "]}\0":
                break
            commands.append(self._command())
        return Script(tuple(commands))

    def _command(self) -> Command:
        if self._peek() == ":":
            self._at += 1
            name, start = self._word()
            if name not in LANGUAGE:
                raise self._error(f"bad command name {name}", start)
            return Command((":",), name, self._arguments())
        path: tuple[str, ...] = ()
        language = self._peek() != "/"
        here = _WORD.match(self._text, self._at)
        if here and here[0] in self._menus.get(self._here, frozenset()):
            path, language = self._here, False
        while True:
            self._skip(" \t/")
            name, start = self._word()
            if self._is_menu((*path, name)):
                path, language = (*path, name), False
            elif name in self._menus.get(path, frozenset()):
                return Command(path, name, self._arguments_in(path))
            elif language and name in LANGUAGE:
                return Command((":",), name, self._arguments())
            else:
                raise self._error(f"bad command name {name}", start)

    def _arguments_in(self, path: tuple[str, ...]) -> tuple[Argument, ...]:
        outer, self._here = self._here, path
        try:
            return self._arguments()
        finally:
            self._here = outer

    def _is_menu(self, path: tuple[str, ...]) -> bool:
        return any(menu[: len(path)] == path for menu in self._menus)

    def _word(self) -> tuple[str, int]:
        start = self._at
        word = self._match(_WORD)
        if not word:
            # a path that stops at a menu, or a stray character
            bare = self._match(_BARE)
            raise self._error(f"bad command name {bare}" if bare else "syntax error", start)
        return word, start

    def _arguments(self) -> tuple[Argument, ...]:
        found: list[Argument] = []
        while True:
            self._skip(" \t\r")
            if self._peek() in ";\n]}\0":
                return tuple(found)
            found.append(self._argument())

    def _argument(self) -> Argument:
        start = self._at
        line, column = self._position(start)
        key = _KEY.match(self._text, self._at)
        if key:
            self._at = key.end()
            return Argument(key[1], key[2], self._value(), column, line)
        if self._peek() == "!":
            self._at += 1
            return Argument("", "!", self._value(), column, line)
        return Argument("", "", self._value(), column, line)

    def _value(self) -> Expression:
        first = self._peek()
        if first == '"':
            return self._quoted()
        if first == "[":
            return Substitution(self._enclosed("]"))
        if first == "{":
            return Block(self._enclosed("}"))
        if first == "(":
            self._at += 1
            value = self._expression(0)
            self._expect(")")
            return value
        if first == "$":
            self._at += 1
            return Variable(self._match(_NAME))
        bare = self._match(_BARE)
        if not bare and first not in " \t\r\n;]})\0":
            raise self._error("syntax error")
        return Text(bare)

    def _enclosed(self, closing: str) -> Script:
        self._at += 1
        script = self._script()
        self._expect(closing)
        return script

    def _expression(self, least: int) -> Expression:
        self._skip(" \t\r\n")
        if self._peek() == "!":
            self._at += 1
            left: Expression = Operation("!", None, self._expression(max(_PRECEDENCE.values())))
        else:
            left = self._operand()
        while True:
            self._skip(" \t\r\n")
            found = _OPERATOR.match(self._text, self._at)
            if not found or _PRECEDENCE[found[0]] <= least:
                return left
            self._at = found.end()
            left = Operation(found[0], left, self._expression(_PRECEDENCE[found[0]]))

    def _operand(self) -> Expression:
        if self._peek() in '"[{($':
            return self._value()
        word = self._match(re.compile(r"[^\s;\[\](){}\"$=!~&|.]+"))
        if not word:
            raise self._error("syntax error")
        return Text(word)

    def _quoted(self) -> Expression:
        start = self._at
        self._at += 1
        parts: list[Expression] = []
        text = ""
        while self._peek() != '"':
            character = self._peek()
            if character == "\0":
                raise self._error("syntax error", start)
            self._at += 1
            if character == "\\":
                text += _ESCAPES.get(self._peek(), self._peek())
                self._at += 1
            elif character == "$":
                parts += [Text(text), Variable(self._match(_NAME))]
                text = ""
            else:
                text += character
        self._at += 1
        return Joined((*parts, Text(text))) if parts else Text(text)

    def _expect(self, closing: str) -> None:
        self._skip(" \t\r\n")
        if self._peek() != closing:
            raise self._error("syntax error")
        self._at += 1

    def _peek(self) -> str:
        """The next character; at the end a NUL, which also ends a command and a block."""
        return self._text[self._at] if self._at < len(self._text) else "\0"

    def _skip(self, characters: str) -> None:
        while self._peek() in characters:
            self._at += 1

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if not found:
            return ""
        self._at = found.end()
        return found[0]

    def _position(self, at: int) -> tuple[int, int]:
        before = self._text[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def _error(self, text: str, at: int | None = None) -> ParseError:
        line, column = self._position(self._at if at is None else at)
        return ParseError(f"{text} (line {line} column {column})")
