"""Settling what was left behind: deadlines over reboots, lost confirms, damaged journals."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from rekamatan.agent import unit_runs
from rekamatan.errors import RefusedError, RekamatanError
from rekamatan.models import PendingRollback, Rollback, SwitchState
from rekamatan.wan.deadline import before_the_modem, seconds_left
from rekamatan.wan.journal import JOURNAL, Journal
from rekamatan.wan.known_good import known_good
from rekamatan.wan.plan import MARGIN_S
from tests.unit.wan import simulation as sim
from tests.unit.wan.scenarios import good, wrong_apn

UNITS = Path(__file__).parents[3] / "roles" / "site_agent" / "templates"


def armed(world: sim.World, seconds: int = 245) -> Journal:
    journal = Journal(world.disk, world.clock)
    journal.record("w1", SwitchState.PLANNED, {})
    journal.record("w1", SwitchState.ARMED, {"arm_s": seconds})
    return journal


class TestDeadline:
    def test_it_runs_on_the_monotonic_clock_whatever_the_wall_clock_does(self) -> None:
        world = sim.World()
        journal = armed(world)
        world.advance(60)
        for days in (1, -2):
            world.wall_shift += sim.timedelta(days=days)
            left = seconds_left(journal.of_run("w1"), world.clock)
            assert left == pytest.approx(245 - MARGIN_S - 60, abs=1)

    def test_after_a_reboot_only_the_time_without_power_is_missing(self) -> None:
        world = sim.World()
        journal = armed(world)
        world.advance(50)
        journal.record("w1", SwitchState.APPLIED, {})
        world.strike_server()
        world.reboot_server()
        world.advance(30)
        left = seconds_left(Journal(world.disk, world.clock).of_run("w1"), world.clock)
        # 50 s before the cut, 5 s of boot and 30 s since; the 20 s in the dark are not known
        assert left == pytest.approx(245 - MARGIN_S - 50 - 35, abs=1)

    def test_it_ends_at_zero_and_begins_with_arming(self) -> None:
        world = sim.World()
        journal = armed(world)
        assert seconds_left(journal.of_run("w1")[:1], world.clock) == 0.0
        world.advance(10_000)
        assert seconds_left(journal.of_run("w1"), world.clock) == 0.0

    def test_the_modems_own_count_wins_when_it_is_shorter(self) -> None:
        assert before_the_modem(100.0, PendingRollback("w1", 90.0)) == 90.0 - MARGIN_S
        assert before_the_modem(100.0, PendingRollback("w1", 900.0)) == 100.0
        assert before_the_modem(100.0, PendingRollback("w1", None)) == 100.0
        assert before_the_modem(100.0, PendingRollback("w1", 3.0)) == 0.0


def interrupted(world: sim.World, fault: sim.Fault, point: str) -> None:
    """Let `fault` strike at the first `point` of this world's switch."""
    quiet = good(world.rollback)
    sim.attempt(quiet, sim.filed(quiet))
    world.fault, world.fault_at = fault, quiet.points.index(point) + 1


def test_second_gate_after_a_kill_ends_before_the_modem_acts() -> None:
    """The modem was armed long ago: the deadline is the first one, not a new one."""
    world = good(Rollback.DEVICE)
    interrupted(world, "kill", "modem.confirm")
    asked = sim.filed(world)
    with pytest.raises(sim.KilledError):
        sim.attempt(world, asked)
    assert world.modem.timer is not None
    world.advance(world.modem.timer[2] - world.now - MARGIN_S - 5.0)
    world.gate.slow_s = {
        "telkomsel": 30.0
    }  # would end after the server's, before the modem's deadline
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert world.violations == []


