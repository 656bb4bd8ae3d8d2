"""The faults: what is arranged before a run, what happens at its moment, what is mended after."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab import engine
from lab.matrix import clock, radio
from lab.matrix.cases import SERVER_DEAD, TIMER_DISABLED, UNDISTURBED
from lab.shell import output

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from lab.matrix.cases import Case
    from lab.matrix.office import Office

CENTRE_AWAY_S = 60.0
FLAP_S = 4.0
SLOW_S = 45  # an LTE modem attaches in 8-60 s; the profiles allow 60
REBOOT_S = 8.0
DISK_FULL_S = 75.0
ALONE_S = 210.0  # a minute more than the modem's timer takes: 146 s on these links, at most
_DAY_S = 86_400


@dataclass(slots=True)
class Scene:
    """One case as it happens."""

    case: Case
    office: Office
    old: str
    target: str
    order: str
    pid: int = 0  # of the switch, once it is held
    controller: subprocess.Popen[bytes] | None = None
    mends: list[Callable[[], None]] = field(default_factory=list)
    workers: list[threading.Thread] = field(default_factory=list)
    awaited: list[threading.Thread] = field(default_factory=list)
    facts: dict[str, float | str | None] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    failures: list[Exception] = field(default_factory=list)  # of the lab, not of the product

    def meanwhile(self, work: Callable[[], None], *, endless: bool = False) -> None:
        """Do it while the switch goes on; joined at the end of the case.

        `endless`: it goes on until the case is over, so nobody waits for it before that.
        """

        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised again by `end`, in the case's own thread
                self.failures.append(error)

        worker = threading.Thread(target=guarded, daemon=True)
        self.workers.append(worker)
        if not endless:
            self.awaited.append(worker)
        worker.start()

    @property
    def working(self) -> bool:
        """Whether something of the fault is still to come."""
        return any(worker.is_alive() for worker in self.awaited)

    def dead_path(self, profile: str, *, dead: bool) -> None:
        """Data of that profile's carrier goes nowhere, or flows again."""
        radio.path_dead(self.office.site, self.office.carrier_of(profile), dead=dead)

    def settle(self) -> None:
        """Wait for what was begun, mend what is broken."""
        self.over.set()
        for worker in self.workers:
            worker.join()
        while self.mends:
            self.mends.pop()()

    def end(self) -> None:
        """Leave nothing behind. Raises what went wrong with the lab meanwhile."""
        if self.controller is not None:
            _kill_controller(self)
            self.controller.wait()
        self.settle()
        if self.failures:
            raise self.failures[0]


def prepare(scene: Scene) -> None:
    """What must be so before the switch begins."""
    if scene.case.turns_back:
        scene.dead_path(scene.target, dead=True)
        scene.mends.append(lambda: scene.dead_path(scene.target, dead=False))
    if scene.case.fault in PREPARE:
        PREPARE[scene.case.fault](scene)


def inject(scene: Scene) -> None:
    """The fault, now: the switch stands still."""
    INJECT[scene.case.fault](scene)


def _nothing(scene: Scene) -> None:
    del scene


def _kill_switch(scene: Scene) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(scene.pid, signal.SIGKILL)


def _cut(*parts: str) -> Callable[[Scene], None]:
    def cut(scene: Scene) -> None:
        nodes = [str(getattr(scene.office.site, part)) for part in parts]
        scene.office.cut_power(*nodes)
        scene.meanwhile(lambda: scene.office.power_on(*nodes))

    return cut


def _server_dead(scene: Scene) -> None:
    """Off, and on again only after the modem has come back alone, or has not."""
    office = scene.office
    began = time.monotonic()
    office.cut_power(office.site.server)

    def back() -> bool:
        return office.bearer() == scene.old and office.link_works()

    def watch() -> None:
        # The old bearer may still be up when the power goes: only what stays counts.
        alone = office.until(back, ALONE_S) and not scene.over.wait(10) and back()
        scene.facts["modem_alone_s"] = round(time.monotonic() - began, 1) if alone else None
        office.power_on(office.site.server)

    scene.meanwhile(watch)


def _reboot(scene: Scene) -> None:
    """In order: what was not yet saved is saved; its LAN is away for a while."""
    modem = scene.office.site.modem
    engine.inside(modem, "systemctl", "stop", "rekamatan-twin.service")
    engine.inside(modem, "ip", "link", "set", "bridge", "down")

    def boot() -> None:
        scene.over.wait(REBOOT_S)
        engine.inside(modem, "ip", "link", "set", "bridge", "up")
        engine.inside(modem, "systemctl", "start", "rekamatan-twin.service")

    scene.meanwhile(boot)


