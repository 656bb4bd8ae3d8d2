"""What the contract suite needs to know of a platform, and what it may do to its twin.

A platform joins by one file `platforms/<platform>.py` with a `BENCH`. Everything the suite asks for
is here; a test never names a command of a device.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from rekamatan.models import Limits, ModemAccess, Sim, WanProfile
from rekamatan.modems.ssh import SshSession
from tests.contract import platforms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from lab.twins.engine.faults import Faults
    from rekamatan.modems.base import ModemDriver

LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
APN_PASSWORD = "geheim$1"  # noqa: S105 - of the profile named `paid`; "$" must reach the device unharmed
WRONG_PASSWORD = "wrong-password"  # noqa: S105 - for the twin alone
HUNG_S = 2.0


class Situation(StrEnum):
    """The device as it is found. What goes wrong while it is used is in `Faults`."""

    NORMAL = "normal"  # both SIMs in, attached on `home`
    NO_SIM = "no SIM"
    PIN_LOCKED = "PIN locked"
    UNKNOWN_FIRMWARE = "unknown firmware"
    TIMER_FORBIDDEN = (
        "timer forbidden"  # the device refuses to run timers (device-mode, no archive)
    )
    RESTARTING = "restarting"  # the modem is away for long: as right after a SIM slot change


class Twin(Protocol):
    """A running device, seen past the driver."""

    @property
    def port(self) -> int:
        """Loopback port of its console or page."""
        ...

    @property
    def host_key(self) -> str:
        """The public host key as it is pinned; empty where the platform has none."""
        ...

    @property
    def attached(self) -> bool:
        """Whether a bearer carries traffic."""
        ...

    @property
    def gaps(self) -> int:
        """How often the site was without any bearer since it first had one."""
        ...

    def is_on(self, profile: WanProfile) -> bool:
        """Whether the device itself has this profile selected: APN, and SIM slot where it has."""
        ...

    def shown(self) -> str:
        """Its whole running configuration: two texts are equal when nothing was touched."""
        ...

    def apn_password(self, profile: WanProfile) -> str:
        """What the device would dial with; empty when it has none."""
        ...

    def wait_saved(self) -> None:
        """Wait until flash holds what the device itself saves without being told."""
        ...

    def power_cut(self) -> None:
        """Power off at once."""
        ...

    def boot(self) -> None:
        """Power on again, on the same port."""
        ...

    def advance(self, seconds: float) -> None:
        """Push the device's clock on; what falls due meanwhile happens."""
        ...

    def change_host_key(self) -> None:
        """Give it another host key and boot it."""
        ...

    def close(self) -> None:
        """End it."""
        ...


def typed(twin: Any, lines: tuple[str, ...]) -> None:  # noqa: ANN401 - the twin of any platform
    """At the device's own console; a line that is answered was refused."""
    for line in lines:
        answer = twin.console(line)
        assert not answer.strip() or line.startswith("uci add "), f"{line}: {answer}"


