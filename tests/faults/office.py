"""A switch at a site on a twin: real driver, journal on disk; gate and surroundings are played."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.models import DataCentre, GateResult, Probe, Site, SwitchOutcome
from rekamatan.modems.registry import open_driver
from rekamatan.verify.gate import decide, only_demand_what_passed
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rekamatan.models import ModemAccess, SwitchState, WanProfile
    from rekamatan.modems.base import ModemDriver


class KilledError(BaseException):
    """The process is gone: nothing may catch it."""


def kill() -> None:
    raise KilledError


class PlayedGate:
    """Passes when the bearer carries the profile and the profile's path is not cut."""

    def __init__(self, carries: Callable[[WanProfile], bool]) -> None:
        self._carries = carries
        self.cut: set[str] = set()
        self.before_check: Callable[[], None] = lambda: None
        self.before_beside: Callable[[], None] = lambda: None
        self.carries_from: Callable[[str], str] = lambda _: ""  # address -> whose bearer

    def baseline(self, profile: WanProfile) -> GateResult:
        return self._measure(profile)

    def check(
        self, profile: WanProfile, baseline: GateResult | None, *, canary: bool, within_s: float
    ) -> GateResult:
        del baseline, canary, within_s
        self.before_check()
        return self._measure(profile)

    def check_beside(
        self, profile: WanProfile, baseline: GateResult | None, source: str, within_s: float
    ) -> GateResult:
        del baseline, within_s
        self.before_beside()
        ok = self.carries_from(source) == profile.name
        return decide(profile.name, (Probe("ping.loss", ok=ok),), "", 0.0)

    def check_restored(
        self, profile: WanProfile, baseline: GateResult | None, within_s: float
    ) -> GateResult:
        del within_s
        probes = only_demand_what_passed(self._measure(profile).probes, baseline)
        return decide(profile.name, probes, "", 0.0)

    def remember(self, result: GateResult) -> None:
        del result

    def _measure(self, profile: WanProfile) -> GateResult:
        ok = self._carries(profile) and profile.name not in self.cut
        return decide(profile.name, (Probe("canary.receipt", ok=ok),), "", 0.0)


class Quiet:
    """Nobody records, the disk has room, no outage is measured."""

    def active_captures(self) -> int:
        return 0

    def free_bytes(self) -> int:
        return 10**9

    def start(self) -> None:
        pass

    def stop(self) -> float | None:
        return None


def site_of(access: ModemAccess, profiles: dict[str, WanProfile], initial: str) -> Site:
    """Kubu, with this modem and these profiles."""
    centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
    return Site("kubu", "14.07.01", "Kubu", "192.168.101.0/24", access, profiles, centre, initial)


def quiet_ports(root: Path, driver: ModemDriver, gate: PlayedGate) -> Ports:
    """The journal in `root`, the machine's own clock, and nothing in the way of a switch."""
    quiet = Quiet()
    return Ports(driver, gate, quiet, DirectoryDisk(root / "wan"), SystemClock(), quiet)


def carry_out_switch(site: Site, ports: Ports, to: str) -> SwitchOutcome | None:
    """Settle what is pending, and switch; always the same request, which is begun only once."""
    request = SwitchRequest("w20260301-000000-aaaa", "switch", to, "470/12")
    filed = Filed(request, ports.clock.boot_id(), ports.clock.monotonic())
    outcomes = carry_out(site, ports, filed)
    return outcomes[-1] if outcomes else None


def ended(outcome: SwitchOutcome | None) -> tuple[SwitchState, str | None]:
    assert outcome is not None
    return outcome.state, outcome.active


class Office:
    """A site on a twin: each `run` is a new process with a new session. Subclasses say of what."""

    password: str
    home: WanProfile
    away: WanProfile
    initial_profile = ""  # of the site; empty: `home`
    attach_timeout_s: ClassVar[int] = 6

    def __init__(self, root: Path, twin: Any) -> None:  # noqa: ANN401 - the twin of any platform
        self.root = root
        self.twin = twin
        self.gate = PlayedGate(self.carries)
        self.apn = self.away.apn

    def access(self) -> ModemAccess:
        """How the twin is reached now."""
        raise NotImplementedError

    def carries(self, profile: WanProfile) -> bool:
        """Whether the bearer that is up is this profile's, as far as it can be told apart."""
        del profile
        return bool(self.twin.attached)

    def site(self) -> Site:
        profiles = {
            profile.name: replace(profile, attach_timeout_s=self.attach_timeout_s)
            for profile in (self.home, replace(self.away, apn=self.apn))
        }
        return site_of(self.access(), profiles, self.initial_profile or self.home.name)

    def run(self) -> SwitchOutcome | None:
        site = self.site()
        with closing(open_driver(site.modem, self.password, {})) as driver:
            ports = quiet_ports(self.root, driver, self.gate)
            return carry_out_switch(site, ports, self.away.name)
