"""SSH front of a twin with a Unix shell: exec with status and separate error output, or a terminal.

The terminal behaves as BusyBox's line editor does for a program at the other end: it echoes, takes
return or newline, and drops what goes beyond its longest line with a bell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import asyncssh

from lab.twins.engine.ssh_server import HangUpError, HungError, SshFront, login_name
from lab.twins.openwrt.streams import Input

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.openwrt.device import Device

_INTERRUPT, _END = "\x03", "\x04"
_READ_SIZE = 4096
LONGEST_LINE = 511  # CONFIG_FEATURE_EDITING_MAX_LEN of OpenWrt's BusyBox is 512
BANNER = """

BusyBox v1.36.1 (2024-03-22 22:09:42 UTC) built-in shell (ash)

"""


class UnixFront(SshFront):
    """Listens and serves one router to any number of sessions."""

    def __init__(self, device: Device, host_key_file: Path) -> None:
        super().__init__(device, host_key_file)
        self._device = device

    async def _serve(self, process: asyncssh.SSHServerProcess[str]) -> None:
        username = login_name(str(process.get_extra_info("username")))
        try:
            if process.command is not None:
                status = await self._run(process)
            else:
                status = await _Terminal(self._device, username, process).run()
        except HangUpError:
            self.drop_sessions()
        except HungError:
            await process.channel.wait_closed()
        except (asyncssh.Error, OSError):
            pass  # the other side went away
        else:
            process.exit(status)

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
        while True:
            try:
                received = await self._process.stdin.read(_READ_SIZE)
            except asyncssh.TerminalSizeChanged:
                continue
            except asyncssh.BreakReceived:
                received = _INTERRUPT
            if not received:
                return 0
            for piece in re.findall(r"[^\r\n\x03\x04]+|.", received, re.DOTALL):
                if await self._take(piece):
                    return self._shell.status

    async def _take(self, piece: str) -> bool:
        """One piece of input; True when the session ends."""
        newline_of_return = piece == "\n" and self._after_return
        self._after_return = piece == "\r"
        if newline_of_return:
            return False
        if piece == _END:
            return not self._line
        if piece in "\r\n":
            return await self._enter()
        if piece == _INTERRUPT:
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
