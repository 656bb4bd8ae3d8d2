"""BusyBox programs on files and text, in the subset that the twin has."""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import TYPE_CHECKING

from lab.twins.openwrt.files import FileError

if TYPE_CHECKING:
    from lab.twins.openwrt.shell import Program, Shell
    from lab.twins.openwrt.streams import Streams

_OCTAL = re.compile(r"[0-7]{3,4}")


def _split(arguments: list[str]) -> tuple[str, list[str]]:
    """Option letters together, and the operands."""
    letters = "".join(a[1:] for a in arguments if a.startswith("-") and len(a) > 1)
    return letters, [a for a in arguments if not a.startswith("-") or a == "-"]


def _no_file(io: Streams, program: str, name: str, error: FileError) -> int:
    io.complain(f"{program}: can't open '{name}': {error}")
    return 1


async def _inputs(sh: Shell, names: list[str], io: Streams, program: str) -> tuple[list[str], int]:
    """The texts of the named files, or standard input."""
    if not names:
        return [await io.stdin.read()], 0
    texts, status = [], 0
    for name in names:
        try:
            text = await io.stdin.read() if name == "-" else sh.device.files.read(sh.path(name))
            texts.append(text)
        except FileError as error:
            status = _no_file(io, program, name, error)
    return texts, status


async def _cat(sh: Shell, arguments: list[str], io: Streams) -> int:
    texts, status = await _inputs(sh, _split(arguments)[1], io, "cat")
    io.out += texts
    return status


async def _cp(sh: Shell, arguments: list[str], io: Streams) -> int:
    _, names = _split(arguments)
    source, target = names
    files = sh.device.files
    try:
        text = files.read(sh.path(source))
    except FileError as error:
        io.complain(f"cp: can't stat '{source}': {error}")
        return 1
    path = sh.path(target)
    if files.is_directory(path):
        path = posixpath.join(path, posixpath.basename(source))
    node = files.node(sh.path(source))
    try:
        files.write(path, text, node.mode if node else None)
    except FileError:
        io.complain(f"cp: can't create '{target}': No such file or directory")
        return 1
    return 0


async def _mv(sh: Shell, arguments: list[str], io: Streams) -> int:
    _, (source, target) = _split(arguments)
    try:
        sh.device.files.move(sh.path(source), sh.path(target))
    except FileError as error:
        io.complain(f"mv: can't rename '{source}': {error}")
        return 1
    return 0


async def _rm(sh: Shell, arguments: list[str], io: Streams) -> int:
    letters, names = _split(arguments)
    status = 0
    for name in names:
        try:
            sh.device.files.remove(sh.path(name), recursive="r" in letters)
        except FileError as error:
            if "f" not in letters or str(error) == "Is a directory":
                io.complain(f"rm: can't remove '{name}': {error}")
                status = 1
    return status


async def _ln(sh: Shell, arguments: list[str], io: Streams) -> int:
    letters, (target, name) = _split(arguments)
    try:
        sh.device.files.make_link(target, sh.path(name), force="f" in letters)
    except FileError as error:
        io.complain(f"ln: {name}: {error}")
        return 1
    return 0


async def _readlink(sh: Shell, arguments: list[str], io: Streams) -> int:
    target = sh.device.files.link_target(sh.path(_split(arguments)[1][0]))
    if target is None:
        return 1
    io.say(target)
    return 0


async def _mkdir(sh: Shell, arguments: list[str], io: Streams) -> int:
    letters, names = _split(arguments)
    for name in names:
        missing = [sh.path(name)]
        while "p" in letters and not sh.device.files.is_directory(posixpath.dirname(missing[-1])):
            missing.append(posixpath.dirname(missing[-1]))
        for path in reversed(missing):
            if "p" in letters and sh.device.files.is_directory(path):
                continue
            try:
                sh.device.files.make_directory(path)
            except FileError as error:
                io.complain(f"mkdir: can't create directory '{name}': {error}")
                return 1
    return 0


async def _chmod(sh: Shell, arguments: list[str], io: Streams) -> int:
    mode, *names = arguments
    if mode == "+x":
        mode = "755"
    if not _OCTAL.fullmatch(mode):
        io.complain(f"chmod: invalid mode '{mode}'")
        return 1
    for name in names:
        try:
            sh.device.files.chmod(sh.path(name), int(mode, 8))
        except FileError as error:
            io.complain(f"chmod: {name}: {error}")
            return 1
    return 0


async def _touch(sh: Shell, arguments: list[str], io: Streams) -> int:
    for name in _split(arguments)[1]:
        if sh.device.files.node(sh.path(name)) is None:
            try:
                sh.device.files.write(sh.path(name), "")
            except FileError:
                io.complain(f"touch: {name}: No such file or directory")
                return 1
    return 0


async def _ls(sh: Shell, arguments: list[str], io: Streams) -> int:
    _, names = _split(arguments)
    for name in names or [sh.directory]:
        path = sh.path(name)
        if sh.device.files.is_directory(path):
            io.out += [f"{entry}\n" for entry in sh.device.files.names(path)]
        elif sh.device.files.node(path) is not None or sh.device.files.link_target(path):
            io.say(name)
        else:
            io.complain(f"ls: {name}: No such file or directory")
            return 1
    return 0


