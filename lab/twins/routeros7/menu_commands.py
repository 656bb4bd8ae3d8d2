"""The commands of menus: add, set, remove, find, get, print, monitor, run."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from lab.twins.routeros7 import menus, printing, root_commands
from lab.twins.routeros7.values import ScriptError, Value, text_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lab.twins.routeros7.interpreter import Interpreter
    from lab.twins.routeros7.menus import Menu
    from lab.twins.routeros7.printing import Row
    from lab.twins.routeros7.syntax import Argument, Command

_WRITES = frozenset({"add", "set", "remove", "enable", "disable"})
_STYLES = frozenset({"detail", "terse", "brief", "without-paging", "count-only", "as-value"})
# menus whose change needs more than `write`
_POLICY_MENUS = frozenset({("user",), ("user", "group")})


async def run(run: Interpreter, command: Command) -> Value:
    """Run one menu command for the user of `run`."""
    run.require("read")
    if not command.path:
        return await root_commands.ROOT[command.name](run, command)
    if command.name == "reboot":
        return root_commands.reboot(run)
    menu = run.host.edition.by_path[command.path]
    if command.name in _WRITES:
        run.require("write")
        if menu.path in _POLICY_MENUS:
            run.require("policy")
    return await _MENU[command.name](run, menu, command)


async def _values(run: Interpreter, menu: Menu, given: list[Argument]) -> dict[str, str]:
    """`key=value` arguments; which keys there are was checked when the text was parsed."""
    values = {}
    for item in given:
        if item.key not in menu.by_name:
            where = f"(line {item.line} column {item.column})"
            raise ScriptError(f"expected end of command {where}")
        values[item.key] = text_of(await run.evaluate(item.value))
    return values


async def _targets(run: Interpreter, menu: Menu, item: Argument) -> list[Row]:
    """The rows an argument names: an id, a list of ids, a number, or a name."""
    value = await run.evaluate(item.value)
    rows = run.host.tables.rows(menu)
    wanted = value if isinstance(value, list) else text_of(value).split(",")
    found = []
    for name in wanted:
        match = next((row for row in rows if name in {row.get(".id"), row.get("name")}), None)
        if match is None and name.isdigit() and int(name) < len(rows):
            match = rows[int(name)]
        if match is None:
            raise ScriptError("no such item")
        found.append(match)
    return found


async def _split(
    run: Interpreter, menu: Menu, command: Command
) -> tuple[list[Row], list[Argument]]:
    """The rows a command is about, and its other arguments."""
    bare = [item for item in command.arguments if not item.key]
    named = [item for item in command.arguments if item.key]
    rows: list[Row] = []
    for item in [*bare, *(item for item in named if item.key == "numbers")]:
        rows += await _targets(run, menu, item)
    if not bare and not any(item.key == "numbers" for item in named):
        raise ScriptError("failure: missing value(s) of argument(s) numbers")
    return rows, [item for item in named if item.key != "numbers"]


async def _add(run: Interpreter, menu: Menu, command: Command) -> Value:
    values = await _values(run, menu, list(command.arguments))
    row = run.host.tables.add(menu, values)
    if "owner" in menu.by_name:
        row["owner"] = run.username
    return row[".id"]


async def _set(run: Interpreter, menu: Menu, command: Command) -> Value:
    if not menu.table:
        run.host.tables.set_record(menu, await _values(run, menu, list(command.arguments)))
        return None
    rows, named = await _split(run, menu, command)
    values = await _values(run, menu, named)
    for row in rows:
        run.host.tables.set_row(menu, row, values)
    return None


async def _remove(run: Interpreter, menu: Menu, command: Command) -> Value:
    rows, _ = await _split(run, menu, command)
    for row in rows:
        run.host.tables.remove(menu, row)
    return None


async def _enable(run: Interpreter, menu: Menu, command: Command) -> Value:
    rows, _ = await _split(run, menu, command)
    for row in rows:
        disabled = "no" if command.name == "enable" else "yes"
        run.host.tables.set_row(menu, row, {"disabled": disabled})
    return None


async def _find(run: Interpreter, menu: Menu, command: Command) -> Value:
    rows = await _matching(run, menu, list(command.arguments))
    return [row.get(".id", "") for row in rows]


async def _matching(run: Interpreter, menu: Menu, given: list[Argument]) -> list[Row]:
    """Rows for which the conditions hold; conditions side by side are all needed."""
    rows = run.host.tables.rows(menu)
    alternatives: list[list[Row]] = []
    kept = rows
    for item in given:
        word = "" if item.key or item.operator else text_of(await run.evaluate(item.value))
        if word in {"where", "and"}:
            continue
        if word == "or":
            alternatives.append(kept)
            kept = rows
            continue
        holds = await _condition(run, menu, item, word)
        kept = [row for row in kept if holds(row)]
    alternatives.append(kept)
    return [row for row in rows if any(row in part for part in alternatives)]


async def _condition(
    run: Interpreter, menu: Menu, item: Argument, word: str
) -> Callable[[Row], bool]:
    wanted = text_of(await run.evaluate(item.value))
    name = item.key or word or wanted
    if name not in menu.by_name and name != ".id":
        where = f"(line {item.line} column {item.column})"
        raise ScriptError(f"expected end of command {where}")
    match item.operator:
        case "=":
            return lambda row: row.get(name, "") == wanted
        case "!=":
            return lambda row: row.get(name, "") != wanted
        case "~":
            return lambda row: re.search(wanted, row.get(name, "")) is not None
        case "!":
            return lambda row: row.get(name, "") in {"", "no", "false"}
        case _:
            return lambda row: row.get(name, "") not in {"", "no", "false"}


async def _get(run: Interpreter, menu: Menu, command: Command) -> Value:
    given = list(command.arguments)
    if menu.table:
        rows = await _targets(run, menu, given.pop(0)) if given else []
        if not rows:
            raise ScriptError("no such item")
        row = rows[0]
    else:
        row = _record(run, menu)
    if not given:
        return printing.as_value(printing.shown(menu, row))
    name = text_of(await run.evaluate(given[0].value))
    if name not in menu.by_name:
        raise ScriptError(f"unknown parameter {name}")
    value = row.get(name, "")
    # `print` shows yes and no, `get` gives booleans
    return value == "yes" if menu.by_name[name].choices == menus.YES_NO else value


def _record(run: Interpreter, menu: Menu) -> Row:
    live = run.host.tables.rows(menu) if not menu.table else []
    return {**run.host.tables.record(menu), **(live[0] if live else {})}


async def _print(run: Interpreter, menu: Menu, command: Command) -> Value:
    styles: set[str] = set()
    conditions: list[Argument] = []
    for at, item in enumerate(command.arguments):
        word = "" if item.key else text_of(await run.evaluate(item.value))
        if word == "where":
            conditions = list(command.arguments[at + 1 :])
            break
        if word not in _STYLES:
            where = f"(line {item.line} column {item.column})"
            raise ScriptError(f"expected end of command {where}")
        styles.add(word)
    if not menu.table:
        run.printed.append(printing.record(printing.shown(menu, _record(run, menu))))
        return None
    rows = [_with_network(menu, row) for row in await _matching(run, menu, conditions)]
    if "count-only" in styles:
        run.printed.append(str(len(rows)))
        return None
    style = next((s for s in ("terse", "detail") if s in styles), "")
    layout = {"terse": printing.terse, "detail": printing.detail}.get(style, printing.columns)
    old_style = run.host.edition.old_style
    run.printed.append(layout(menu, _visible(run, rows), old_style=old_style))
    return None


def _with_network(menu: Menu, row: Row) -> Row:
    """An address as it is printed: the device works its network out."""
    if menu.path != menus.IP_ADDRESS.path or row.get("network"):
        return row
    network = ipaddress.ip_network(row["address"], strict=False).network_address
    return {**row, "network": str(network)}


def _visible(run: Interpreter, rows: list[Row]) -> list[Row]:
    """Rows without passwords for users whose group lacks `sensitive`."""
    if "sensitive" in run.policies:
        return rows
    return [{name: value for name, value in row.items() if name != "password"} for row in rows]


async def _monitor(run: Interpreter, menu: Menu, command: Command) -> Value:
    del menu
    words = [text_of(await run.evaluate(item.value)) for item in command.arguments]
    if not words or "once" not in words:
        raise ScriptError("action cancelled")  # an endless monitor has no place in a script
    figures = await run.host.monitor(words[0])
    if "as-value" in words:
        return printing.as_value(figures)
    run.printed.append(printing.record(figures))
    return None


async def _run(run: Interpreter, menu: Menu, command: Command) -> Value:
    rows, _ = await _split(run, menu, command)
    for row in rows:
        await run.host.run_script(row["name"], run.policies)
    return None


_MENU: dict[str, Callable[[Interpreter, Menu, Command], Awaitable[Value]]] = {
    "add": _add,
    "set": _set,
    "remove": _remove,
    "find": _find,
    "get": _get,
    "print": _print,
    "enable": _enable,
    "disable": _enable,
    "monitor": _monitor,
    "info": _monitor,
    "run": _run,
    "export": root_commands.export,
}
