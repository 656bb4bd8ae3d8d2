"""What the transaction needs of the world, as protocols: nothing in `wan` reaches out by itself.

The real ones are put together in `rekamatan.agent.runtime`; the simulation brings its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rekamatan.wan.order_signature import OpensshSignatures
from rekamatan.wan.preflight import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rekamatan.clock import Clock
    from rekamatan.models import GateResult, WanProfile
    from rekamatan.modems.base import ModemDriver


class Disk(Protocol):
    """One directory, in the steps in which a power cut can take it apart.

    What was appended or written is durable only after `sync`; a name is durable only after
    `sync_directory`. Names may hold one sub-directory ("outcomes/x.json"). Failures are `OSError`.
    """

    def read(self, name: str) -> bytes | None:
        """Content, or None when there is no such file."""
        ...

    def append(self, name: str, data: bytes) -> None:
        """Add at the end; not durable yet."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Create or overwrite; not durable yet."""
        ...

    def sync(self, name: str) -> None:
        """Fsync the file's content."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Put `old` in the place of `new` at once; not durable yet."""
        ...

    def sync_directory(self, name: str) -> None:
        """Fsync the directory that holds `name`."""
        ...


def replace(disk: Disk, name: str, data: bytes) -> None:
    """Put new content under `name`: after a power cut there is the old or the new, never half."""
    scratch = f"{name}.new"
    disk.write(scratch, data)
    disk.sync(scratch)
    disk.rename(scratch, name)
    disk.sync_directory(name)


class Gate(Protocol):
    """Measures a link and decides. Never raises for a sick link: that is a verdict."""

    def baseline(self, profile: WanProfile) -> GateResult:
        """How the active link is before the change; a recent measurement is used again."""
        ...

    def check(
        self,
        profile: WanProfile,
        baseline: GateResult | None,
        *,
        canary: bool,
        within_s: float,
    ) -> GateResult:
        """Measure the active link, as `profile`, and decide within `within_s` seconds."""
        ...

    def check_beside(
        self, profile: WanProfile, baseline: GateResult | None, source: str, within_s: float
    ) -> GateResult:
        """Measure another bearer from our address `source`, while the active one carries on."""
        ...

    def check_restored(
        self, profile: WanProfile, baseline: GateResult | None, within_s: float
    ) -> GateResult:
        """After a rollback: demand only what passed in `baseline`."""
        ...

    def remember(self, result: GateResult) -> None:
        """Keep a passed gate as the profile's next baseline."""
        ...


class Interlocks(Protocol):
    """Reasons outside the modem not to switch now."""

    def active_captures(self) -> int:
        """Recordings being captured at this moment."""
        ...

    def free_bytes(self) -> int:
        """Room left where the journal is."""
        ...


class OutageWatch(Protocol):
    """Measures how long the data centre was out of reach."""

    def start(self) -> None:
        """Begin to probe."""
        ...

    def stop(self) -> float | None:
        """End; the longest gap in seconds, None when it could not be measured."""
        ...


class Signatures(Protocol):
    """Checks the signature of a change order."""

    def intact(self, body: bytes, signature: str) -> bool:
        """True when it is a sound signature over `body`, whoever made it."""
        ...

    def made_by(self, issuer: str, signers: Sequence[str], body: bytes, signature: str) -> bool:
        """True when the key that made it is listed for `issuer` in `signers`."""
        ...


class Outlet(Protocol):
    """A switched outlet that feeds the modem, and only the modem."""

    def cycle(self) -> None:
        """Off, and on again by itself. Raises `DeviceError`."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the transaction touches."""

    driver: ModemDriver
    gate: Gate
    interlocks: Interlocks
    disk: Disk
    clock: Clock
    outage: OutageWatch
    signatures: Signatures = field(default_factory=OpensshSignatures)
    outlet: Outlet | None = None
    surroundings: Callable[[], Surroundings] = Surroundings  # where nothing can be asked