@pytest.mark.parametrize("step", [SwitchState.GATED, SwitchState.CONFIRMING])
def test_second_gate_that_a_full_disk_does_not_take_leads_back_at_once(step: SwitchState) -> None:
    world = good(Rollback.DEVICE)
    interrupted(world, "kill", "modem.confirm")
    asked = sim.filed(world)
    with pytest.raises(sim.KilledError):
        sim.attempt(world, asked)
    gates = len(world.gate.taken)
    secured, written = 1, ("gate", "gate.decided", "append", "appended", "synced")
    at = 1 if step is SwitchState.GATED else len(written)
    world.more = {len(world.points) + secured + at: "full"}
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert last.reason.startswith(f"journal: write {step}: ")
    assert (world.gate.taken[gates:], world.modem.timer) == (["telkomsel", "indosat"], None)


@pytest.mark.parametrize("server_too", [False, True])
def test_power_cut_within_a_second_of_the_confirm_is_told_truly(*, server_too: bool) -> None:
    """The modem's flash did not have the confirm yet: its timer is back, and the old profile."""
    world = good(Rollback.DEVICE)
    interrupted(world, "both" if server_too else "modem", "modem.confirmed")
    last = sim.live_through(world, sim.filed(world))
    sim.check_end(world, last)
    assert last is not None
    assert world.violations == []
    assert last.active == world.modem.profile


def test_commit_that_the_modem_lost_is_found_at_the_next_start() -> None:
    world = good(Rollback.DEVICE)
    asked = sim.filed(world)
    assert sim.attempt(world, asked).state is SwitchState.COMMITTED  # type: ignore[union-attr]
    world.modem.profile = "indosat"  # what flash had
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.run_id, last.state, last.active) == (
        *(asked.request.run_id, SwitchState.REVERTED),
        "indosat",
    )
    assert last.reason.startswith("undone_by_power_cut")
    assert known_good(world.disk, world.site).profile == "indosat"
    assert sim.attempt(world, asked) is None  # and that is the end of it


def test_silent_modem_is_refused_soon_when_somebody_waits() -> None:
    world = good(Rollback.DEVICE)
    sim.attempt(world, sim.filed(world))
    world.modem.silent_until = world.now + 10_000
    began = world.now
    last = sim.attempt(world, sim.filed(world, "w9", "indosat"))
    assert last is not None
    assert last.state is SwitchState.REFUSED
    assert "no answer" in last.reason
    assert world.now - began < 60


def test_commit_whose_timer_came_back_is_gated_and_confirmed_again() -> None:
    world = good(Rollback.DEVICE)
    asked = sim.filed(world)
    sim.attempt(world, asked)
    world.modem.timer = (asked.request.run_id, "indosat", world.now + 150.0)
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, world.modem.timer) == (SwitchState.COMMITTED, None)


def damage(world: sim.World, state: str) -> None:
    """Spoil the journal's entry about `state`, keeping its line complete."""
    content = world.disk.read(JOURNAL) or b""
    assert f'"state": "{state}"'.encode() in content
    world.disk.write(JOURNAL, content.replace(f'"state": "{state}"'.encode(), b'"state": "xxx"'))
    world.disk.sync(JOURNAL)


@pytest.mark.parametrize("kind", list(Rollback))
@pytest.mark.parametrize("state", ["armed", "applied", "preflight", "planned"])
def test_interrupted_run_with_an_unreadable_step_goes_back_to_what_was_known_good(
    state: str, kind: Rollback
) -> None:
    world = wrong_apn(kind)
    interrupted(world, "server", "modem.applied")
    asked = sim.filed(world)
    with pytest.raises(sim.KilledError):
        sim.attempt(world, asked)
    world.reboot_server()
    assert world.modem.profile == "telkomsel"
    damage(world, state)
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert last.reason.startswith("journal_damaged: line ")
    assert (world.modem.profile, world.modem.timer) == ("indosat", None)
    again = sim.attempt(world, sim.filed(world, "w9"))
    assert again is not None
    assert again.reason.startswith("journal_damaged")
    assert again.state is SwitchState.REFUSED