async def _cmp(sh: Shell, arguments: list[str], io: Streams) -> int:
    letters, names = _split(arguments)
    texts, status = await _inputs(sh, names, io, "cmp")
    if status:
        return 2
    if texts[0] == texts[1]:
        return 0
    if "s" not in letters:
        same = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), 0)
        io.say(f"{names[0]} {names[1]} differ: char {same + 1}, line 1")
    return 1


async def _md5sum(sh: Shell, arguments: list[str], io: Streams) -> int:
    texts, status = await _inputs(sh, arguments, io, "md5sum")
    for name, text in zip(arguments or ["-"], texts, strict=False):
        io.say(f"{hashlib.md5(text.encode()).hexdigest()}  {name}")  # noqa: S324 - as the program does
    return status


def _basic_expression(pattern: str) -> str:
    """A basic regular expression as Python writes it."""
    swapped = re.sub(
        r"\\?[(){}|+?]", lambda m: m[0][1] if m[0][0] == "\\" else f"\\{m[0]}", pattern
    )
    return swapped.replace("[[:space:]]", r"\s").replace("[[:digit:]]", r"\d")


async def _grep(sh: Shell, arguments: list[str], io: Streams) -> int:
    letters, after = "", 0
    operands: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "-A":
            after = int(next(words))
        elif word.startswith("-") and len(word) > 1 and not operands:
            letters += word[1:]
        else:
            operands.append(word)
    if not operands:
        io.complain("BusyBox v1.36.1 multi-call binary.\n\nUsage: grep [-HhnlLoqvsrRiwFE] PATTERN")
        return 2
    source = operands[0] if "E" in letters else _basic_expression(operands[0])
    pattern = re.compile(re.escape(operands[0]) if "F" in letters else source,
                         re.IGNORECASE if "i" in letters else 0)  # fmt: skip
    texts, status = await _inputs(sh, operands[1:], io, "grep")
    lines = [line for text in texts for line in text.splitlines()]
    found = [i for i, line in enumerate(lines) if bool(pattern.search(line)) != ("v" in letters)]
    if "c" in letters:
        io.say(str(len(found)))
    elif "q" not in letters:
        wanted = sorted({i + n for i in found for n in range(after + 1) if i + n < len(lines)})
        io.out += [f"{lines[i]}\n" for i in wanted]
    return 0 if found else status or 1


async def _sed(sh: Shell, arguments: list[str], io: Streams) -> int:
    """`sed [-n] s/.../.../[gp] [FILE]`: nothing else is understood."""
    letters, operands = _split(arguments)
    script = re.fullmatch(r"s(.)(.*?)\1(.*?)\1([gp]*)", operands[0] if operands else "")
    if not script:
        io.complain(f"sed: unsupported command {operands[0][:1] if operands else ''}")
        return 1
    pattern, flags = re.compile(_basic_expression(script[2])), script[4]
    replacement = re.sub(r"(?<!\\)&", r"\\g<0>", script[3])
    texts, status = await _inputs(sh, operands[1:], io, "sed")
    for line in "".join(texts).splitlines():
        changed, count = pattern.subn(replacement, line, count=0 if "g" in flags else 1)
        if "n" not in letters or (count and "p" in flags):
            io.say(changed)
    return status


async def _head(sh: Shell, arguments: list[str], io: Streams) -> int:
    return await _lines_of(sh, arguments, io, "head")


async def _tail(sh: Shell, arguments: list[str], io: Streams) -> int:
    return await _lines_of(sh, arguments, io, "tail")


async def _lines_of(sh: Shell, arguments: list[str], io: Streams, program: str) -> int:
    operands = [a for a in arguments if not a.startswith("-")]
    count = 10
    for option in (a[1:] for a in arguments if a.startswith("-")):
        count = int(option.lstrip("n") or operands.pop(0))
    texts, status = await _inputs(sh, operands, io, program)
    lines = "".join(texts).splitlines(keepends=True)
    io.out += lines[:count] if program == "head" else lines[-count:]
    return status


async def _wc(sh: Shell, arguments: list[str], io: Streams) -> int:
    letters, names = _split(arguments)
    texts, status = await _inputs(sh, names, io, "wc")
    text = "".join(texts)
    counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
    shown = [str(counts[letter]) for letter in letters or "lwc"]
    io.say(" ".join([*shown, *names]))
    return status


PROGRAMS: dict[str, Program] = {
    "cat": _cat,
    "cp": _cp,
    "mv": _mv,
    "rm": _rm,
    "ln": _ln,
    "readlink": _readlink,
    "mkdir": _mkdir,
    "chmod": _chmod,
    "touch": _touch,
    "ls": _ls,
    "cmp": _cmp,
    "md5sum": _md5sum,
    "grep": _grep,
    "sed": _sed,
    "head": _head,
    "tail": _tail,
    "wc": _wc,
}
