"""A whole switch on real parts: driver over SSH, probes, records to a data centre, journal on disk.

Only the radio is played (the twin's), and the path behind it (a relay that can be slow).
"""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lab.twins.harness import DEFAULTS, SIMS, RunningTwin
from rekamatan.agent import reading, runtime, unit_runs
from rekamatan.clock import SystemClock
from rekamatan.models import (
    Endpoint,
    Limits,
    ModemAccess,
    Sim,
    Site,
    SwitchOutcome,
    SwitchState,
    Verdict,
    WanProfile,
)
from rekamatan.modems.registry import open_driver
from rekamatan.verify.outage import PingWatch
from rekamatan.verify.store import read_json
from rekamatan.wan import request
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.ports import Ports
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.records.conftest import (  # fixtures: a data centre with a real PostgreSQL
    authority,
    data_centre,
    make_site,
    postgres,
    tls_directory,
)
from tests.records.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import ChangePlan
    from rekamatan.modems.base import ModemDriver
    from tests.records.conftest import DataCentreService

__all__ = ["authority", "data_centre", "postgres"]
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(shutil.which("ping") is None, reason="apt install iputils-ping"),
]
LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
PASSWORD = DEFAULTS["users"]["rekamatan"]["password"]
FAST_BYTES_PER_S = 2_000_000  # both carriers when well; loopback itself varies too much
SLOW_BYTES_PER_S = 250_000  # 2 Mbit/s: above the floor, far below what the old link gave