def hurry_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a hung console soon."""
    monkeypatch.setattr(SshSession, "answer_timeout_s", HUNG_S)


@dataclass(frozen=True)
class Restoring:
    """What somebody does by hand to a configuration that is then put back."""

    # before the backup is taken: what there is to be changed
    before: tuple[str, ...]
    # what is done afterwards, by name; a restore takes each of it back
    by_hand: Mapping[str, tuple[str, ...]]
    # what is done afterwards that a restore leaves to a person, and the name it gives to it
    by_person: Mapping[str, tuple[tuple[str, ...], str]]
    # each command that undoes the first of `by_hand`: after it the path may be gone
    sending: tuple[str, ...]
    # those of them that are seen when the device accepts them and does nothing
    noticed: tuple[str, ...]
    # what `before` holds that no backup shows: it is on the device after every restore
    secret: str
    # what a backup shows of an armed timer, or of the remains of one that fired: a pattern
    timer: str = "(?!)"
    # the device puts sections into an order of its own, which its twin does not know
    any_order: bool = False
    # types the lines at the device's own console, one after the other
    type_in: Callable[[Any, tuple[str, ...]], None] = typed

    def plain(self, text: str) -> str:
        """A backup without what an armed timer puts into it."""
        text = re.sub(self.timer, "", text)
        if not self.any_order:
            return text
        section, lines = "", []
        for line in text.splitlines():
            section = section if line.startswith(" ") else line
            lines.append(f"{section}: {line}")
        return "\n".join(sorted(lines))


@dataclass(frozen=True)
class Bench:
    """One platform. Patterns are regular expressions found in what the driver sends."""

    platform: str
    # boots a twin in this situation; its flash lives in the directory
    start: Callable[[Path, Situation, Faults], Twin]
    # the platform's driver with little patience, so that a refusal takes seconds
    connect: Callable[[ModemAccess, str, dict[str, str]], ModemDriver]
    password: str
    home: WanProfile  # active at first; no authentication
    away: WanProfile  # the other carrier, on the other SIM where there is one
    version: str  # of the twin's firmware, as `identify` gives it
    # a query of `read_state`, for a session that dies or hangs there
    reading: str
    # each command of `apply` that moves `home` to `away`: after it the path may be gone
    switching: tuple[str, ...]
    # command -> the device's own words when it refuses, given with exit status 0
    refusals: Mapping[str, str]
    # command -> the device's own words when it is busy
    busy: Mapping[str, str]
    paid: WanProfile | None = None  # needs `APN_PASSWORD`; None: no APN on this platform
    # parts of `arm` without any one of which there is no whole timer
    arming: tuple[str, ...] = ()
    # parts of `confirm` without which the timer stays
    confirming: tuple[str, ...] = ()
    timer_s: int = 60  # the shortest time the device can count
    interface: str = "lte1"
    restoring: Restoring | None = None  # None: a person sets what differs
    transport: str = "ssh"  # "http" has no host key
    # what this device cannot be or do, and why; such a test is skipped with this reason
    cannot: Mapping[str, str] = field(default_factory=dict)
    # the same platform with a modem that has SIM slots, where the one above has none
    slotted: Bench | None = None
    hurry: Callable[[pytest.MonkeyPatch], None] = hurry_ssh

    @property
    def with_slots(self) -> Bench:
        """The twin on which a move to another SIM is measured; itself where there is but one."""
        return self.slotted or self

    @property
    def has_slots(self) -> bool:
        """Whether its two profiles are on SIMs in different slots."""
        return "SIM" not in self.cannot and self.home.sim.slot != self.away.sim.slot

    def access(self, twin: Twin) -> ModemAccess:
        """How to reach the twin, with its present host key pinned."""
        return ModemAccess(
            platform=self.platform,
            host="127.0.0.1",
            host_key=twin.host_key,
            port=twin.port,
            interface=self.interface,
        )

    def driver(self, twin: Twin, password: str = "") -> ModemDriver:
        """The driver, not yet connected."""
        secrets = {"paid": APN_PASSWORD}
        return self.connect(self.access(twin), password or self.password, secrets)


def benches() -> dict[str, Bench]:
    """Platform -> its bench, of every file in `platforms/`."""
    found = {}
    for module in pkgutil.iter_modules(platforms.__path__):
        bench: Bench = importlib.import_module(f"{platforms.__name__}.{module.name}").BENCH
        found[bench.platform] = bench
    return dict(sorted(found.items()))


def profile(
    name: str, apn: str, sim: Mapping[str, object], slot: str, **more: object
) -> WanProfile:
    """A WAN profile whose SIM is this one, in this slot.

    Args:
        name: of profile and carrier.
        apn: as the carrier's network knows it.
        sim: `iccid`, `imsi` and `plmn`.
        slot: the platform's word for where it sits; empty where there is one place only.
        more: further fields of the profile.
    """
    card = Sim(slot=slot, iccid=str(sim["iccid"]), imsi=str(sim["imsi"]))
    plain = WanProfile(
        name=name, carrier=name, apn=apn, plmns=(str(sim["plmn"]),), sim=card, limits=LIMITS
    )
    return dataclasses.replace(plain, **more)  # type: ignore[arg-type]


def until(condition: Callable[[], bool], what: str, within_s: float = 20.0) -> None:
    """Wait for something to become true. Raises `AssertionError` naming what did not."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(0.02)


def settled(twin: Twin, profile: WanProfile) -> None:
    """Wait until the device is on this profile and its bearer is up."""
    until(lambda: twin.is_on(profile) and twin.attached, f"{profile.name} up")
