"""The twin's ash: runs a tree against the router's files and programs.

A pipe runs its commands one after another, `A=1 command` keeps A, and background commands are
processes of the router that a power cut ends: enough for administrators and the dead man's timer.
"""

from __future__ import annotations

import asyncio
import fnmatch
import posixpath
from typing import TYPE_CHECKING

from lab.twins.openwrt.files import FileError
from lab.twins.openwrt.shell_syntax import (
    Background,
    Branch,
    Loop,
    Node,
    Pipe,
    Sequence,
    Simple,
    parse,
)
from lab.twins.openwrt.shell_words import ShellSyntaxError, Word
from lab.twins.openwrt.streams import Finished, Input, ShellExit, Streams

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lab.twins.openwrt.device import Device

    Program = Callable[["Shell", list[str], "Streams"], Awaitable[int]]

NOT_FOUND, NOT_EXECUTABLE, SYNTAX = 127, 126, 2
_BINARIES = ("/bin", "/sbin", "/usr/bin", "/usr/sbin")
_EXECUTABLE = 0o111


class Shell:
    """One shell process.

    Args:
        device: the router it runs on.
        name: `$0`, and what errors begin with.
        arguments: `$1` and following.
        detached: a background process: the fault `timers_dead` makes its `sleep` last for ever.
    """

    def __init__(
        self,
        device: Device,
        name: str = "ash",
        arguments: tuple[str, ...] = (),
        *,
        pid: int = 0,
        detached: bool = False,
    ) -> None:
        self.device = device
        self.name = name
        self.arguments = list(arguments)
        self.pid = pid or device.processes.next_pid()
        self.detached = detached
        self.variables: dict[str, str] = {"HOME": "/root", "PATH": ":".join(_BINARIES)}
        self.directory = "/root"
        self.status = 0

    def path(self, name: str) -> str:
        """A path as seen from the working directory."""
        return posixpath.join(self.directory, name)

    async def run_text(self, text: str, streams: Streams) -> int:
        """Run a script; its exit status."""
        try:
            return await self.run(parse(text), streams)
        except ShellSyntaxError as error:
            streams.complain(f"{self.name}: syntax error: {error}")
            return SYNTAX
        except ShellExit as leaving:
            return leaving.status

    async def line(self, text: str, stdin: Input | None = None) -> Finished:
        """Run a line as typed or as given to `ssh`, with what it printed."""
        streams = Streams(stdin or Input())
        status = await self.run_text(text, streams)
        return Finished(status, "".join(streams.out), "".join(streams.err))

    async def run(self, node: Node, streams: Streams) -> int:
        """Run a tree; its exit status."""
        match node:
            case Simple():
                self.status = await self._simple(node, streams)
            case Sequence():
                await self._sequence(node, streams)
            case Pipe():
                self.status = await self._pipe(node, streams)
            case Branch():
                self.status = await self._branch(node, streams)
            case Loop():
                await self._loop(node, streams)
            case Background():
                self.device.processes.start(
                    self.name, lambda pid: self._in_background(node.command, pid)
                )
                self.status = 0
        return self.status

    async def _in_background(self, command: Node, pid: int) -> None:
        child = Shell(self.device, self.name, tuple(self.arguments), pid=pid, detached=True)
        child.variables, child.directory = dict(self.variables), self.directory
        await child.run(command, Streams())

    async def _sequence(self, node: Sequence, streams: Streams) -> None:
        if not node.items:
            self.status = 0
        for operator, command in node.items:
            skipped = (operator == "&&" and self.status) or (operator == "||" and not self.status)
            if not skipped:
                await self.run(command, streams)

    async def _pipe(self, node: Pipe, streams: Streams) -> int:
        stdin = streams.stdin
        for command in node.commands[:-1]:
            inner = Streams(stdin, [], streams.err)
            await self.run(command, inner)
            stdin = Input("".join(inner.out))
        status = await self.run(node.commands[-1], Streams(stdin, streams.out, streams.err))
        return int(not status) if node.negated else status

    async def _branch(self, node: Branch, streams: Streams) -> int:
        for condition, body in node.arms:
            if condition is None or await self.run(condition, streams) == 0:
                return await self.run(body, streams)
        return 0

    async def _loop(self, node: Loop, streams: Streams) -> None:
        if node.condition is None:
            for word in [w for words in node.words for w in await self.expand(words, streams)]:
                self.variables[node.name] = word
                await self.run(node.body, streams)
            return
        last = 0
        while bool(await self.run(node.condition, streams)) == node.negated:
            last = await self.run(node.body, streams)
            await asyncio.sleep(0)
        self.status = last

    async def _simple(self, node: Simple, streams: Streams) -> int:
        words = [w for word in node.words for w in await self.expand(word, streams)]
        for name, value in node.assignments:
            self.variables[name] = " ".join(await self.expand(value, streams, split=False))
        inner = Streams(streams.stdin, streams.out, streams.err)
        try:
            targets = await self._redirect(node, inner)
        except FileError as error:
            streams.complain(f"{self.name}: can't {error}")
            return 1
        status = await self.execute(words, inner) if words else self._substituted(node)
        for path, chunks, append in targets:
            self._store(path, "".join(chunks), append=append)
        return status

    def _substituted(self, node: Simple) -> int:
        """Status of a command without a name: that of its command substitution, else 0."""
        words = [*node.words, *(value for _, value in node.assignments)]
        return self.status if any(p.kind == "command" for word in words for p in word) else 0

    async def _redirect(self, node: Simple, inner: Streams) -> list[tuple[str, list[str], bool]]:
        """Point the streams elsewhere; gives what to store afterwards."""
        targets: list[tuple[str, list[str], bool]] = []
        for operator, word in node.redirections:
            if operator == "2>&1":
                inner.err = inner.out
                continue
            if operator == ">&2":
                inner.out = inner.err
                continue
            path = self.path("".join(await self.expand(word, inner, split=False)))
            if operator == "<":
                inner.stdin = Input(self._opened(path))
                continue
            chunks: list[str] = []
            append = operator.endswith(">>")
            if not append:
                self._store(path, "", append=False)  # the file is emptied before the command runs
            targets.append((path, chunks, True))
            if operator.startswith("2"):
                inner.err = chunks
            else:
                inner.out = chunks
        return targets

    def _opened(self, path: str) -> str:
        try:
            return self.device.files.read(path)
        except FileError as error:
            raise FileError(f"open {path}: {str(error).lower()}") from None

    def _store(self, path: str, text: str, *, append: bool) -> None:
        files = self.device.files
        try:
            node = files.node(path)
            old = node.text if append and node is not None else ""
            files.write(path, old + text)
        except FileError as error:
            raise FileError(f"create {path}: {error}") from None

    async def expand(self, word: Word, streams: Streams, *, split: bool = True) -> list[str]:
        """The fields of a word: substitutions done, unquoted ones split, patterns matched."""
        fields, current, started = [], "", False
        for part in word:
            text = part.text if part.kind == "text" else await self._substitute(part, streams)
            if part.kind != "text" and not part.quoted and split:
                pieces = text.split()
                if text[:1].isspace() and started:
                    fields.append(current)
                    current, started = "", False
                for index, piece in enumerate(pieces):
                    if index:
                        fields.append(current)
                        current = ""
                    current, started = current + piece, True
                continue
            current, started = current + text, True
        if started:
            fields.append(current)
        unquoted = all(not part.quoted for part in word)
        return [f for field_ in fields for f in (self._matches(field_) if unquoted else [field_])]

    async def _substitute(self, part: object, streams: Streams) -> str:
        kind, text = getattr(part, "kind", ""), getattr(part, "text", "")
        if kind == "variable":
            return self._variable(text)
        inner = Streams(streams.stdin, [], streams.err)
        self.status = await self.run_text(text, inner)
        return "".join(inner.out).rstrip("\n")

    def _variable(self, name: str) -> str:
        if name.isdigit():
            position = int(name)
            inside = 0 < position <= len(self.arguments)
            return self.name if not position else self.arguments[position - 1] if inside else ""
        special = {
            "?": str(self.status),
            "#": str(len(self.arguments)),
            "$": str(self.pid),
            "@": " ".join(self.arguments),
            "*": " ".join(self.arguments),
        }
        return special.get(name, self.variables.get(name, ""))

    def _matches(self, word: str) -> list[str]:
        """Files matching a pattern; the pattern itself when there are none."""
        if not set(word) & set("*?["):
            return [word]
        directory, pattern = posixpath.split(word)
        names = fnmatch.filter(self.device.files.names(self.path(directory)), pattern)
        return [posixpath.join(directory, name) for name in names] or [word]

    async def execute(self, words: list[str], streams: Streams) -> int:
        """Run one command by its words, faults first."""
        line = " ".join(words)
        faults = self.device.faults.current()
        if faults.hangs(line):
            self.device.hang()
        answer = faults.answer(line)
        if answer is None:
            status = await self._program(words, streams)
        else:
            status = 0
            streams.out += [f"{answer}\n"] if answer else []
        if faults.hangs_up(line):
            self.device.hang_up()
        return status

    async def _program(self, words: list[str], streams: Streams) -> int:
        name = words[0]
        directory, _, base = name.rpartition("/")
        program = self.device.programs.get(base if directory in _BINARIES else name)
        if program is not None:
            try:
                return await program(self, words[1:], streams)
            except FileError as error:
                streams.complain(f"{name}: {error}")
                return 1
        if "/" in name:
            return await self._script(words, streams)
        streams.complain(f"{self.name}: {name}: not found")
        return NOT_FOUND

    async def _script(self, words: list[str], streams: Streams) -> int:
        node = self.device.files.node(self.path(words[0]))
        if node is None:
            streams.complain(f"{self.name}: {words[0]}: not found")
            return NOT_FOUND
        if node.directory or not node.mode & _EXECUTABLE:
            streams.complain(f"{self.name}: {words[0]}: Permission denied")
            return NOT_EXECUTABLE
        child = Shell(self.device, words[0], tuple(words[1:]), detached=self.detached)
        return await child.run_text(node.text, streams)
