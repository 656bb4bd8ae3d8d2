"""SSH front of a twin with a Unix shell: exec with status and separate error output, or a terminal.

The terminal behaves as BusyBox's line editor does for a program at the other end: it echoes, takes
return or newline, and drops what goes beyond its longest line with a bell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lab.twins.engine.ssh_server import END, INTERRUPT, SshFront, login_name, typed
from lab.twins.openwrt.streams import Input

if TYPE_CHECKING:
    from pathlib import Path

    import asyncssh

    from lab.twins.openwrt.device import Device

LONGEST_LINE = 511  # CONFIG_FEATURE_EDITING_MAX_LEN of OpenWrt's BusyBox is 512
BANNER = """

BusyBox v1.36.1 (2024-03-22 22:09:42 UTC) built-in shell (ash)

"""


class UnixFront(SshFront):
    """Listens and serves one router to any number of sessions."""

    def __init__(self, device: Device, host_key_file: Path) -> None:
        super().__init__(device, host_key_file)
        self._device = device

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> int:
        if process.command is not None:
            return await self._run(process)
        username = login_name(str(process.get_extra_info("username")))
        return await _Terminal(self._device, username, process).run()

    async def _run(self, process: asyncssh.SSHServerProcess[str]) -> int:
        done = await self._device.run(process.command or "", Input("", process.stdin.read))
        process.stdout.write(done.out)
        process.stderr.write(done.err)
        return done.status


class _Terminal:
    """One interactive session."""

    def __init__(self, device: Device, username: str, process: Any) -> None:  # noqa: ANN401 - asyncssh's generic process
        self._device = device
        self._username = username
        self._process = process
        self._shell = device.login_shell(interactive=True)
        self._line = ""
        self._after_return = False

    async def run(self) -> int:
        """Serve until the user leaves; the exit status."""
        self._write(BANNER)
        self._paint()
        while received := await typed(self._process):
            for piece in re.findall(r"[^\r\n\x03\x04]+|.", received, re.DOTALL):
                if await self._take(piece):
                    return self._shell.status
        return 0

    async def _take(self, piece: str) -> bool:
        """One piece of input; True when the session ends."""
        newline_of_return = piece == "\n" and self._after_return
        self._after_return = piece == "\r"
        if newline_of_return:
            return False
        if piece == END:
            return not self._line
        if piece in "\r\n":
            return await self._enter()
        if piece == INTERRUPT:
            self._line = ""
            self._write("^C\n")
            self._paint()
        else:
            room = LONGEST_LINE - len(self._line)
            self._line += piece[:room]
            self._write(piece[:room] + "\a" * (len(piece) > room))
        return False

    async def _enter(self) -> bool:
        line, self._line = self._line.strip(), ""
        self._write("\n")
        if line.split()[:1] in (["exit"], ["logout"]):
            return True
        if line:
            done = await self._shell.line(line)
            self._write(done.out + done.err)
        self._paint()
        return False

    def _paint(self) -> None:
        self._write(f"{self._device.prompt(self._username, self._shell.directory)} ")

    def _write(self, text: str) -> None:
        """Text with the line ends of a terminal."""
        self._process.stdout.write(text.replace("\n", "\r\n"))
