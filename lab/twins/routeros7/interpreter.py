"""Runs a parsed script: the language itself. What menus do is in `menu_commands`."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lab.twins.routeros7 import checking, menu_commands
from lab.twins.routeros7.syntax import (
    Block,
    Joined,
    Operation,
    ParseError,
    Script,
    Substitution,
    Text,
    Variable,
)
from lab.twins.routeros7.values import ScriptError, Value, seconds_of, text_of, truth_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.routeros7.editions import Edition
    from lab.twins.routeros7.syntax import Argument, Command, Expression
    from lab.twins.routeros7.tables import Tables

_OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "=": lambda left, right: text_of(left) == text_of(right),
    "!=": lambda left, right: text_of(left) != text_of(right),
    "~": lambda left, right: bool(re.search(text_of(right), text_of(left))),
    ".": lambda left, right: text_of(left) + text_of(right),
    "&&": lambda left, right: truth_of(left) and truth_of(right),
    "and": lambda left, right: truth_of(left) and truth_of(right),
    "||": lambda left, right: truth_of(left) or truth_of(right),
    "or": lambda left, right: truth_of(left) or truth_of(right),
}
_TOPICS = frozenset({"info", "warning", "error", "debug"})


class Host(Protocol):
    """What a script reaches of the device."""

    tables: Tables
    edition: Edition

    def log(self, topics: str, message: str) -> None:
        """Write to the device's log."""
        ...

    async def monitor(self, interface: str) -> dict[str, str]:
        """Radio figures. Raises `ScriptError`."""
        ...

    async def ping(self, address: str, count: int) -> str:
        """Ping through the bearer; RouterOS's table."""
        ...

    def reboot(self) -> None:
        """Restart in order, as soon as this script has ended."""
        ...

    async def run_script(self, name: str, policies: frozenset[str]) -> None:
        """Run a stored script. Raises `ScriptError`."""
        ...


@dataclass
class Interpreter:
    """One run: who runs it, its variables, what it printed."""

    host: Host
    username: str
    policies: frozenset[str]
    printed: list[str] = field(default_factory=list)
    variables: dict[str, Value] = field(default_factory=dict)

    async def run_text(self, text: str) -> None:
        """Parse and run. Raises `ScriptError` for both kinds of error."""
        try:
            script = checking.parse(text, self.host.edition)
        except ParseError as error:
            raise ScriptError(str(error)) from error
        await self.run(script)

    async def run(self, script: Script) -> Value:
        """Run commands in order; the value of the last one."""
        value: Value = None
        for command in script.commands:
            value = await self._run_command(command)
        return value

    def require(self, policy: str) -> None:
        """Raises `ScriptError` when the user's group lacks the policy."""
        if policy not in self.policies:
            raise ScriptError("not enough permissions (9)")

    async def evaluate(self, expression: Expression) -> Value:
        """The value of an expression; a `[print]` gives nothing and prints nothing."""
        match expression:
            case Text(value):
                return value
            case Variable(name):
                return self.variables.get(name)
            case Joined(parts):
                return "".join([text_of(await self.evaluate(part)) for part in parts])
            case Substitution(script):
                return await self.run(script)
            case Operation():
                return await self._operate(expression)
            case Block():
                raise ScriptError("syntax error")

    async def _operate(self, operation: Operation) -> Value:
        right = await self.evaluate(operation.right)
        if operation.left is None:
            return not truth_of(right)
        left = await self.evaluate(operation.left)
        return _OPERATIONS[operation.operator](left, right)

    async def _run_command(self, command: Command) -> Value:
        if command.path == (":",):
            return await self._run_language(command)
        return await menu_commands.run(self, command)

    async def _run_language(self, command: Command) -> Value:
        given = command.arguments
        match command.name:
            case "put":
                self.printed.append(text_of(await self.evaluate(self._first(given))))
            case "len":
                value = await self.evaluate(self._first(given))
                return len(value) if isinstance(value, list) else len(text_of(value))
            case "tostr":
                return text_of(await self.evaluate(self._first(given)))
            case "error":
                raise ScriptError(text_of(await self.evaluate(self._first(given))))
            case "delay":
                await self._delay(text_of(await self.evaluate(self._first(given))))
            case "local" | "set":
                await self._assign(given)
            case "log":
                await self._log(given)
            case "if":
                await self._if(given)
            case "do":
                await self._do(given)
        return None

    @staticmethod
    def _first(given: tuple[Argument, ...]) -> Expression:
        if not given:
            raise ScriptError("failure: missing value(s) of argument(s) value")
        return given[0].value

    @staticmethod
    def _named(given: tuple[Argument, ...], key: str) -> Expression | None:
        return next((item.value for item in given if item.key == key), None)

    async def _delay(self, text: str) -> None:
        seconds = seconds_of(text)
        if seconds is None:
            raise ScriptError("invalid time value for argument delay-time")
        await asyncio.sleep(seconds)

    async def _assign(self, given: tuple[Argument, ...]) -> None:
        name = text_of(await self.evaluate(self._first(given)))
        value = await self.evaluate(given[1].value) if len(given) > 1 else None
        self.variables[name] = value

    async def _log(self, given: tuple[Argument, ...]) -> None:
        topic = text_of(await self.evaluate(self._first(given)))
        if topic not in _TOPICS:
            raise ScriptError("input does not match any value of topic")
        message = self._named(given, "message") or given[-1].value
        self.host.log(f"script,{topic}", text_of(await self.evaluate(message)))

    async def _if(self, given: tuple[Argument, ...]) -> None:
        holds = truth_of(await self.evaluate(self._first(given)))
        await self._run_block(self._named(given, "do" if holds else "else"))

    async def _do(self, given: tuple[Argument, ...]) -> None:
        handler = self._named(given, "on-error")
        try:
            await self._run_block(self._first(given))
        except ScriptError:
            if handler is None:
                raise
            await self._run_block(handler)

    async def _run_block(self, block: Expression | None) -> None:
        if isinstance(block, Block):
            await self.run(block.script)
        elif block is not None:
            raise ScriptError("syntax error")
