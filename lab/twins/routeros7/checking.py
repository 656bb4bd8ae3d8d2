"""What RouterOS checks before it runs anything: a script with a wrong property never starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from lab.twins.routeros7.editions import Edition
    from lab.twins.routeros7.syntax import Command, Expression

_EXTRA = {"numbers", "where"}


def parse(text: str, edition: Edition) -> Script:
    """Text to a checked tree. Raises `ParseError` with RouterOS's text and column."""
    script = Parser(text, edition.commands).parse()
    _check(script, edition)
    return script


def valid(text: str, edition: Edition) -> bool:
    """Whether a stored script would start; the opposite of its `I` flag."""
    try:
        parse(text, edition)
    except ParseError:
        return False
    return True


def _check(script: Script, edition: Edition) -> None:
    for command in script.commands:
        if command.name in {"add", "set"} and command.path in edition.by_path:
            _check_keys(command, edition)
        for item in command.arguments:
            _check_expression(item.value, edition)


def _check_keys(command: Command, edition: Edition) -> None:
    known = edition.by_path[command.path].by_name
    for item in command.arguments:
        writable = item.key in known and not known[item.key].read_only
        if item.key and not writable and item.key not in _EXTRA:
            where = f"(line {item.line} column {item.column})"
            raise ParseError(f"expected end of command {where}")


def _check_expression(expression: Expression, edition: Edition) -> None:
    match expression:
        case Substitution(script) | Block(script):
            _check(script, edition)
        case Joined(parts):
            for part in parts:
                _check_expression(part, edition)
        case Operation(_, left, right):
            _check_expression(right, edition)
            if left is not None:
                _check_expression(left, edition)
