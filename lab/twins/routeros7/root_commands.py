"""The commands outside menus: export (also of one menu), ping, quit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.routeros7 import printing
from lab.twins.routeros7.values import ScriptError, Value, text_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lab.twins.routeros7.interpreter import Interpreter
    from lab.twins.routeros7.menus import Menu
    from lab.twins.routeros7.printing import Row
    from lab.twins.routeros7.syntax import Command


_LAYOUTS = frozenset({"verbose", "compact", "terse"})  # all printed as `compact` here


async def export(run: Interpreter, menu: Menu, command: Command) -> Value:
    """`export` of one menu."""
    _export_menu(run, menu, sensitive=await _sensitive(run, command))
    return None


def _export_menu(run: Interpreter, menu: Menu, *, sensitive: bool) -> None:
    lines = [printing.export_line(menu, row, sensitive=sensitive) for row in _stored(run, menu)]
    if any(lines):
        run.printed += [f"/{' '.join(menu.path)}", *(line for line in lines if line)]


async def _export_all(run: Interpreter, command: Command) -> Value:
    sensitive = await _sensitive(run, command)
    facts = run.host.edition.by_path["system", "resource"]
    version = run.host.tables.rows(facts)[0]["version"].split()[0]
    run.printed.append(f"# by RouterOS {version}")
    for menu in run.host.edition.menus:
        if "export" in menu.commands:
            _export_menu(run, menu, sensitive=sensitive)
    return None


async def _sensitive(run: Interpreter, command: Command) -> bool:
    """Whether secrets are shown: on demand in RouterOS 7, unless forbidden in 6."""
    old_style = run.host.edition.old_style
    word = "hide-sensitive" if old_style else "show-sensitive"
    words = set()
    for item in command.arguments:
        given = "" if item.key else text_of(await run.evaluate(item.value))
        if given not in {word, *_LAYOUTS}:
            where = f"(line {item.line} column {item.column})"
            raise ScriptError(f"expected end of command {where}")
        words.add(given)
    if word in words and not old_style:
        run.require("sensitive")
    return (word in words) != old_style and "sensitive" in run.policies


def _stored(run: Interpreter, menu: Menu) -> list[Row]:
    if not menu.table:
        return [run.host.tables.record(menu)]
    return [row for row in run.host.tables.rows(menu) if row.get("dynamic") != "yes"]


async def _ping(run: Interpreter, command: Command) -> Value:
    run.require("test")
    bare = [text_of(await run.evaluate(item.value)) for item in command.arguments if not item.key]
    named = {item.key: text_of(await run.evaluate(item.value)) for item in command.arguments}
    address = named.get("address", bare[0] if bare else "")
    count = named.get("count", "4")
    if not address or not count.isdigit():
        raise ScriptError("invalid value for argument address")
    run.printed.append(await run.host.ping(address, int(count)))
    return None


async def _quit(run: Interpreter, command: Command) -> Value:
    del run, command
    return None


def reboot(run: Interpreter) -> Value:
    """`/system reboot` as a script runs it; typed at a console the device asks back instead."""
    run.require("reboot")
    run.host.reboot()
    return None


ROOT: dict[str, Callable[[Interpreter, Command], Awaitable[Value]]] = {
    "export": _export_all,
    "ping": _ping,
    "quit": _quit,
}
