"""One case from beginning to end, with a played office: order of the steps, and what is written."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lab.errors import LabError
from lab.matrix import harm, trial
from lab.matrix.cases import named
from lab.matrix.hold import Held
from lab.matrix.journal import Line
from lab.matrix.results import ResultsFile
from lab.matrix.schedule import Schedule
from lab.matrix.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.matrix.cases import Case

STEPS = ("planned", "preflight", "armed", "applied", "reverting", "reverted")
LINES = tuple(Line(n, "w1", state, f"hash-{n}") for n, state in enumerate(STEPS, start=1))
CASE = named("device/kill-switch/after-applied")


class PlayedWatch:
    def __init__(self, office: PlayedOffice) -> None:
        self._office = office
        self.promised: dict[int, Line] = {}
        self.reaches = True

    def aim(self, case: Case) -> None:
        self._office.said.append(f"aim {case.state}")

    def attach(self) -> None:
        self._office.said.append("attach")

    def detach(self) -> None:
        self._office.said.append("detach")

    def wait(self, seconds: float) -> Held | None:
        del seconds
        self.promised = {line.seq: line for line in LINES[:4]}
        return Held(4711, LINES[:4], 0.0) if self.reaches else None

    def release(self) -> None:
        self._office.said.append("release")
        self._office.lines = LINES


class PlayedOffice:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.lines: tuple[Line, ...] = ()
        self.site = SimpleNamespace(slug="kubu", index=1, platform="routeros7")
        self.watch = PlayedWatch(self)
        self.pulse = SimpleNamespace(share=lambda *_: 1.0, gap=lambda *_: 7.5)
        self.timers_dead = False
        self.works = True

    def mend(self) -> None:
        self.said.append("mend")

    def ready(self) -> None:
        self.said.append("ready")

    def start_switch(self, profile: str, order: str) -> str:
        self.said.append(f"start {profile} {order}")
        return "w1"

    def journal(self) -> tuple[Line, ...]:
        return self.lines

    def outcome(self, run_id: str) -> dict[str, Any] | None:
        told = {"state": "reverted", "active": "indosat", "reason": "interrupted"}
        return told if run_id == "w1" and self.lines == LINES else None

    def bearer(self) -> str:
        return "indosat"

    def other(self, profile: str) -> str:
        del profile
        return "telkomsel"

    def link_works(self) -> bool:
        return self.works

    def busy(self) -> bool:
        return False

    def powered(self) -> bool:
        return True

    def arrived_since(self, moment: float) -> bool:
        return moment > 0

    def records(self) -> tuple[int, int]:
        return 0, 0

    def until(self, holds: Callable[[], bool], seconds: float, every: float = 0.5) -> bool:
        del seconds, every
        return any(holds() for _ in range(3))


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> PlayedOffice:
    found = PlayedOffice()
    kill = lambda scene: found.said.append(f"kill {scene.pid}")  # noqa: E731
    monkeypatch.setitem(harm.INJECT, "kill-switch", kill)
    return found


def run(office: PlayedOffice, case: Case = CASE) -> trial.Result:
    return Trial(office, "470/900").run(case)  # type: ignore[arg-type]


def test_held_harmed_released_judged(office: PlayedOffice) -> None:
    result = run(office)
    assert result.sound, result
    assert (result.state, result.bearer, result.outage_s) == ("reverted", "indosat", 7.5)
    assert result.revert_s is not None
    steps = ["mend", "ready", "aim applied", "attach", "start telkomsel 470/900-1-1"]
    assert office.said == [*steps, "kill 4711", "release", "detach"]


def test_a_bearer_that_is_away_for_a_moment_is_waited_for(office: PlayedOffice) -> None:
    bearers = iter(["indosat", None, None, *["indosat"] * 9])
    office.bearer = lambda: next(bearers)  # type: ignore[assignment,method-assign,return-value]
    assert run(office).sound


def test_a_point_that_was_not_reached_is_no_run_and_nothing_is_harmed(
    office: PlayedOffice,
) -> None:
    office.watch.reaches = False
    office.lines = LINES  # it has ended: nobody waits any longer
    result = run(office)
    assert not result.reached
    assert not result.sound
    assert "kill 4711" not in office.said
    assert "release" in office.said


def test_an_office_without_a_link_is_stranded(office: PlayedOffice) -> None:
    office.pulse.share = lambda *_: 0.0
    works = iter([True, True, *[False] * 20])
    office.link_works = lambda: next(works)  # type: ignore[method-assign]
    result = run(office)
    assert result.stranded
    assert not result.sound


def test_what_goes_wrong_with_the_lab_is_not_held_against_the_product(
    office: PlayedOffice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(scene: harm.Scene) -> None:
        def work() -> None:
            raise LabError("podman", "start", "no answer")

        scene.meanwhile(work)

    monkeypatch.setitem(harm.INJECT, "kill-switch", fail)
    looks: list[bool] = []
    office.powered = lambda: False  # type: ignore[method-assign]
    office.until = lambda holds, *_, **__: next(  # type: ignore[method-assign]
        (True for _ in range(400) if looks.append(holds()) or looks[-1]), False
    )
    office.outcome = lambda _: None  # type: ignore[method-assign]
    with pytest.raises(LabError, match="no answer"):
        run(office)
    assert len(looks) < 100  # nobody waits for a machine that the lab could not start
    ground = SimpleNamespace(offices=[office], fit=lambda *_: None)
    file = ResultsFile(tmp_path / "results.jsonl", "x")
    schedule = Schedule(ground, file, "470/900", None)  # type: ignore[arg-type]
    schedule.work([CASE])
    assert (schedule.results, list(schedule.not_played)) == ([], [CASE.name])


def test_every_case_is_played_once_by_whoever_is_free(office: PlayedOffice, tmp_path: Path) -> None:
    ground = SimpleNamespace(offices=[office], fit=lambda *_: None)
    file = ResultsFile(tmp_path / "results.jsonl", "x")
    schedule = Schedule(ground, file, "470/900", None)  # type: ignore[arg-type]
    wanted = [CASE, named("server/kill-switch/after-applied")]
    schedule.work(wanted)
    assert [result.case for result in schedule.results] == [case.name for case in wanted]
    assert [result.case for result in file.read()] == [case.name for case in wanted]
    late = Schedule(ground, file, "470/900", until=0.0)  # type: ignore[arg-type]
    late.work(wanted)
    assert late.results == []


@pytest.mark.parametrize(("misses", "reached"), [(1, True), (9, False)])
def test_a_case_that_ended_before_its_moment_is_played_again(
    office: PlayedOffice, tmp_path: Path, misses: int, *, reached: bool
) -> None:
    aims: list[Case] = []

    def aim(case: Case) -> None:
        aims.append(case)
        office.watch.reaches = len(aims) > misses
        office.lines = LINES if len(aims) <= misses else ()  # ended: nobody waits any longer

    office.watch.aim = aim  # type: ignore[method-assign]
    ground = SimpleNamespace(offices=[office], fit=lambda *_: None)
    schedule = Schedule(ground, ResultsFile(tmp_path / "r", "x"), "470/900", None)  # type: ignore[arg-type]
    schedule.work([CASE])
    assert [result.reached for result in schedule.results] == [reached]
    assert schedule.not_played == {}
    assert len(aims) == (misses + 1 if reached else 3)


def test_a_modem_that_must_be_saved_does_not_stand_for_one_without_a_timer(
    office: PlayedOffice, tmp_path: Path
) -> None:
    office.site.platform = "ios"
    ground = SimpleNamespace(offices=[office], fit=lambda *_: None)
    schedule = Schedule(ground, ResultsFile(tmp_path / "r", "x"), "470/900", None)  # type: ignore[arg-type]
    unfit = named("server/kill-switch/after-applied")
    schedule.work([unfit, CASE])
    assert [result.case for result in schedule.results] == [CASE.name]
    assert list(schedule.not_played) == [unfit.name]


def test_a_fault_of_the_new_carrier_after_the_verdict_ends_before_the_link_is_judged() -> None:
    assert trial.case_is_over(named("device/carrier-gone/after-confirming"))
    assert not trial.case_is_over(named("device/carrier-gone/after-applied"))
    assert not trial.case_is_over(named("device/kill-switch/after-confirming"))
    assert trial.case_is_over(named("device/gate-flapping/after-applied"))


def test_nobody_waits_for_what_goes_on_until_the_case_is_over() -> None:
    scene = harm.Scene(CASE, None, "indosat", "telkomsel", "1")  # type: ignore[arg-type]
    scene.meanwhile(lambda: scene.over.wait(20) and None, endless=True)
    assert not scene.working
    scene.end()
    assert not any(worker.is_alive() for worker in scene.workers)


def test_a_scene_waits_for_what_it_began_and_mends_in_reverse() -> None:
    scene = harm.Scene(CASE, None, "indosat", "telkomsel", "1")  # type: ignore[arg-type]
    done: list[str] = []
    gate = threading.Event()
    scene.meanwhile(lambda: (scene.over.wait(20), gate.set(), done.append("worked"))[0])
    scene.mends += [lambda: done.append("first"), lambda: done.append("second")]
    assert scene.working
    scene.end()
    assert not scene.working
    assert done == ["worked", "second", "first"]
