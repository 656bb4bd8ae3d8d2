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
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from rekamatan.models import PendingRollback
from rekamatan.modems.linux_plan import FOLDER, PLATFORM
from rekamatan.modems.templates import labelled_commands, script_text

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.linux_console import Console
    from rekamatan.modems.openwrt_parse import Answer

PREFIX = "wanrb-"
DIRECTORY = "/var/lib/rekamatan-wan"
UNIT = "rekamatan-wan"
PROOF = "/run/rekamatan-wan.awake"
_PLACES = {
    "directory": DIRECTORY,
    "folder": FOLDER,
    "units": "/etc/systemd/system",
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


class DeadMan:
    """Arms, reads and removes the timer."""

    def __init__(self, console: Console, settle_s: int = SETTLE_S) -> None:
        self._console = console
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
        self._remove(plan.plan_id)
        try:
            self._write(plan, seconds)
        except DeviceError:
            self._remove_quietly(plan.plan_id)
            raise

    def _write(self, plan: ChangePlan, seconds: int) -> None:
        files = files_of(plan, seconds, self._settle_s)
        steps = _steps("arm")
        for label in _FILES:
            self._console.tell(steps[label], files[label])
        self._console.tell(steps["enable"])
        self._prove(steps["prove"], plan.plan_id)
        self._console.tell(steps["keep"])
        deadline = f"{self._uptime(self._state()) + seconds:.0f}"
        self._console.tell(_steps("arm", plan_id=plan.plan_id, deadline=deadline)["mark"])
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
        found = self._console.ask_all(_steps("timer_check").items())
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
        if _owner(state, "pending") != plan_id:
            raise self._not_armed(plan_id, "the mark does not read back")
        if state["alive"].usable.strip() != "active":
            raise self._not_armed(plan_id, "the timer does not run")
        if not _due_at(found["due"].usable) <= self._uptime(state) + seconds:
            raise self._not_armed(plan_id, "the timer is not due in time")

    def pending(self) -> PendingRollback | None:
        """The timer on the device; a live one before the remains of one that fired."""
        state = self._state()
        if owner := _owner(state, "pending"):
            deadline = float(state["pending"].text.split()[1])
            return PendingRollback(owner, max(0.0, deadline - self._uptime(state)))
        if owner := _owner(state, "firing") or _owner(state, "fired"):
            return PendingRollback(owner, None, fired=True)
        return None

    def confirm(self, plan_id: str) -> None:
        """Remove the timer. Raises `DeviceError` when it had fired: the change is undone then."""
        state = self._state()
        if _owner(state, "pending") == plan_id:
            # the timer may win here: the reading decides
            self._console.run(_steps("disarm", mark="pending")["mark"])
            state = self._state()
        if _owner(state, "pending") == plan_id:
            raise ApplyError(
                self._console.subject, f"confirm {plan_id}", "the timer is still on the gateway"
            )
        if plan_id in {_owner(state, "firing"), _owner(state, "fired")}:
            raise DeviceError(
                self._console.subject,
                f"confirm {plan_id}",
                "the timer on the gateway fired before; the old profile is back",
                "read the gateway's state and plan the switch again",
            )
        if not _owner(state, "pending") and not _owner(state, "firing"):
            self._clean(plan_id)

    def clear(self, plan_id: str) -> None:
        """Remove the timer, fired or not; another run's is left alone. Idempotent."""
        self._remove(plan_id)

    def _remove(self, plan_id: str) -> None:
        state = self._state()
        owners = {name: _owner(state, name) for name in ("pending", "firing")}
        if {owner for owner in owners.values() if owner} <= {plan_id}:
            for name in (name for name, owner in owners.items() if owner):
                self._console.run(_steps("disarm", mark=name)["mark"])
            self._clean(plan_id)

    def _clean(self, plan_id: str) -> None:
        """The clock, the files, the boot unit; seen to be gone."""
        steps = _steps("disarm")
        self._console.run(steps["stop"])
        self._console.tell(steps["clean"])
        state = self._state()
        left = self._console.run(f"ls /etc/systemd/system | grep ^{UNIT}").status == 0
        if left or any(_owner(state, name) for name in ("pending", "firing", "fired")):
            raise ApplyError(
                self._console.subject,
                f"remove {PREFIX}{plan_id}",
                "the timer is still on the gateway",
            )

    def _remove_quietly(self, plan_id: str) -> None:
        """Tidy up after a failed arming; the failure itself is what is reported."""
        try:
            self._remove(plan_id)
        except DeviceError:
            return

    def _check_able(self) -> None:
        if self._console.run("test -d /run/systemd/system && command -v systemd-run").status:
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                "the machine is not run by systemd, whose timer brings the old profile back",
                "use a distribution with systemd on this gateway",
            )

    def _check_no_other(self, plan_id: str) -> None:
        state = self._state()
        others = {_owner(state, name) for name in ("pending", "firing")} - {"", plan_id}
        if others:
            raise DeviceError(
                self._console.subject,
                f"arm {plan_id}",
                f"another run's timer is live: {', '.join(sorted(PREFIX + o for o in others))}",
                "settle that run first: rekamatan wan pending",
            )

    def _state(self) -> dict[str, Answer]:
        return self._console.ask_all(_steps("timer_state").items())

    def _uptime(self, state: dict[str, Answer]) -> float:
        words = state["uptime"].usable.split()
        if not words:
            raise DeviceError(self._console.subject, "read the timer", "/proc/uptime is empty")
        return float(words[0])

    def _not_armed(self, plan_id: str, reason: str) -> DeviceError:
        return DeviceError(
            self._console.subject,
            f"arm {PREFIX}{plan_id}",
            reason,
            "nothing was changed on the gateway",
        )


def _due_at(text: str) -> float:
    """Seconds since boot at which the timer fires, of `busctl`'s "t MICROSECONDS"."""
    words = text.split()
    micros = int(words[1]) if len(words) == 2 and words[1].isdigit() else 0  # noqa: PLR2004
    return micros / 1e6 if micros else math.inf


def _owner(state: dict[str, Answer], mark: str) -> str:
    """The plan whose mark it is; empty when there is no such mark."""
    words = state[mark].usable.split()
    return words[0] if len(words) == 2 else ""  # noqa: PLR2004 - plan and deadline


def _steps(template: str, **values: object) -> dict[str, str]:
    """Commands by label, also for `ask_all`."""
    blank = {"plan_id": "", "deadline": "", "mark": ""}
    return dict(labelled_commands(PLATFORM, template, **(blank | values), **_PLACES))
