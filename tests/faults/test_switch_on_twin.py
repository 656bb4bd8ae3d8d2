"""The transaction with the real driver, over SSH, on a RouterOS 7 twin; only the gate is played."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lab.twins.harness import APNS, DEFAULTS, SIMS, RunningTwin
from rekamatan.clock import SystemClock
from rekamatan.models import (
    DataCentre,
    GateResult,
    Limits,
    ModemAccess,
    Probe,
    Sim,
    Site,
    SwitchOutcome,
    SwitchState,
    WanProfile,
)
from rekamatan.modems.registry import open_driver
from rekamatan.verify.gate import decide, only_demand_what_passed
from rekamatan.wan import switch
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
PASSWORD = DEFAULTS["users"]["rekamatan"]["password"]


class KilledError(BaseException):
    """The process is gone: nothing may catch it."""


class PlayedGate:
    """Passes when the twin's bearer is up and the profile's path is not cut."""

    def __init__(self, twin: RunningTwin) -> None:
        self._twin = twin
        self.cut: set[str] = set()
        self.before_check: Callable[[], None] = lambda: None

    def baseline(self, profile: WanProfile) -> GateResult:
        return self._measure(profile)

    def check(
        self, profile: WanProfile, baseline: GateResult | None, *, canary: bool, within_s: float
    ) -> GateResult:
        del baseline, canary, within_s
        self.before_check()
        return self._measure(profile)

    def check_restored(
        self, profile: WanProfile, baseline: GateResult | None, within_s: float
    ) -> GateResult:
        del within_s
        probes = only_demand_what_passed(self._measure(profile).probes, baseline)
        return decide(profile.name, probes, "", 0.0)

    def remember(self, result: GateResult) -> None:
        del result

    def _measure(self, profile: WanProfile) -> GateResult:
        up = self._twin.device.modem.bearer is not None and profile.name not in self.cut
        return decide(profile.name, (Probe("canary.receipt", ok=up),), "", 0.0)


class Quiet:
    def active_captures(self) -> int:
        return 0

    def free_bytes(self) -> int:
        return 10**9

    def start(self) -> None:
        pass

    def stop(self) -> float | None:
        return None


class Office:
    """A site on a twin: each `run` is a new process with a new session."""

    def __init__(self, root: Path, twin: RunningTwin) -> None:
        self.root = root
        self.twin = twin
        self.gate = PlayedGate(twin)
        self.apn = "internet"

    def site(self) -> Site:
        access = ModemAccess("routeros7", "127.0.0.1", self.twin.host_key, port=self.twin.port)
        centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
        profiles = {
            "indosat": self._profile("indosat", "indosatgprs", "up"),
            "telkomsel": self._profile("telkomsel", self.apn, "down"),
        }
        lan = "192.168.101.0/24"
        return Site("kubu", "14.07.01", "Kubu", lan, access, profiles, centre, "indosat")

    def run(self) -> SwitchOutcome | None:
        clock, quiet, site = SystemClock(), Quiet(), self.site()
        request = SwitchRequest("w20260301-000000-aaaa", "switch", "telkomsel", "470/12")
        filed = Filed(request, clock.boot_id(), clock.monotonic())
        disk = DirectoryDisk(self.root / "wan")
        with closing(open_driver(site.modem, PASSWORD, {})) as driver:
            ports = Ports(driver, self.gate, quiet, disk, clock, quiet)
            outcomes = carry_out(site, ports, filed)
        return outcomes[-1] if outcomes else None

    def active(self) -> tuple[str, str, bool]:
        """Profile, slot and whether a timer of ours is left, as the device has them."""
        return (
            self.twin.console(':put [/interface lte get [find name="lte1"] apn-profiles]'),
            self.twin.console(":put [/interface lte settings get sim-slot]"),
            self.twin.console(':put [:len [/system scheduler find on-event~"wanrb-"]]') != "0",
        )

    @staticmethod
    def _profile(name: str, apn: str, slot: str) -> WanProfile:
        card = SIMS[slot]
        sim = Sim(slot, str(card["iccid"]), str(card["imsi"]))
        plmns = (str(card["plmn"]),)
        return WanProfile(name, name, apn, plmns, sim, LIMITS, attach_timeout_s=6)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    twin = RunningTwin(tmp_path)
    twin.wait_attached()
    yield Office(tmp_path, twin)
    twin.close()


def ended(outcome: SwitchOutcome | None) -> tuple[SwitchState, str | None]:
    assert outcome is not None
    return outcome.state, outcome.active


def test_good_switch_and_the_second_one_changes_nothing(office: Office) -> None:
    assert ended(office.run()) == (SwitchState.COMMITTED, "telkomsel")
    assert office.active() == ("telkomsel", "down", False)
    assert office.twin.radio.attempts[-1] == (SIMS["down"]["imsi"], "internet")


def test_wrong_apn_comes_back(office: Office) -> None:
    office.apn = "intrenet"
    assert "intrenet" not in APNS["telkomsel"]
    outcome = office.run()
    assert ended(outcome) == (SwitchState.REVERTED, "indosat")
    assert outcome is not None
    assert "not_attached" in outcome.reason
    assert office.active() == ("indosat", "up", False)


def test_dead_path_comes_back(office: Office) -> None:
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == ("indosat", "up", False)


def test_killed_process_is_settled_by_the_next_one(office: Office) -> None:
    office.gate.before_check = _kill
    with pytest.raises(KilledError):
        office.run()
    assert office.active() == ("telkomsel", "down", True)
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == ("indosat", "up", False)


def test_modem_returns_alone_when_the_server_is_dead(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "arm_seconds", lambda _: 6)
    office.gate.before_check = _kill
    with pytest.raises(KilledError):
        office.run()
    office.twin.wait_for(
        lambda: office.active()[:2] == ("indosat", "up"), "the timer did not fire", within_s=20
    )
    office.twin.wait_attached()


def test_power_cut_of_the_modem_in_the_window_ends_on_the_old_link(office: Office) -> None:
    def power_cut() -> None:
        office.gate.before_check = lambda: None
        office.twin.wait_saved()
        office.twin.power_cut()
        office.twin.boot()
        office.twin.wait_for(lambda: office.active()[0] == "indosat", "the boot entry did not run")

    office.gate.before_check = power_cut
    office.gate.cut.add("telkomsel")
    assert ended(office.run()) == (SwitchState.REVERTED, "indosat")
    assert office.active() == ("indosat", "up", False)


def _kill() -> None:
    raise KilledError