def test_unreadable_newest_step_of_an_unknown_run_keeps_the_confirmed_profile() -> None:
    world = good(Rollback.DEVICE)
    asked = sim.filed(world)
    sim.attempt(world, asked)
    Journal(world.disk, world.clock).record("w9", SwitchState.PLANNED, {})
    damage_end = (world.disk.read(JOURNAL) or b"")[:-30] + b"x" * 29 + b"\n"
    world.disk.write(JOURNAL, damage_end)
    last = sim.attempt(world, asked)
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "telkomsel")
    assert world.modem.acts == ["arm", "apply", "confirm"]  # nothing more was touched
    answer = world.disk.read(f"outcomes/{asked.request.run_id}.json") or b""
    assert b'"committed"' in answer  # the truth about the older run stays


class TestUnits:
    def test_whatever_gets_the_modems_password_waits_for_the_recovery(self) -> None:
        found = {path.name: _unit(path) for path in UNITS.glob("*.service.j2")}
        own = found.pop("rekamatan-recover.service.j2")
        assert own["Install"]["WantedBy"] == "multi-user.target"
        assert own["Service"]["Type"] == "oneshot"  # else nothing waits for its end
        for name, unit in found.items():
            if "LoadCredentialEncrypted" in unit["Service"]:
                assert "rekamatan-recover.service" in unit["Unit"]["After"].split(), name
                assert name.removesuffix(".j2") in own["Unit"]["Before"].split()

    def test_the_chosen_uplink_is_preferred_before_anything_measures_the_link(self) -> None:
        uplink = _unit(UNITS / "rekamatan-uplink.service.j2")
        before = uplink["Unit"]["Before"].split()
        assert {"rekamatan-recover.service", "rekamatan-wan.service"} <= set(before)
        assert uplink["Service"]["Type"] == "oneshot"

    def test_a_kill_and_an_unsettled_end_start_the_unit_again_and_an_error_does_not(self) -> None:
        wan, recover = (_unit(UNITS / f"rekamatan-{n}.service.j2") for n in ("wan", "recover"))
        assert wan["Service"]["Restart"] == "on-abnormal"
        assert "4" in wan["Service"]["RestartForceExitStatus"].split()
        assert recover["Service"]["Restart"] == "on-failure"
        assert recover["Service"]["RestartPreventExitStatus"] == "1 2 3"
        for unit in (wan, recover):
            assert unit["Unit"]["StartLimitIntervalSec"] == "0"

    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
    def test_systemd_takes_the_units(self, tmp_path: Path) -> None:
        sandbox = (UNITS / "sandbox.j2").read_text(encoding="utf-8")
        for path in UNITS.glob("*.service.j2"):
            text = path.read_text(encoding="utf-8").replace("{% include 'sandbox.j2' %}", sandbox)
            text = text.replace("/opt/rekamatan/venv/bin/rekamatan", "/bin/true")
            (tmp_path / path.name.removesuffix(".j2")).write_text(text, encoding="utf-8")
        argv = ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.glob("*.service"))]
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, env={"PATH": "/bin"}
        )
        ours = [line for line in done.stderr.splitlines() if "rekamatan" in line]
        assert (done.returncode, ours) == (0, [])

    def test_any_error_while_a_run_is_open_asks_for_another_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rekamatan.paths.WAN", tmp_path)

        def fail() -> int:
            raise RekamatanError("credential", "read", "the TPM does not answer")

        with pytest.raises(RekamatanError):
            unit_runs.exit_code(fail)
        journal = Journal(unit_runs.DirectoryDisk(tmp_path), unit_runs.SystemClock())
        journal.record("w1", SwitchState.ARMED, {})
        assert unit_runs.exit_code(fail) == 4
        assert unit_runs.exit_code(lambda: 0) == 4  # a run is still open
        journal.record("w1", SwitchState.REVERTED, {})
        assert unit_runs.exit_code(lambda: 0) == 0

        def busy() -> int:
            raise RefusedError("WAN switch", "start", "another run is active")

        with pytest.raises(RefusedError):
            unit_runs.exit_code(busy)


def _unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text(encoding="utf-8").replace("{% include 'sandbox.j2' %}", ""))
    return parser
