"""The radio side of a modem: attaching a SIM to its carrier with an APN."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SimCard:
    """A SIM card in a slot and the carrier whose network it registers on."""

    iccid: str
    imsi: str
    carrier: str
    plmn: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """A bearer with an address, as the carrier gave it."""

    address: str
    dns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What the router's configuration makes of the LAN's packets when a bearer comes up."""

    masquerade: bool = True
    default_route: bool = True


@dataclass(frozen=True, slots=True)
class ModemTiming:
    """Seconds things take on the radio side.

    A real modem re-initialises for 15-30 s after a change of SIM slot and attaches in 8-60 s;
    the lab is faster so that a district fits in minutes.
    """

    attach_s: float = 2.0
    absent_s: float = 1.0  # after a change of SIM slot the modem is not there at all
    retry_s: float = 5.0


class AttachRefusedError(Exception):
    """The carrier refused the bearer; carries its cause (219: unknown APN)."""

    def __init__(self, cause: int | None, detail: str = "") -> None:
        self.cause = cause
        super().__init__(f"cause {cause}: {detail}" if detail else f"cause {cause}")


class Radio(Protocol):
    """Attach, notice loss, detach. One bearer at a time."""

    async def attach(self, sim: SimCard, apn: str) -> Bearer:
        """Attach and bring up address and default route. Raises `AttachRefusedError`."""
        ...

    async def wait_lost(self) -> None:
        """Return when the bearer is gone."""
        ...

    async def detach(self) -> None:
        """Drop the bearer at once, as a modem that restarts does; idempotent."""
        ...


@dataclass
class MemoryRadio:
    """A radio without a network, for tests without root.

    Args:
        apns: carrier -> APNs it knows; others are refused with cause 219.
    """

    apns: dict[str, set[str]]
    attached: Bearer | None = None
    attempts: list[tuple[str, str]] = field(default_factory=list)  # (imsi, apn)
    _lost: asyncio.Event = field(default_factory=asyncio.Event)

    async def attach(self, sim: SimCard, apn: str) -> Bearer:
        """Attach when the carrier knows the APN; addresses count up as with a real core."""
        self.attempts.append((sim.imsi, apn))
        if apn not in self.apns.get(sim.carrier, set()):
            raise AttachRefusedError(219, "missing or unknown APN")
        self._lost = asyncio.Event()
        self.attached = Bearer(f"10.64.0.{1 + len(self.attempts)}", ("198.51.100.10",))
        return self.attached

    async def wait_lost(self) -> None:
        """Return when `lose` was called."""
        await self._lost.wait()

    async def detach(self) -> None:
        """Forget the bearer."""
        self.attached = None
        self._lost.set()

    def lose(self) -> None:
        """The network drops the bearer."""
        self.attached = None
        self._lost.set()
