"""One session: its mode, its prompt, its pager, and what a line does in that mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.engine.ssh_server import INTERRUPT, HangUpError, HungError
from lab.twins.engine.terminal import LEAVE
from lab.twins.ios import config_mode, exec_mode
from lab.twins.ios.grammar import IosError, filtered

if TYPE_CHECKING:
    from lab.twins.engine.terminal import Terminal
    from lab.twins.ios.device import Device

_CONFIG_HOST = 20  # columns a prompt has in configuration mode; the host name is shortened to fit


class Session:
    """A user at a terminal; without a terminal one EXEC line at a time, as an applet does it.

    Args:
        device: whose session.
        username: empty for an applet, which may everything.
        terminal: where questions are asked; None answers them with Enter.
    """

    def __init__(self, device: Device, username: str, terminal: Terminal | None) -> None:
        self.device = device
        self.username = username
        self.terminal = terminal
        self.rows = 24
        self.mode = ""  # empty is EXEC; "config", "config-controller" ...
        self.section = ""  # the configuration line whose lines are being typed
        self.over = False

    @property
    def privilege(self) -> int:
        """What this user may do."""
        return self.device.privilege(self.username) if self.username else 15

    @property
    def prompt(self) -> str:
        """As IOS paints it."""
        host = self.device.hostname
        if self.mode:
            return f"{host[:_CONFIG_HOST]}({self.mode})#"
        return f"{host}{'#' if self.privilege > 1 else '>'}"

    async def run(self) -> None:
        """Serve until the user leaves."""
        if self.terminal is None:
            return
        self.terminal.write("\n" + self.prompt)
        kept = ""
        while not self.over:
            line = await self.terminal.line(kept=kept)
            kept = ""
            if line.endswith((LEAVE, INTERRUPT)):
                config_mode.leave(self)
            elif line.endswith("?"):
                kept = line[:-1]
                self._help(self.terminal, kept)
                continue
            else:
                await self._enter(line)
            if not self.over:
                self.terminal.write(self.prompt)

    def _help(self, terminal: Terminal, line: str) -> None:
        words = (config_mode if self.mode else exec_mode).grammar_of(self).next_words(line)
        terminal.write("".join(f"  {word}\n" for word in words) + f"\n{self.prompt}{line}")

    async def _enter(self, line: str) -> None:
        if not line.strip() or self.terminal is None:
            return
        text = await self.execute(line)
        if text:
            await self.terminal.page(text.rstrip("\n"), self.rows)

    async def execute(self, line: str) -> str:
        """Run one line in the present mode; what it prints.

        Raises `HangUpError`, `HungError` where a fault says so.
        """
        faults = self.device.faults.current()
        if faults.hangs(line):
            raise HungError
        text = faults.answer(line)
        if text is None:
            text = await self._run(line)
        if faults.hangs_up(line):
            raise HangUpError
        return text

    async def _run(self, line: str) -> str:
        command, _, pipe = line.partition(" | ")
        try:
            if self.mode and not command.strip().startswith("do "):
                return config_mode.run(self, command)
            command = command.strip().removeprefix("do ") if self.mode else command
            text = await exec_mode.run(self, command)
            return filtered(text, pipe) if pipe else text
        except IosError as error:
            return str(error)

    async def ask(self, question: str) -> str:
        """A question that one key answers; Enter without a terminal."""
        if self.terminal is None:
            return "\n"
        self.terminal.write(question)
        key = await self.terminal.key()
        self.terminal.write("\n")
        return key

    async def ask_line(self, question: str) -> str:
        """A question that a line answers."""
        if self.terminal is None:
            return ""
        self.terminal.write(question)
        return await self.terminal.line()