class Office:
    """A recording server on loopback; `slow` names the profile whose path is slow."""

    def __init__(self, root: Path, twin: RunningTwin, centre: DataCentreService) -> None:
        self.root = root
        self.twin = twin
        self.relay = Relay(centre.port, FAST_BYTES_PER_S)
        self.slow = ""
        self.site = self._site(centre)

    def run(self, run_id: str) -> SwitchOutcome:
        clock = SystemClock()
        asked = SwitchRequest(run_id, "switch", "telkomsel", "470/12")
        filed = Filed(asked, clock.boot_id(), clock.monotonic())
        with closing(open_driver(self.site.modem, PASSWORD, {})) as driver:
            self._slow_down_with(driver)
            ports = Ports(
                driver=driver,
                gate=runtime.gate(self.site, driver),
                interlocks=Free(),
                disk=DirectoryDisk(self.root / "wan"),
                clock=clock,
                outage=PingWatch("127.0.0.1", clock),
            )
            return carry_out(self.site, ports, filed)[-1]

    def provision(self, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Paths, credentials and interlocks as on a provisioned site. Returns `paths.WAN`."""
        monkeypatch.setattr("rekamatan.paths.WAN", self.root / "wan")
        monkeypatch.setattr("rekamatan.paths.EVIDENCE", self.root / "evidence")
        monkeypatch.setattr(runtime, "SiteInterlocks", Free)
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(self.root / "credentials"))
        (self.root / "credentials").mkdir()
        for name, user in (("modem-switch", "rekamatan"), ("modem-read", "rekamatan-read")):
            content = json.dumps({"password": DEFAULTS["users"][user]["password"]})
            (self.root / "credentials" / name).write_text(content)
        return self.root / "wan"

    def active(self) -> str:
        return self.twin.console(':put [/interface lte get [find name="lte1"] apn-profiles]')

    def _slow_down_with(self, driver: ModemDriver) -> None:
        """The path changes with the profile, as it does behind a real modem."""
        apply, revert = driver.apply, driver.revert

        def applied(plan: ChangePlan) -> None:
            apply(plan)
            slow = self.slow == plan.target
            self.relay.bytes_per_s = SLOW_BYTES_PER_S if slow else FAST_BYTES_PER_S

        def reverted(plan: ChangePlan) -> None:
            revert(plan)
            self.relay.bytes_per_s = FAST_BYTES_PER_S

        driver.apply, driver.revert = applied, reverted  # type: ignore[method-assign]

    def _site(self, centre: DataCentreService) -> Site:
        plain = make_site(f"https://localhost:{self.relay.port}", centre.public_key)
        endpoint = Endpoint("ingest", "localhost", self.relay.port)
        return replace(
            plain,
            modem=ModemAccess("routeros7", "127.0.0.1", self.twin.host_key, port=self.twin.port),
            profiles={
                "indosat": _profile("indosat", "indosatgprs", "up"),
                "telkomsel": _profile("telkomsel", "internet", "down"),
            },
            data_centre=replace(plain.data_centre, endpoints=(endpoint,)),
            initial_profile="indosat",
            tunnel_interface="",
        )


class Free:
    def active_captures(self) -> int:
        return 0

    def free_bytes(self) -> int:
        return 10**9


def _profile(name: str, apn: str, slot: str) -> WanProfile:
    card = SIMS[slot]
    sim = Sim(slot, str(card["iccid"]), str(card["imsi"]))
    return WanProfile(name, name, apn, (str(card["plmn"]),), sim, LIMITS, attach_timeout_s=10)


@pytest.fixture
def office(
    tmp_path: Path, data_centre: DataCentreService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setattr("rekamatan.paths.VERIFY", tmp_path / "verify")
    monkeypatch.setattr("rekamatan.paths.TLS", tls_directory(tmp_path, data_centre.authority))
    twin = RunningTwin(tmp_path)
    twin.wait_attached()
    started = Office(tmp_path, twin, data_centre)
    yield started
    started.relay.close()
    twin.close()


def test_good_switch_is_proven_by_a_record_and_repeating_it_changes_nothing(
    office: Office,
) -> None:
    outcome = office.run("w1")
    assert (outcome.state, outcome.active, outcome.changed) == (
        SwitchState.COMMITTED,
        "telkomsel",
        True,
    ), outcome.reason
    assert outcome.gate is not None
    assert outcome.gate.verdict is Verdict.PASS
    assert {"registration", "route", "ping.loss", "tcp.ingest", "mtu", "canary.receipt"} <= {
        probe.name for probe in outcome.gate.probes if probe.ok
    }
    assert outcome.outage_s is not None
    assert office.active() == "telkomsel"
    again = office.run("w2")
    assert (again.state, again.changed) == (SwitchState.COMMITTED, False)


def test_units_answer_plan_verify_and_switch_with_their_own_credentials(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    wan = office.provision(monkeypatch)
    reading.plan(office.site, {"profile": "telkomsel", "order": "470/12", "id": "q1"})
    plan = read_json(office.root / "verify" / "plan.json")
    assert plan is not None
    assert (plan["id"], plan["active"], plan["empty"]) == ("q1", "indosat", False)
    assert plan["rollback"] == "device"
    assert plan["reasons"] == []
    gate = reading.verify(office.site, {"id": "q2"})
    assert (gate.profile, gate.verdict) == ("indosat", Verdict.PASS)
    run_id = request.submit("switch", "telkomsel", "470/12", root=wan, start=lambda: None)
    assert [outcome.run_id for outcome in unit_runs.run(office.site)] == [run_id]
    outcome = request.outcome(run_id, root=wan)
    assert outcome is not None
    assert outcome.state is SwitchState.COMMITTED
    assert outcome.baseline == gate  # an hour has not passed: no second canary for the old link
    assert unit_runs.run(office.site) == ()  # the unit started again begins nothing twice
    assert unit_runs.recover(office.site) == ()
    kinds = [json.loads(line) for line in (office.root / "evidence/chain.jsonl").open()]
    assert [str(kind).count("'kind': 'wan'") for kind in kinds] == [0, 1]


def test_carrier_that_is_up_but_much_slower_is_not_kept(office: Office) -> None:
    office.slow = "telkomsel"
    outcome = office.run("w1")
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, "indosat"), outcome.reason
    assert "canary.throughput" in outcome.reason
    assert office.active() == "indosat"
