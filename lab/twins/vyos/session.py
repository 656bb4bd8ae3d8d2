"""One session: operational mode, which is a shell, and configuration mode with its candidate."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lab.twins.engine.ssh_server import INTERRUPT, HangUpError, HungError
from lab.twins.engine.terminal import LEAVE
from lab.twins.vyos import shell
from lab.twins.vyos.settings import Settings, VyosError

if TYPE_CHECKING:
    from lab.twins.engine.terminal import Terminal
    from lab.twins.vyos.device import Device

_DEFAULT_MINUTES = 10
_PENDING = "Another confirm is pending"
_MODIFIED = (
    "Cannot exit: configuration modified.\n"
    "Use 'exit discard' to discard the changes and exit.\n[edit]"
)


class Session:
    """A user at a terminal; without a terminal one line at a time.

    Args:
        device: whose session.
        username: who.
        terminal: where questions are asked; None answers them with yes.
    """

    def __init__(self, device: Device, username: str, terminal: Terminal | None) -> None:
        self.device = device
        self.username = username
        self.terminal = terminal
        self.rows = 24
        self.candidate: Settings | None = None  # in configuration mode
        self.over = False
        self._boot = device.boots
        self._host = device.hostname  # the shell keeps the name it started with

    @property
    def prompt(self) -> str:
        """As VyOS paints it."""
        if self.candidate is not None:
            return f"{self.username}@{self._host}# "
        return f"{self.username}@{self._host}:~$ "

    async def run(self) -> None:
        """Serve until the user leaves."""
        if self.terminal is None:
            return
        switch = "\x1b[?2004h" * self.device.config.bracketed_paste
        self.terminal.write(f"Welcome to VyOS!\n{switch}{self.prompt}")
        while not self.over:
            line = await self.terminal.line()
            if not line.endswith((LEAVE, INTERRUPT, "?")) and line.strip():
                text = await self.execute(line)
                if text:
                    await self.terminal.page(text.rstrip("\n"), self.rows, ":")
            if not self.over:
                self.terminal.write(f"{switch}{self.prompt}")

    async def execute(self, line: str) -> str:
        """Run one line in the present mode; what it prints.

        Raises `HangUpError`, `HungError` where a fault says so, or the router rebooted.
        """
        if self._boot != self.device.boots:
            raise HangUpError
        faults = self.device.faults.current()
        if faults.hangs(line):
            raise HungError
        text = faults.answer(line)
        if text is None:
            text = await self._run(line.strip())
        if faults.hangs_up(line):
            raise HangUpError
        return text

    async def _run(self, line: str) -> str:
        try:
            if self.candidate is not None:
                return f"{await self._configure(line, self.candidate)}\n[edit]".lstrip("\n")
            return await self._operate(line)
        except VyosError as error:
            tail = "\n[edit]" if self.candidate is not None else ""
            return f"{error}{tail}"

    async def _operate(self, line: str) -> str:
        if line == "configure":
            if not self.device.may_configure(self.username):
                raise VyosError("\n  Invalid command: [configure]\n")
            self.candidate = self.device.active.copy()
            return "[edit]"
        if line in {"exit", "logout"}:
            self.over = True
            return ""
        return await shell.run(self, line)

    async def _configure(self, line: str, candidate: Settings) -> str:
        try:
            words = shlex.split(line)
        except ValueError:
            raise VyosError("\n  Invalid value\n") from None
        verb = words[0]
        if verb == "set":
            candidate.put(words[1:])
        elif verb == "delete":
            candidate.take(words[1:])
        elif verb in {"commit", "commit-confirm"}:
            return await self._commit(words, candidate)
        elif verb == "exit":
            return self._exit(words, candidate)
        elif verb in _VERBS:
            return _VERBS[verb](self, words, candidate)
        elif verb == "run":
            return await self._operate(line.partition(" ")[2])
        else:
            return await shell.run(self, line)
        return ""

    async def _commit(self, words: list[str], candidate: Settings) -> str:
        if words[0] == "commit":
            if candidate.lines == self.device.active.lines:
                return "No configuration changes to commit"
            self.device.commit(candidate)
            return ""
        if self.device.unconfirmed:
            return _PENDING
        minutes = int(words[1]) if len(words) > 1 else _DEFAULT_MINUTES
        action = self.device.config.revert
        what = f"{action}{' previous config' * (action == 'reload')}"
        question = (
            f"commit-confirm will automatically {what} in {minutes} minutes\n"
            "unless changes are confirmed.\n\nProceed ? [Y] "
        )
        if (await self.ask(question)).strip().lower() not in {"", "y", "yes"}:
            return "commit-confirm canceled"
        candidate.check()
        self.device.start_confirm(minutes)
        self.device.commit(candidate, unconfirmed=True)
        return f"Initialized commit-confirm; {minutes} minutes to confirm before {action}"

    def _exit(self, words: list[str], candidate: Settings) -> str:
        if len(words) == 1 and candidate.lines != self.device.active.lines:
            raise VyosError(_MODIFIED)
        self.candidate = None
        raise _LeftError("exit")

    async def ask(self, question: str) -> str:
        """A question that a line answers; yes without a terminal."""
        if self.terminal is None:
            return "y"
        self.terminal.write(question)
        return await self.terminal.line()


class _LeftError(VyosError):
    """Configuration mode was left: no `[edit]` follows."""


def _confirm(session: Session, words: list[str], candidate: Settings) -> str:
    del words, candidate
    if not session.device.unconfirmed:
        return "No confirm pending"
    session.device.confirm()
    return f"{session.device.config.revert.title()} timer stopped"


def _save(session: Session, words: list[str], candidate: Settings) -> str:
    del candidate
    if len(words) > 1:
        session.device.files[words[1]] = session.device.active.commands()
    else:
        session.device.save()
    target = words[1] if len(words) > 1 else "/config/config.boot"
    return f"Saving configuration to '{target}'...\nDone"


def _discard(session: Session, words: list[str], candidate: Settings) -> str:
    del words
    if candidate.lines == session.device.active.lines:
        return "No changes have been discarded"
    session.candidate = session.device.active.copy()
    return "Changes have been discarded"


def _compare(session: Session, words: list[str], candidate: Settings) -> str:
    which = "saved" if words[1:] == ["saved"] else "active"
    other = session.device.saved if which == "saved" else session.device.active
    same = f"No changes between working and {which} configurations.\n"
    return candidate.difference(other) or same


def _show(session: Session, words: list[str], candidate: Settings) -> str:
    del session
    prefix = " ".join(words[1:])
    lines = [line for line in candidate.commands().splitlines() if f"set {prefix}" in line]
    return (
        "\n".join(line.removeprefix("set ") for line in lines)
        or "Configuration under specified path is empty"
    )


_VERBS = {
    "confirm": _confirm,
    "save": _save,
    "discard": _discard,
    "compare": _compare,
    "show": _show,
}
