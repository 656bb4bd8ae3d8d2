"""The dead man's timer on a Linux gateway: a systemd timer, saved keyfiles, and a boot unit.

The timer's service takes the mark, restores the WAN connections as they were and connects the old
one; the boot unit covers a power cut, before NetworkManager reads a changed file. Renaming the mark
decides between firing and confirming: exactly one of them finds it. NetworkManager's own
checkpoints are not used: they end with the daemon and leave the change in place (measured on
1.42.4).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.modems.linux_plan import FOLDER, PLATFORM
from rekamatan.modems.marked_timer import PREFIX, MarkedTimer, owner_of
from rekamatan.modems.templates import script_text

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.linux_console import Console

DIRECTORY = "/var/lib/rekamatan-wan"
UNIT = "rekamatan-wan"
UNITS = "/etc/systemd/system"
PROOF = "/run/rekamatan-wan.awake"
_PLACES = {
    "directory": DIRECTORY,
    "folder": FOLDER,
    "units": UNITS,
    "unit": UNIT,
    "proof": PROOF,
}
_FILES = ("revert", "service", "timer", "boot")
_CHECKED = ("revert", "service", "boot")
_UP = re.compile(r"connection up uuid (\S+)$")
_SLOT = re.compile(r"--set-primary-sim-slot=(\d+)$")
SETTLE_S = 15  # between attempts to connect
_POLL_S = 2
_WAIT_S = 90


def files_of(plan: ChangePlan, seconds: int, settle_s: int = SETTLE_S) -> dict[str, str]:
    """Script and units by their label in `arm`; pure."""
    ups = [match[1] for command in plan.undo if (match := _UP.search(command))]
    slots = [match[1] for command in plan.undo if (match := _SLOT.search(command))]
    values = {
        "name": PREFIX + plan.plan_id,
        "uuid": ups[-1] if ups else "",
        "slot": slots[-1] if slots else "",
        "seconds": seconds,
        "settle_s": settle_s,
        "poll_s": _POLL_S,
        "wait_s": _WAIT_S,
        **_PLACES,
    }
    return {label: script_text(PLATFORM, label, **values) for label in _FILES}


class DeadMan(MarkedTimer):
    """Arms, reads and removes the timer."""

    device = "gateway"
    templates = PLATFORM
    places = _PLACES
    blank: ClassVar = {"plan_id": "", "deadline": "", "mark": ""}
    removable = ("pending", "firing")

    def __init__(self, console: Console, settle_s: int = SETTLE_S) -> None:
        super().__init__(console)
        self._settle_s = settle_s

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put files and mark there, start the clock, read it all back.

        Raises:
            NotSupportedError: the machine is not run by systemd.
            DeviceError: another run's timer is there, a timer does not wake up, or what was
                written does not read back.
        """
        self._check_able()
        self._check_no_other(plan.plan_id)
        self.clear(plan.plan_id)
        try:
            self._write(plan, seconds)
        except DeviceError:
            self._clear_quietly(plan.plan_id)
            raise

    def _write(self, plan: ChangePlan, seconds: int) -> None:
        files = files_of(plan, seconds, self._settle_s)
        steps = self._steps("arm")
        for label in _FILES:
            self._console.tell(steps[label], files[label])
        self._console.tell(steps["enable"])
        self._prove(steps["prove"], plan.plan_id)
        self._console.tell(steps["keep"])
        deadline = f"{self._uptime(self._state()) + seconds:.0f}"
        self._console.tell(self._steps("arm", plan_id=plan.plan_id, deadline=deadline)["mark"])
        self._console.tell(steps["start"])
        self._check(plan.plan_id, files, seconds)

    def _prove(self, command: str, plan_id: str) -> None:
        """See a timer wake up, before one is relied on."""
        self._console.tell(command)
        self._console.wait(
            lambda: self._console.run(f"test -e {PROOF}").status == 0,
            lambda: self._not_armed(plan_id, "a timer of this machine does not wake up"),
        )

    def _check(self, plan_id: str, files: dict[str, str], seconds: int) -> None:
        found = self._console.ask_all(self._steps("timer_check").items())
        for label in _CHECKED:
            if found[label].usable.strip() != files[label].strip():
                raise self._not_armed(plan_id, f"the {label} file does not read back as sent")
        if found["enabled"].usable.strip() != "enabled":
            raise self._not_armed(plan_id, "its boot unit is not enabled")
        if (loaded := found["loaded"].usable.strip()) != "loaded":
            raise self._not_armed(plan_id, f"its service is {loaded or 'not known'}")
        if found["kept"].status:
            raise self._not_armed(plan_id, "the saved connections are not the present ones")
        state = self._state()
        if owner_of(state, "pending") != plan_id:
            raise self._not_armed(plan_id, "the mark does not read back")
        if state["alive"].usable.strip() != "active":
            raise self._not_armed(plan_id, "the timer does not run")
        if not _due_at(found["due"].usable) <= self._uptime(state) + seconds:
            raise self._not_armed(plan_id, "the timer is not due in time")

    def _check_able(self) -> None:
        if self._console.run("test -d /run/systemd/system && command -v systemd-run").status:
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                "the machine is not run by systemd, whose timer brings the old profile back",
                "use a distribution with systemd on this gateway",
            )

    def _left_behind(self) -> bool:
        return self._console.run(f"ls {UNITS} | grep ^{UNIT}").status == 0


def _due_at(text: str) -> float:
    """Seconds since boot at which the timer fires, of `busctl`'s "t MICROSECONDS"."""
    words = text.split()
    micros = int(words[1]) if len(words) == 2 and words[1].isdigit() else 0  # noqa: PLR2004
    return micros / 1e6 if micros else math.inf
