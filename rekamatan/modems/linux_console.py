"""Talking to a Linux gateway: as root, by sudo, or with an account that may only look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.modems.shell_console import PATIENCE_S, ShellConsole
from rekamatan.modems.templates import shell_quoted

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.modems.shell_session import Completed, ShellSession

ROOT = "root"


class Console(ShellConsole):
    """Queries and changes, each checked.

    Args:
        session: the way to the device.
        secrets: kept out of every text that leaves this object.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
        sudo: run every command by `sudo`, which must not ask for a password.
    """

    def __init__(
        self,
        session: ShellSession,
        secrets: tuple[str, ...],
        clock: Clock,
        patience_s: float = PATIENCE_S,
        *,
        sudo: bool,
    ) -> None:
        super().__init__(session, secrets, clock, patience_s)
        # nmcli translates what it says, sudo looks for tools where an account may not
        self._prefix = "sudo -n env LC_ALL=C sh -c " if sudo else "env LC_ALL=C sh -c "

    def run(self, command: str, stdin: str = "") -> Completed:
        """Run a command whose failing is an answer too."""
        return super().run(self._prefix + shell_quoted(command), stdin)
