"""Serial ports of the modem: pseudo-terminals under the names that the kernel would give."""

from __future__ import annotations

import fcntl
import os
import termios
import tty
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_READ = 4096


class SerialPort:
    """One port; what is written to it goes to `answer`, line by line.

    Args:
        name: of the device, as "ttyUSB0".
        answer: gives the lines that follow one command.
    """

    def __init__(self, name: str, answer: Callable[[str], str]) -> None:
        self._answer = answer
        self._typed = ""
        self.echo = False
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        device = Path("/dev") / name
        device.unlink(missing_ok=True)
        device.symlink_to(os.ttyname(self._slave))

    def share(self) -> None:
        """Let the port be opened again.

        ModemManager takes a port for itself (TIOCEXCL); on a pseudo-terminal that outlives its
        close, and it could never come back to it.
        """
        fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def readable(self) -> None:
        """Take what came and answer every line that is complete."""
        self._typed += os.read(self.master, _READ).decode(errors="replace")
        *lines, self._typed = self._typed.replace("\n", "\r").split("\r")
        for line in filter(None, lines):
            self.say(self._answer(line), line if self.echo else "")

    def say(self, text: str, echoed: str = "") -> None:
        """Write lines as a modem does: each between CR LF."""
        lines = "".join(f"\r\n{line}\r\n" for line in text.splitlines())
        os.write(self.master, f"{echoed}{lines}".encode())
