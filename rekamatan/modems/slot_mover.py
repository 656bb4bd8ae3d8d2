"""Moving a modem to another SIM slot: read, decide, ask once, read back.

The modem restarts and may be away for half a minute; a toggle that is asked for twice would bring
the old SIM back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rekamatan.errors import ApplyError, DeviceUnreachableError

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.modems.shell_console import ShellConsole

# A modem may still tell the old slot for a moment after it took the command.
SETTLE_S = 15.0
_POLL_S = 0.5


class ReadsAndChooses(Protocol):
    """How a platform reads and chooses the SIM slot."""

    def read(self) -> str | None:
        """The active slot; None when the modem does not tell (it restarts)."""
        ...

    def choose(self, slot: str) -> None:
        """Ask once for the other slot. Raises `ApplyError` when refused."""
        ...


class SlotMover:
    """Makes a SIM slot the active one, surviving a lost session and a restarting modem.

    Args:
        console: the checked console.
        slots: the platform's SIM slots.
        clock: for deadlines.
        patience_s: how long it may take.
        settle_s: how long the old slot may still be told after the command.
    """

    def __init__(
        self,
        console: ShellConsole,
        slots: ReadsAndChooses,
        clock: Clock,
        patience_s: float,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._console = console
        self._slots = slots
        self._clock = clock
        self._patience_s = patience_s
        self._settle_s = min(settle_s, patience_s)

    def move(self, slot: str, command: str) -> None:
        """Read, decide, ask, read back; never asked again while an answer may still come."""
        deadline = self._clock.monotonic() + self._patience_s
        asked: float | None = None
        lost = False
        while True:
            try:
                now = self._slots.read()
                if now == slot:
                    return
                settled = asked is None or self._clock.monotonic() - asked >= self._settle_s
                if now is not None and settled:
                    if asked is not None and not lost:
                        raise self._unmoved(command, now)
                    asked, lost = self._clock.monotonic(), True  # until its answer is here
                    self._slots.choose(slot)
                    lost = False
            except DeviceUnreachableError:
                now = None
            if self._clock.monotonic() >= deadline:
                raise self._unmoved(command, now)
            self._clock.sleep(_POLL_S)

    def _unmoved(self, command: str, now: str | None) -> ApplyError:
        shown = f"the SIM slot is {now}" if now else "the modem did not come back"
        return ApplyError(
            self._console.subject, f"run {command}", f"accepted but not applied: {shown}"
        )
