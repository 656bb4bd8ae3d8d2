"""Each invariant is broken on purpose, and the simulation must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekamatan.models import ChangePlan, Rollback, Site, SwitchOutcome, SwitchState
from rekamatan.wan import attach, beside, journal, ladder, recover, service, switch, wayback
from rekamatan.wan.run import Run
from tests.unit.wan import exploring, scenarios
from tests.unit.wan import simulation as sim
from tests.unit.wan.simulated_modem import DeviceModem, SimulatedModem

if TYPE_CHECKING:
    from rekamatan.wan.ports import Ports
    from rekamatan.wan.preflight import SecondPath

Patch = pytest.MonkeyPatch


def _arm_after_apply(patch: Patch) -> None:
    def change(self: switch.Switch, run: Run, prepared: switch.Prepared, *_: object) -> None:
        run.enter(SwitchState.APPLIED)
        self._ports.driver.apply(prepared.plan)
        self._ports.driver.arm(prepared.plan, 200)
        run.enter(SwitchState.ATTACHED)

    patch.setattr(switch.Switch, "_change", change)


def _confirm_without_gate(patch: Patch) -> None:
    patch.setattr(switch.Switch, "_gate", lambda *_: None)


def _stack_on_open_run(patch: Patch) -> None:
    patch.setattr(service, "settle", lambda *_: None)


def _journal_without_fsync(patch: Patch) -> None:
    def append(self: journal.Journal, line: bytes) -> None:
        self._disk.append(journal.JOURNAL, line)

    patch.setattr(journal.Journal, "_append", append)


def _server_outlasts_the_modem(patch: Patch) -> None:
    patch.setattr(switch, "server_seconds", lambda *_: 900)


def _unknown_reported_as_reverted(patch: Patch) -> None:
    def unsettled(self: Run, reason: str) -> SwitchOutcome:
        return self.finish(SwitchState.REVERTED, self.previous, reason)

    patch.setattr(Run, "unsettled", unsettled)


def _no_sim_interlock(patch: Patch) -> None:
    patch.setattr(attach, "sim_mismatches", lambda *_: ())


def _captures_ignored(patch: Patch) -> None:
    patch.setattr(switch.Switch, "_wait_for_captures", lambda _: 0)


def _recovery_confirms_without_looking(patch: Patch) -> None:
    patch.setattr(service, "settle", _blind_commit)


def _blind_commit(
    site: Site, ports: Ports, log: journal.Journal, *_: object
) -> SwitchOutcome | None:
    entries = log.unfinished()
    return Run.resume(site, ports, log, entries).commit("surely fine") if entries else None


def _timer_left_after_confirm(patch: Patch) -> None:
    patch.setattr(wayback, "live", lambda *_: False)
    patch.setattr(DeviceModem, "confirm", lambda *_: None)


def _confirm_believed_before_it_is_in_flash(patch: Patch) -> None:
    patch.setattr(wayback, "FLASH_S", 0.0)


def _torn_end_not_healed(patch: Patch) -> None:
    def append(self: journal.Journal, line: bytes) -> None:
        self._disk.append(journal.JOURNAL, line)
        self._disk.sync(journal.JOURNAL)
        self._disk.sync_directory(journal.JOURNAL)

    patch.setattr(journal.Journal, "_append", append)


def _ladder_not_climbed(patch: Patch) -> None:
    patch.setattr(ladder, "_rungs", lambda _: [])


def _ladder_without_the_timer(patch: Patch) -> None:
    patch.setattr(DeviceModem, "arm", _arm_only_the_first)


def _arm_only_the_first(self: DeviceModem, plan: ChangePlan, seconds: int) -> None:
    if plan.target == "telkomsel":
        SimulatedModem.arm(self, plan, seconds)


def _ladder_takes_the_first_without_a_gate(patch: Patch) -> None:
    patch.setattr(ladder, "_passes", lambda *_: True)


def _known_good_forgotten(patch: Patch) -> None:
    patch.setattr(Run, "_keep_known_good", lambda *_: "")


def _new_deadline_after_a_restart(patch: Patch) -> None:
    patch.setattr(Run, "seconds_left", lambda _: 900.0)
    patch.setattr(wayback, "before_the_modem", lambda left, _: left)


def _moved_untested(patch: Patch) -> None:
    patch.setattr(switch, "measure_beside", lambda *_: None)


def _unfit_is_only_told(patch: Patch) -> None:
    patch.setattr(switch, "measure_beside", lambda run, *_: _told_only(run))


def _told_only(run: Run) -> SecondPath | None:
    target = run.site.profiles[run.target]
    found = beside.measure_beside(run, target, run.ports.gate.baseline(target))
    return replace(found, fit=None) if found else None


def _way_beside_left_open(patch: Patch) -> None:
    patch.setattr(recover, "close_beside", lambda _: None)


def _slow_second_gate(kind: Rollback) -> sim.World:
    """A gate that takes long, so that one after a restart would outlast the modem's timer."""
    world = scenarios.good(kind)
    world.gate.slow_s = {"telkomsel": 90.0}
    return world


