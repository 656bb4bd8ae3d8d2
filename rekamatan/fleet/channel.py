"""A command at a site over any session; a lost link is told apart from a bad answer."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rekamatan.errors import RekamatanError
from rekamatan.fleet import receiver
from rekamatan.fleet.follow import LinkLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SSH_LOST = 255  # ssh's own exit status when the session could not be opened or was lost
BOOTSTRAP = "import sys; exec(compile(sys.stdin.buffer.read({size}), 'receiver.py', 'exec'))"


@dataclass(frozen=True, slots=True)
class CommandChannel:
    """Runs commands through callables that the caller's transport provides.

    Args:
        site: for messages.
        execute: command line and standard input to a mapping with `rc`, `stdout`, `stderr`.
        drop: forget the session, so that the next command opens a new one.
        lost: what `execute` and `drop` raise when the link is gone.
    """

    site: str
    execute: Callable[[str, bytes], Mapping[str, Any]]
    drop: Callable[[], None]
    lost: type[Exception]

    def run(self, argv: list[str], payload: bytes = b"") -> str:
        """Standard output of a command that answers on standard output, whatever its exit status.

        Raises:
            LinkLostError: no answer came; whether the command ran is not known.
            RekamatanError: the command ended without an answer.
        """
        try:
            done = self.execute(shlex.join(argv), payload)
        except self.lost as error:
            raise LinkLostError(str(error)) from error
        if done["rc"] == SSH_LOST:
            raise LinkLostError(str(done["stderr"]).strip()[-200:])
        text = str(done["stdout"])
        if not text.strip():
            reason = str(done["stderr"]).strip()[-400:] or f"no answer, exit status {done['rc']}"
            raise RekamatanError(self.site, argv[0], reason)
        return text

    def reset(self) -> None:
        """Forget a session that may be waiting on a dead link."""
        try:
            self.drop()
        except self.lost:
            return  # there was none


@dataclass(frozen=True, slots=True)
class ReceiverChannel:
    """The receiver at a site: piped into its own python3, with the payload behind it."""

    commands: CommandChannel

    def call(self, arguments: list[str], payload: bytes = b"") -> str:
        """Run one verb of the receiver."""
        program = Path(receiver.__file__).read_bytes()
        code = BOOTSTRAP.format(size=len(program))
        return self.commands.run(["/usr/bin/python3", "-c", code, *arguments], program + payload)

    def reset(self) -> None:
        """See `CommandChannel.reset`."""
        self.commands.reset()
