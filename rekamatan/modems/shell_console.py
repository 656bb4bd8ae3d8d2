"""Commands on a Unix shell, each checked by its exit status and by what it prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError
from rekamatan.modems.openwrt_parse import answers, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rekamatan.clock import Clock
    from rekamatan.modems.openwrt_parse import Answer
    from rekamatan.modems.shell_session import Completed, ShellSession

# A SIM slot change restarts the modem, which is away for 15-30 s; registering takes 8-60 s more.
PATIENCE_S = 90.0
_POLL_S = 0.5


class ShellConsole:
    """Queries and changes, each checked.

    Args:
        session: the way to the device.
        secrets: kept out of every text that leaves this object.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
    """

    def __init__(
        self,
        session: ShellSession,
        secrets: tuple[str, ...],
        clock: Clock,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock
        self._patience_s = patience_s
        self.subject = session.subject

    def run(self, command: str, stdin: str = "") -> Completed:
        """Run a command whose failing is an answer too."""
        return self._session.execute(command, stdin)

    def ask(self, command: str) -> str:
        """The answer to a query. Raises `DeviceError` when it failed."""
        done = self.run(command)
        if done.status:
            raise DeviceError(self.subject, f"run {command}", self._reason(done))
        return redact(done.out, self._secrets)

    def ask_all(self, commands: Iterable[tuple[str, str]]) -> dict[str, Answer]:
        """Answers to labelled queries, in one round trip. Raises `DeviceError` when one is lost."""
        labelled = list(commands)
        script = "; ".join(
            f'{command} 2>&1; s=$?; echo; echo "### {name} $s"' for name, command in labelled
        )
        found = answers(redact(self.run(script).out, self._secrets))
        for name, command in labelled:
            if name not in found:
                raise DeviceError(self.subject, f"run {command}", "the answer is not complete")
        return found

    def tell(self, command: str, stdin: str = "", *, expected: str = "") -> None:
        """Run a command that prints nothing, or only `expected` (a pattern).

        Raises:
            ApplyError: it failed, or printed something else, whatever its exit status.
        """
        done = self.run(command, stdin)
        printed = f"{done.out}\n{done.err}".strip()
        if done.status or (printed and not (expected and re.fullmatch(expected, printed))):
            raise ApplyError(self.subject, f"run {command}", self._reason(done))

    def _reason(self, done: Completed) -> str:
        lines = [line.strip() for line in f"{done.err}\n{done.out}".splitlines() if line.strip()]
        text = lines[0] if lines else f"exit status {done.status} without a word"
        return redact(text, self._secrets)

    def wait(self, condition: Callable[[], bool], problem: Callable[[], DeviceError]) -> None:
        """Poll until `condition`, over lost sessions, at most for the patience.

        Raises:
            DeviceError: `problem()`, or the lost session, when the time is over.
        """
        deadline = self._clock.monotonic() + self._patience_s
        while True:
            try:
                if condition():
                    return
                trouble = None
            except DeviceUnreachableError as error:
                trouble = error
            if self._clock.monotonic() >= deadline:
                raise trouble or problem()
            self._clock.sleep(_POLL_S)