def _carrier_gone(scene: Scene) -> None:
    site, carrier = scene.office.site, scene.office.carrier_of(scene.target)
    radio.coverage(site, carrier, gone=True)
    scene.mends.append(lambda: radio.coverage(site, carrier, gone=False))


def _centre_away(scene: Scene) -> None:
    profiles = (scene.old, scene.target)
    for profile in profiles:
        scene.dead_path(profile, dead=True)

    def back() -> None:
        time.sleep(CENTRE_AWAY_S)  # the length of the fault, not a wait for something
        for profile in profiles:
            if profile == scene.old or not scene.case.turns_back:
                scene.dead_path(profile, dead=False)

    scene.meanwhile(back)


def _sim(word: str) -> Callable[[Scene], None]:
    def ordered(scene: Scene) -> None:
        site, carrier = scene.office.site, scene.office.carrier_of(scene.target)
        radio.order(site, carrier.slug, word)
        scene.mends.append(lambda: radio.obey_no_order(site))

    return ordered


def _flapping(scene: Scene) -> None:
    def flap() -> None:
        while not scene.over.wait(FLAP_S):
            scene.dead_path(scene.target, dead=True)
            scene.over.wait(FLAP_S)
            scene.dead_path(scene.target, dead=False)

    if not scene.case.turns_back:
        scene.meanwhile(flap, endless=True)


def _fill_disk(scene: Scene) -> None:
    """Every block; freed later, as by a technician, who then has the open run settled."""
    fill = scene.office.fill
    _fill(str(fill))

    def free() -> None:
        time.sleep(DISK_FULL_S)  # the length of the fault, not a wait for something
        fill.unlink(missing_ok=True)
        scene.office.console("systemctl", "start", "--no-block", "rekamatan-recover.service")

    scene.meanwhile(free)


def _fill(path: str) -> None:
    """To the last block, without writing what need not be written."""
    free = output(["df", "--output=avail", "--block-size=1", path.rpartition("/")[0]]).split()[-1]
    script = f"fallocate -l {free} {path}; dd if=/dev/zero bs=4096 >> {path} 2>/dev/null; true"
    output(["sh", "-c", script])


def _own_clock(scene: Scene) -> None:
    site = scene.office.site
    clock.give(site)
    scene.mends.append(lambda: clock.take_away(site))


def _jump(seconds: int) -> Callable[[Scene], None]:
    def jump(scene: Scene) -> None:
        clock.jump(scene.office.site, seconds)

    return jump


def _kill_controller(scene: Scene) -> None:
    if scene.controller is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(scene.controller.pid, signal.SIGKILL)


def _second_switch(scene: Scene) -> None:
    words = ("--profile", scene.old, "--change-order", f"{scene.order}-B", "--json")
    status, text = scene.office.console("rekamatan", "wan", "switch", *words)
    scene.facts["second_exit"] = status
    scene.facts["second_said"] = text[-200:]


def _dead_timer(scene: Scene) -> None:
    scene.office.set_timers(dead=True)
    scene.mends.append(scene.office.flash_faults)


PREPARE: dict[str, Callable[[Scene], None]] = {
    "clock-forward": _own_clock,
    "clock-back": _own_clock,
    TIMER_DISABLED: _dead_timer,
}
INJECT: dict[str, Callable[[Scene], None]] = {
    UNDISTURBED: _nothing,
    "kill-switch": _kill_switch,
    "power-cut-server": _cut("server"),
    "power-cut-modem": _cut("modem"),
    "power-cut-both": _cut("modem", "server"),
    "modem-reboot": _reboot,
    "carrier-gone": _carrier_gone,
    "dc-unreachable": _centre_away,
    "apn-refused": _sim("refused"),
    "sim-dead": _sim("dead"),
    "attach-slow": _sim(f"slow {SLOW_S}"),
    "gate-flapping": _flapping,
    "clock-forward": _jump(_DAY_S),
    "clock-back": _jump(-_DAY_S),
    "disk-full": _fill_disk,
    "controller-killed": _kill_controller,
    "second-switch": _second_switch,
    SERVER_DEAD: _server_dead,
    TIMER_DISABLED: _kill_switch,
}
