"""What the shell itself can do: `[`, `echo`, `printf`, `exit`, `kill`, `sleep` and the like."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from lab.twins.openwrt.streams import ShellExit, Streams

if TYPE_CHECKING:
    from lab.twins.openwrt.shell import Program, Shell

_EXECUTABLE = 0o111
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a"}


async def _true(sh: Shell, arguments: list[str], io: Streams) -> int:
    del sh, arguments, io
    return 0


async def _false(sh: Shell, arguments: list[str], io: Streams) -> int:
    del sh, arguments, io
    return 1


async def _exit(sh: Shell, arguments: list[str], io: Streams) -> int:
    del io
    raise ShellExit(int(arguments[0]) if arguments else sh.status)


async def _echo(sh: Shell, arguments: list[str], io: Streams) -> int:
    del sh
    newline = arguments[:1] != ["-n"]
    io.out.append(" ".join(arguments if newline else arguments[1:]) + "\n" * newline)
    return 0


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text)


async def _printf(sh: Shell, arguments: list[str], io: Streams) -> int:
    if not arguments:
        io.complain(f"{sh.name}: printf: usage: printf FORMAT [ARG]...")
        return 1
    layout, values = _unescaped(arguments[0]), arguments[1:]
    directives = len(re.findall(r"%[sd]", layout))
    while True:
        taken, values = values[:directives], values[directives:]
        filled = iter([*taken, *[""] * directives])
        text = re.sub(r"%([sd%])", lambda m: "%" if m[1] == "%" else next(filled), layout)  # noqa: B023 - used at once
        io.out.append(text)
        if not values or not directives:
            return 0


async def _test(sh: Shell, arguments: list[str], io: Streams) -> int:
    try:
        return int(not _truth(sh, arguments))
    except ValueError:
        io.complain(f"{sh.name}: {arguments[-1] if arguments else '['}: bad number")
        return 2


async def _bracket(sh: Shell, arguments: list[str], io: Streams) -> int:
    if arguments[-1:] != ["]"]:
        io.complain(f"{sh.name}: [: missing ]")
        return 2
    return await _test(sh, arguments[:-1], io)


def _truth(sh: Shell, words: list[str]) -> bool:
    """What `[` decides; a word that should be a number and is none raises `ValueError`."""
    for operator, every in (("-o", any), ("-a", all)):
        if operator in words[1:-1]:
            at = words.index(operator, 1)
            return every((_truth(sh, words[:at]), _truth(sh, words[at + 1 :])))
    if words[:1] == ["!"]:
        return not _truth(sh, words[1:])
    match words:
        case [operator, operand] if operator.startswith("-"):
            return _unary(sh, operator, operand)
        case [left, operator, right]:
            return _binary(left, operator, right)
    return words != [] and bool(words[0])


def _unary(sh: Shell, operator: str, operand: str) -> bool:
    if operator in {"-n", "-z"}:
        return bool(operand) == (operator == "-n")
    path = sh.path(operand)
    if operator in {"-L", "-h"}:
        return sh.device.files.link_target(path) is not None
    node = sh.device.files.node(path)
    if node is None:
        return False
    return {
        "-f": not node.directory,
        "-d": node.directory,
        "-s": bool(node.text),
        "-x": bool(node.mode & _EXECUTABLE),
    }.get(operator, True)


def _binary(left: str, operator: str, right: str) -> bool:
    if operator in {"=", "=="}:
        return left == right
    if operator == "!=":
        return left != right
    first, second = int(left), int(right)
    return {
        "-eq": first == second,
        "-ne": first != second,
        "-lt": first < second,
        "-le": first <= second,
        "-gt": first > second,
        "-ge": first >= second,
    }[operator]


async def _cd(sh: Shell, arguments: list[str], io: Streams) -> int:
    target = sh.path(arguments[0] if arguments else sh.variables["HOME"])
    if not sh.device.files.is_directory(target):
        io.complain(f"{sh.name}: cd: can't cd to {arguments[0]}: No such file or directory")
        return 1
    sh.directory = sh.device.files.real(target)
    return 0


async def _read(sh: Shell, arguments: list[str], io: Streams) -> int:
    line = await io.stdin.line()
    names = [name for name in arguments if not name.startswith("-")]
    fields = line.split(None, max(0, len(names) - 1))
    for index, name in enumerate(names):
        sh.variables[name] = fields[index] if index < len(fields) else ""
    return int(not line)


async def _kill(sh: Shell, arguments: list[str], io: Streams) -> int:
    pids = [word for word in arguments if not word.startswith("-")]
    probing = "-0" in arguments
    if not pids:
        io.complain(f"{sh.name}: kill: you need to specify whom to kill")
        return 1
    for word in pids:
        pid = int(word) if word.isdigit() else 0
        known = sh.device.processes.name(pid) is not None
        if not known or not (probing or sh.device.processes.kill(pid)):
            io.complain(f"{sh.name}: can't kill pid {word}: No such process")
            return 1
    return 0


async def _sleep(sh: Shell, arguments: list[str], io: Streams) -> int:
    word = arguments[0] if arguments else ""
    if not re.fullmatch(r"\d+(\.\d+)?", word):
        io.complain(f"sleep: invalid number '{word}'")
        return 1
    if sh.detached and sh.device.faults.current().timers_dead:
        await asyncio.Event().wait()
    await sh.device.sleep(float(word))
    return 0


async def _command(sh: Shell, arguments: list[str], io: Streams) -> int:
    if arguments[:1] == ["-v"]:
        name = arguments[1] if len(arguments) > 1 else ""
        if name not in sh.device.programs:
            return NOT_THERE
        io.say(name if name in BUILTINS else f"/usr/bin/{name}")
        return 0
    return await sh.execute(arguments, io)


async def _set(sh: Shell, arguments: list[str], io: Streams) -> int:
    if not arguments:
        for name, value in sorted(sh.variables.items()):
            io.say(f"{name}='{value}'")
    return 0


async def _export(sh: Shell, arguments: list[str], io: Streams) -> int:
    del io
    for word in arguments:
        name, marked, value = word.partition("=")
        if marked:
            sh.variables[name] = value
    return 0


async def _sh(sh: Shell, arguments: list[str], io: Streams) -> int:
    """`sh -c TEXT`, `sh FILE`, `sh` with a script on standard input."""
    if arguments[:1] == ["-c"]:
        text, name, rest = arguments[1], "".join(arguments[2:3]) or "sh", arguments[3:]
    elif arguments and not arguments[0].startswith("-"):
        text, name, rest = sh.device.files.read(sh.path(arguments[0])), arguments[0], arguments[1:]
    else:
        text, name, rest = await io.stdin.read(), "sh", []
    child = type(sh)(sh.device, name, tuple(rest), detached=sh.detached)
    child.directory = sh.directory
    return await child.run_text(text, io)


NOT_THERE = 127
BUILTINS: dict[str, Program] = {
    "true": _true,
    ":": _true,
    "umask": _true,
    "wait": _true,
    "false": _false,
    "exit": _exit,
    "echo": _echo,
    "printf": _printf,
    "test": _test,
    "[": _bracket,
    "cd": _cd,
    "read": _read,
    "kill": _kill,
    "command": _command,
    "set": _set,
    "export": _export,
}
PROGRAMS: dict[str, Program] = {"sleep": _sleep, "sh": _sh, "ash": _sh}
