"""Carrying out a plan on OpenWrt or RutOS: configuration, SIM slot, interface, each read back."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Protocol

from rekamatan.errors import ApplyError, DeviceError
from rekamatan.modems.openwrt_console import COMMIT
from rekamatan.modems.openwrt_parse import parse_interface
from rekamatan.modems.slot_mover import SETTLE_S, SlotMover

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan
    from rekamatan.modems.openwrt_console import Console
    from rekamatan.modems.openwrt_deadman import WayBack

_INTERFACE = re.compile(r"^if(up|down) (\w+)$")


class Slots(Protocol):
    """How a platform reads and chooses the SIM slot.

    Args:
        console: the way to the device.
        interface: of the modem that is meant, a section of `/etc/config/network`.
    """

    line: re.Pattern[str]  # a plan's slot command; group 1 is the slot

    def __init__(self, console: Console, interface: str) -> None: ...

    def read(self) -> str | None:
        """The active slot; None when the modem does not tell (it restarts)."""
        ...

    def choose(self, slot: str) -> None:
        """Ask once for the other slot. Raises `ApplyError` when refused."""
        ...

    def way_back(self, plan: ChangePlan, settle_s: int) -> WayBack:
        """What the timer does besides restoring the configuration."""
        ...


class Applier:
    """Makes a plan's commands true, surviving a lost session and a restarting modem.

    Args:
        console: the checked console.
        slots: the platform's SIM slots.
        clock: for deadlines.
        patience_s: how long one command may take to become true.
        settle_s: how long the old slot may still be told after the command.
    """

    def __init__(
        self,
        console: Console,
        slots: Slots,
        clock: Clock,
        patience_s: float,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._console = console
        self._slots = slots
        self._mover = SlotMover(console, slots, clock, patience_s, settle_s)

    def apply(self, commands: Iterable[str], secret: str = "") -> None:
        """Carry out the commands of a plan, in order.

        Raises:
            ApplyError: the device refused, or accepted and did not apply.
            DeviceUnreachableError: it did not come back in time.
        """
        commands = tuple(commands)
        lines = _settings(commands)
        if lines:
            self._configure(lines, secret)
        for command in commands:
            if command in lines or command == COMMIT:
                continue
            if match := self._slots.line.search(command):
                self._mover.move(match[1], command)
            elif interface := _INTERFACE.match(command):
                self._turn(interface[2], up=interface[1] == "up")
            else:
                raise ApplyError(self._console.subject, f"run {command}", "not a known step")

    def replace(self, commands: Iterable[str], before: str, after: str) -> None:
        """Carry out a plan between two whole configurations; see `Console.replace`.

        Raises: as `apply`; `DeviceError` when the configuration is neither of the two.
        """
        commands = tuple(commands)
        lines = _settings(commands)

        def replaced() -> bool:
            self._console.replace(lines, before, after)
            return True

        def told(command: str) -> bool:
            self._console.tell(command)
            return True

        self._console.wait(replaced, self._not_in_time("change the configuration"))
        for command in commands:
            if interface := _INTERFACE.match(command):
                self._turn(interface[2], up=interface[1] == "up")
            elif command not in lines and command != COMMIT:
                act = functools.partial(told, command)
                self._console.wait(act, self._not_in_time(f"run {command}"))

    def _configure(self, lines: list[str], secret: str) -> None:
        def done() -> bool:
            self._console.configure(lines, secret)
            return True

        self._console.wait(done, self._not_in_time("change the configuration"))

    def _not_in_time(self, action: str) -> _Problem:
        return _Problem(self._console.subject, action)

    def _turn(self, section: str, *, up: bool) -> None:
        """Stop or start the interface, and see netifd want it stopped or started."""
        command = f"{'ifup' if up else 'ifdown'} {section}"

        def turned() -> bool:
            self._console.tell(command)
            text = self._console.run(f"ubus call network.interface.{section} status").out
            return parse_interface(text).autostart in {up, None}

        self._console.wait(turned, self._not_in_time(f"run {command}"))


class _Problem:
    """The error for a step that did not become true in time."""

    def __init__(self, subject: str, action: str) -> None:
        self._subject = subject
        self._action = action

    def __call__(self) -> DeviceError:
        return ApplyError(self._subject, self._action, "accepted but not applied in time")


def _settings(commands: Iterable[str]) -> list[str]:
    return [c for c in commands if c.startswith("uci ") and c != COMMIT]


def slot_in(commands: Iterable[str], line: re.Pattern[str]) -> str:
    """The SIM slot that the commands of a plan select; empty when they select none."""
    return next((match[1] for command in commands if (match := line.search(command))), "")