def _vsat_is_dead_too(kind: Rollback) -> sim.World:
    world = scenarios.three_ways(kind)
    world.links["vsat"].path = False
    return world


def _slow_gate(kind: Rollback) -> sim.World:
    world = scenarios.dead_path(kind)
    world.gate.slow_s = {"telkomsel": 400.0}
    return world


def _silent_modem(kind: Rollback) -> sim.World:
    world = scenarios.wrong_apn(kind)
    original = world.modem.apply

    def apply(plan: ChangePlan) -> None:
        original(plan)
        world.modem.silent_until = world.now + 5000.0

    world.modem.apply = apply  # type: ignore[method-assign]
    return world


def _capturing(kind: Rollback) -> sim.World:
    world = scenarios.good(kind)
    world.captures_until = world.now + 60.0
    return world


Build = Callable[[Rollback], sim.World]
BUGS: dict[str, tuple[Callable[[Patch], None], Build, Rollback, str]] = {
    "1 way back armed too late": (
        _arm_after_apply,
        scenarios.wrong_apn,
        Rollback.DEVICE,
        "no way back",
    ),
    "1 timer left behind": (
        _timer_left_after_confirm,
        scenarios.good,
        Rollback.DEVICE,
        "but indosat is active",
    ),
    "2 no gate": (_confirm_without_gate, scenarios.dead_path, Rollback.DEVICE, "no way back"),
    "2 blind recovery": (
        _recovery_confirms_without_looking,
        scenarios.wrong_apn,
        Rollback.SERVER,
        "without a link",
    ),
    "3 stacked": (_stack_on_open_run, scenarios.good, Rollback.DEVICE, "open run"),
    "5 no fsync": (_journal_without_fsync, scenarios.wrong_apn, Rollback.SERVER, "no way back"),
    "6 server later than modem": (
        _server_outlasts_the_modem,
        _slow_gate,
        Rollback.DEVICE,
        "timer fired while",
    ),
    "7 unknown as reverted": (
        _unknown_reported_as_reverted,
        _silent_modem,
        Rollback.SERVER,
        "but telkomsel is active",
    ),
    "8 foreign SIM": (_no_sim_interlock, scenarios.swapped_sim, Rollback.DEVICE, "not the planned"),
    "5 confirm not in flash yet": (
        _confirm_believed_before_it_is_in_flash,
        scenarios.good,
        Rollback.DEVICE,
        "reported committed but indosat",
    ),
    "5 torn end": (
        _torn_end_not_healed,
        scenarios.wrong_apn,
        Rollback.DEVICE,
        "journal is damaged",
    ),
    "5 known good": (
        _known_good_forgotten,
        scenarios.good,
        Rollback.DEVICE,
        "known good is indosat",
    ),
    "6 new deadline": (
        _new_deadline_after_a_restart,
        _slow_second_gate,
        Rollback.DEVICE,
        "timer fired while",
    ),
    "7 stranded too soon": (
        _ladder_not_climbed,
        scenarios.three_ways,
        Rollback.DEVICE,
        "stranded but vsat works",
    ),
    "1 ladder unarmed": (
        _ladder_without_the_timer,
        scenarios.three_ways,
        Rollback.DEVICE,
        "no way back",
    ),
    "2 ladder ungated": (
        _ladder_takes_the_first_without_a_gate,
        _vsat_is_dead_too,
        Rollback.DEVICE,
        "no way back",
    ),
    "made after the break": (
        _moved_untested,
        scenarios.two_bearers,
        Rollback.SERVER,
        "not fit beside",
    ),
    "moved though unfit": (
        _unfit_is_only_told,
        scenarios.unfit_beside,
        Rollback.SERVER,
        "not fit beside",
    ),
    "way beside forgotten": (
        _way_beside_left_open,
        scenarios.two_bearers,
        Rollback.DEVICE,
        "left open",
    ),
    "9 capture": (_captures_ignored, _capturing, Rollback.DEVICE, "while a recording"),
}


@pytest.mark.parametrize("bug", list(BUGS))
def test_planted_bug_is_found(bug: str, monkeypatch: Patch) -> None:
    plant, build, kind, symptom = BUGS[bug]
    plant(monkeypatch)
    _, found = exploring.explore(lambda: build(kind))
    assert any(symptom in problem for problem in found), found[:5]


@pytest.mark.parametrize("build", [_capturing, _slow_gate, _slow_second_gate, _vsat_is_dead_too])
def test_the_special_scenarios_are_clean_without_a_bug(build: Build) -> None:
    assert exploring.explore(lambda: build(Rollback.DEVICE))[1] == []
