"""One case from a settled office to a judged one."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.matrix import controller, harm
from lab.matrix.cases import FLAPPING, SERVER_DEAD, TARGET_FAULTS
from lab.matrix.journal import TERMINAL
from lab.matrix.judge import Evidence, judge
from lab.paths import ROOT

if TYPE_CHECKING:
    from lab.matrix.cases import Case
    from lab.matrix.hold import Held
    from lab.matrix.office import Office

# Bounds against hanging, not promises: what took how long stands in the result.
_CALM_S = 180.0
_REACH_POINT_S = 480.0  # a controller starts slowly on a busy machine
_GLANCE_S = 2.0
_END_S = 900.0
_LOOK_S = 4.0
_NOT_BEGUN_S = 45.0  # longer than a unit waits before it is started again
_LINK_S = 60.0
_RECORD_S = 90.0
_LAST_S = 4.0
_VERDICT_S = 20.0


@dataclass(slots=True)
class Result:
    """How one case ended; plain values, one JSON line."""

    case: str
    site: str
    old: str
    target: str
    run_id: str = ""
    reached: bool = False
    state: str = ""  # as the site tells it
    reason: str = ""
    bearer: str | None = None
    stranded: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    lost: int = 0
    outage_s: float | None = None
    revert_s: float | None = None  # from the fault to the verified old link
    modem_alone_s: float | None = None
    seconds: float = 0.0
    at: str = ""
    program: str = ""  # digest of the sites' program

    @property
    def sound(self) -> bool:
        """Whether the case was survived."""
        return self.reached and not (self.stranded or self.untrue or self.lost)


class Trial:
    """Runs cases at one office, one after the other.

    Args:
        office: where.
        order: number of the change order; the case's own number is added.
    """

    def __init__(self, office: Office, order: str) -> None:
        self._office = office
        self._order = order
        self._count = 0

    def run(self, case: Case) -> Result:
        """Do it. Raises `LabError` when the lab, not the product, is at fault."""
        self._count += 1
        began = time.monotonic()
        old = self._calm()
        order = f"{self._order}-{self._office.site.index}-{self._count}"
        scene = harm.Scene(case, self._office, old, self._office.other(old), order)
        result = Result(case.name, self._office.site.slug, old, scene.target)
        try:
            harm.prepare(scene)
            self._office.watch.aim(case)
            self._office.watch.attach()
            self._play(scene, result)
        finally:
            self._office.watch.detach()
            scene.end()
        result.seconds = round(time.monotonic() - began, 1)
        return result

    def _calm(self) -> str:
        """The office as a case may find it; the profile it is on. Raises `LabError`."""
        office = self._office
        office.mend()
        office.ready()

        profile: list[str | None] = [None]

        def settled() -> bool:
            lines = office.journal()
            open_run = bool(lines) and not lines[-1].ended
            profile[0] = office.bearer()
            return not open_run and office.link_works() and profile[0] is not None

        # Whoever was busy may have changed the bearer: looked at last, and again.
        office.until(settled, _CALM_S)
        calm = office.until(lambda: not office.busy() and settled(), _CALM_S)
        if not calm or profile[0] is None:
            hint = "rekamatan-lab status; it is left as it is"
            raise LabError(office.site.slug, "begin a case", "the office is not settled", hint)
        return profile[0]

    def _play(self, scene: harm.Scene, result: Result) -> None:
        office = self._office
        started = time.monotonic()
        result.run_id = self._start(scene)
        held = self._wait_for_point(result.run_id)
        result.reached = held is not None
        scene.pid = held.pid if held else 0
        result.run_id = result.run_id or office.filed_run()
        if held is not None:
            harm.inject(scene)
        fault_at = time.monotonic() if held is None else held.at
        office.watch.release()
        told_at = self._await_end(scene, result.run_id)
        if case_is_over(scene.case):
            scene.settle()
        self._measure(scene, result, started, fault_at, told_at)

    def _wait_for_point(self, run_id: str) -> Held | None:
        """The switch, held at the case's moment; None when it ended without coming there."""
        until = time.monotonic() + _REACH_POINT_S
        while time.monotonic() < until:
            # Asked first: a run that ends while it is held has come there.
            outcome = self._office.outcome(run_id) if run_id else None
            if held := self._office.watch.wait(_GLANCE_S):
                return held
            if outcome is not None and outcome.get("state") in TERMINAL:
                return None
        return None

    def _start(self, scene: harm.Scene) -> str:
        """The run id; empty when a controller started it."""
        if scene.case.fault != "controller-killed":
            return self._office.start_switch(scene.target, scene.order)
        scene.controller = start_controller(scene)
        return ""

    def _await_end(self, scene: harm.Scene, run_id: str) -> float:
        """Wait until the site has nothing more to do about the run; when it told the outcome."""
        office = self._office
        told: list[float] = []
        idle_since = [time.monotonic()]
        look_at = [0.0]

        def idle() -> bool:
            """Nothing to come at the site; looked at now and then, for it costs."""
            now = time.monotonic()
            if now >= look_at[0]:
                look_at[0] = now + _LOOK_S
                if scene.working or not office.powered() or office.busy():
                    idle_since[0] = now
            return now - idle_since[0] > _NOT_BEGUN_S

        def over() -> bool:
            outcome = office.outcome(run_id) if run_id else None
            if outcome is not None and outcome.get("state") in TERMINAL and not told:
                told.append(time.monotonic())
            lines = office.journal()
            ended = bool(told) and bool(lines) and lines[-1].ended
            # A machine that could not be started never comes back by itself: `end` tells why.
            return (
                bool(scene.failures)
                or idle()
                or (ended and not scene.working and not office.busy())
            )

        office.until(over, _END_S)
        return told[0] if told else time.monotonic()

    def _measure(
        self, scene: harm.Scene, result: Result, started: float, fault_at: float, told_at: float
    ) -> None:
        office = self._office
        ended = time.monotonic()
        works = office.until(office.link_works, _LINK_S)
        arrived = works and office.until(lambda: office.arrived_since(ended), _RECORD_S, every=2)
        office.until(lambda: office.records() == (0, 0), _RECORD_S, every=2)
        waiting, lost = office.records()
        evidence = Evidence(
            case=scene.case,
            old=scene.old,
            target=scene.target,
            run_id=result.run_id,
            promised=tuple(office.watch.promised.values()),
            journal=office.journal(),
            outcome=office.outcome(result.run_id) if result.run_id else None,
            bearer=office.bearer(),
            link_works=works,
            record_arrived=arrived,
            answered_at_last=office.pulse.share(told_at - _LAST_S, told_at),
            answered_before=office.pulse.share(told_at - _VERDICT_S, told_at),
            waiting=waiting,
            lost=lost,
            facts=scene.facts,
        )
        self._write_down(evidence, result)
        result.outage_s = office.pulse.gap(started, ended)
        if result.state == "reverted" and _tells_how_long(scene.case):
            result.revert_s = round(told_at - fault_at, 1)

    @staticmethod
    def _write_down(evidence: Evidence, result: Result) -> None:
        findings = judge(evidence)
        result.stranded, result.untrue = list(findings.stranded), list(findings.untrue)
        result.lost = findings.lost
        outcome = evidence.outcome or {}
        result.state = str(outcome.get("state", "not begun"))
        result.reason = str(outcome.get("reason", ""))[:400]
        result.bearer = evidence.bearer
        alone = evidence.facts.get("modem_alone_s")
        result.modem_alone_s = alone if isinstance(alone, float) else None


def case_is_over(case: Case) -> bool:
    """Whether the fault ends with the run, before the link is judged.

    A carrier that dies after the gate's verdict, or goes on flapping after the switch, is an
    outage of a carrier and not a failed switch.
    """
    return case.fault == FLAPPING or (case.fault in TARGET_FAULTS and case.after_the_verdict)


def _tells_how_long(case: Case) -> bool:
    """A dead server cannot verify; and what was reverted before the fault needed no time."""
    return case.fault != SERVER_DEAD and (case.moment, case.state) != ("after", "reverted")


def start_controller(scene: harm.Scene) -> subprocess.Popen[bytes]:
    """The operator's own command, in a session of its own so that it can be killed whole."""
    inputs = ("-e", f"wan_profile={scene.target}", "-e", f"change_order={scene.order}")
    return subprocess.Popen(
        controller.playbook("switch_wan", *inputs, "-l", scene.office.site.slug),
        cwd=ROOT,
        env=controller.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
