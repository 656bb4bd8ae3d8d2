"""What RouterOS checks before it runs anything: a script with a wrong property never starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.routeros7.menus import BY_PATH, COMMANDS
from lab.twins.routeros7.syntax import (
    Block,
    Joined,
    Operation,
    ParseError,
    Parser,
    Script,
    Substitution,
)

if TYPE_CHECKING:
    from lab.twins.routeros7.syntax import Command, Expression

_EXTRA = {"numbers", "where"}


def parse(text: str) -> Script:
    """Text to a checked tree. Raises `ParseError` with RouterOS's text and column."""
    script = Parser(text, COMMANDS).parse()
    _check(script)
    return script


def valid(text: str) -> bool:
    """Whether a stored script would start; the opposite of its `I` flag."""
    try:
        parse(text)
    except ParseError:
        return False
    return True


def _check(script: Script) -> None:
    for command in script.commands:
        if command.name in {"add", "set"} and command.path in BY_PATH:
            _check_keys(command)
        for item in command.arguments:
            _check_expression(item.value)


def _check_keys(command: Command) -> None:
    known = BY_PATH[command.path].by_name
    for item in command.arguments:
        writable = item.key in known and not known[item.key].read_only
        if item.key and not writable and item.key not in _EXTRA:
            where = f"(line {item.line} column {item.column})"
            raise ParseError(f"expected end of command {where}")


def _check_expression(expression: Expression) -> None:
    match expression:
        case Substitution(script) | Block(script):
            _check(script)
        case Joined(parts):
            for part in parts:
                _check_expression(part)
        case Operation(_, left, right):
            _check_expression(right)
            if left is not None:
                _check_expression(left)
