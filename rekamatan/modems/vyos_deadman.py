"""The dead man's timer on a VyOS router: commit-confirm, and a timer for the SIM slot.

`commit-confirm N` brings the settings back after N minutes: by a reload of the revision before it,
or, on older releases, by a reboot into the saved configuration. What is not saved before it is
confirmed does not survive a power cut either. The SIM slot is no setting: a transient systemd timer
selects the old one while the commit is unconfirmed, a line in the boot script after a power cut.

The commit that is confirmed or taken back has to be the change itself (a later plain commit would
become the revision that is reloaded). So arming commits only a mark, and applying replaces that
commit-confirm by one with the change; in between the old profile is active.

Source: vyos-1x, python/vyos/config_mgmt.py.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError
from rekamatan.models import PendingRollback
from rekamatan.modems.templates import command_lines
from rekamatan.modems.vyos_parse import PLATFORM, Mark, parse_mark, parse_span

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.vyos_console import Console

UNIT = "commit-confirm.timer"
BOOT_SCRIPT = "/config/scripts/vyos-postconfig-bootup.script"
_MINUTE_S = 60
_SLOT_EARLIER_S = 5  # the SIM first, while the commit still shows as unconfirmed
_STATUS = (
    f"systemctl show --no-pager {UNIT} --property=ActiveState --property=NextElapseUSecMonotonic"
)
_ACTIVE = re.compile(r"^ActiveState=(\S+)", re.MULTILINE)
_NEXT = re.compile(r"^NextElapseUSecMonotonic=(.+)$", re.MULTILINE)
_STOPPED = re.compile(r"(?:Reload|Reboot) timer stopped")


@dataclass(frozen=True, slots=True)
class ConfirmTimer:
    """The timer of commit-confirm; `next_s` counts from boot."""

    active: bool
    next_s: float | None


def parse_timer(text: str) -> ConfirmTimer | None:
    """Of `systemctl show`; None when it is no answer. Pure."""
    state, next_run = _ACTIVE.search(text), _NEXT.search(text)
    if state is None:
        return None
    return ConfirmTimer(state[1] == "active", parse_span(next_run[1]) if next_run else None)


def minutes_for(seconds: int) -> int:
    """commit-confirm counts minutes: never less than asked for."""
    return max(1, -(-seconds // _MINUTE_S))


class DeadMan:
    """Arms, reads and removes the timer."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._armed: tuple[str, int] | None = None  # run and minutes, as armed by this object

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put both timers and the boot line on the device; believed only after reading back.

        Raises:
            DeviceError: another run's timer is there, a reboot would not bring the present profile
                back, or a part does not read back.
        """
        minutes = minutes_for(seconds)
        self._disarm(plan.plan_id, *self._own(plan.plan_id))
        self._check_saved()
        slot = slot_of(plan.undo)
        try:
            self._arm_slot(plan.plan_id, slot, minutes)
            mark = dataclasses.replace(self._mark(), trial=plan.plan_id, was="")
            self._console.commit(
                [self._console.describe(str(mark))], command=f"commit-confirm {minutes}"
            )
            self._check_armed(plan.plan_id, slot)
        except DeviceError:
            self._remove_quietly(plan.plan_id)
            raise
        self._armed = (plan.plan_id, minutes)

    def commit(self, plan: ChangePlan, lines: tuple[str, ...], secret: str) -> None:
        """Commit a change: with commit-confirm where its timer was armed, else plainly."""
        timer = self._timer()
        mine = self._mark().trial == plan.plan_id and (timer.active or self._armed is not None)
        if not mine:
            plain = tuple(line.replace(f" trial:{plan.plan_id}", "") for line in lines)
            self._console.commit(plain, secret)
            return
        minutes = self._minutes(plan.plan_id, timer)
        if timer.active:
            self._stop()
        slot = slot_of(plan.undo)
        if slot:
            self._console.ask_any(f"sudo systemctl stop {_unit(plan.plan_id)}")
            self._start_slot_timer(plan.plan_id, slot, minutes)
        self._console.commit(lines, secret, command=f"commit-confirm {minutes}")
        if not self._timer().active:
            raise ApplyError(
                self._console.subject, f"run commit-confirm {minutes}", "its timer does not run"
            )

    def pending(self) -> PendingRollback | None:
        """The timer on the device; the remains of one that fired when none is live."""
        timer, mark = self._timer(), self._mark()
        if timer.active:
            return PendingRollback(mark.trial or "somebody else", self._remaining(timer))
        if mark.trial and not mark.was:
            return PendingRollback(mark.trial, None, fired=True)
        return None

    def confirm(self, plan_id: str) -> None:
        """Keep the change: stop the timer, mark the run, save, then the SIM's timers away.

        Raises `DeviceError` when the timer fired before, or the device restarted.
        """
        timer, mark = self._own(plan_id)
        if timer.active:
            self._stop()
        elif mark.run != plan_id and not (mark.trial == plan_id and mark.was):
            raise DeviceError(
                self._console.subject,
                f"confirm {plan_id}",
                "the timer on the modem fired before, or it restarted; the old profile is back",
                "read the modem's state and plan the switch again",
            )
        if mark.run != plan_id or mark.trial:
            kept = Mark(mark.profile, mark.slot, run=plan_id)
            self._console.commit([self._console.describe(str(kept))])
        if self._mark().run != plan_id:
            raise ApplyError(
                self._console.subject, f"confirm {plan_id}", "accepted but not applied"
            )
        self._console.save()
        self._remove_slot(plan_id)

    def settle(self, plan_id: str) -> None:
        """The old settings are committed again: stop the timer, tidy up; idempotent."""
        if self._timer().active:
            self._stop()
        mark = self._mark()
        if plan_id in {mark.trial, mark.run}:
            self._console.commit([self._console.describe(str(Mark(mark.profile, mark.slot)))])
        self._remove_slot(plan_id)
        if not self._console.is_saved():
            self._console.save()  # a confirmed change had been saved
        self._armed = None

    def _disarm(self, plan_id: str, timer: ConfirmTimer, mark: Mark) -> None:
        """This run's own timer, or the remains of one that fired: both go before a new one."""
        if timer.active:
            self._stop()
        if mark.trial:
            self._console.commit([self._console.describe(str(Mark(mark.profile, mark.slot)))])
        self._remove_slot(mark.trial or plan_id)

    def _stop(self) -> None:
        text = self._console.in_configuration("confirm")
        if not _STOPPED.search(text) or self._timer().active:
            reason = text.strip().splitlines()[:1] or ["accepted but not applied"]
            raise ApplyError(self._console.subject, "run confirm", reason[0])

    def _minutes(self, plan_id: str, timer: ConfirmTimer) -> int:
        if self._armed is not None and self._armed[0] == plan_id:
            return self._armed[1]
        return minutes_for(int(self._remaining(timer) or _MINUTE_S))

    def _arm_slot(self, plan_id: str, slot: str, minutes: int) -> None:
        if not slot:
            return
        (line,) = command_lines(PLATFORM, "hook", plan_id=plan_id, slot=slot)
        self._console.tell(f"printf '%s\\n' '{line}' | sudo tee -a {BOOT_SCRIPT} > /dev/null")
        self._start_slot_timer(plan_id, slot, minutes)

    def _start_slot_timer(self, plan_id: str, slot: str, minutes: int) -> None:
        seconds = minutes * _MINUTE_S - _SLOT_EARLIER_S
        for line in command_lines(
            PLATFORM, "slot_timer", plan_id=plan_id, slot=slot, seconds=seconds
        ):
            self._console.tell(line)

    def _check_armed(self, plan_id: str, slot: str) -> None:
        name = f"wanrb-{plan_id}"
        timer = self._timer()
        if not timer.active or self._mark().trial != plan_id:
            raise self._not_armed(name, "commit-confirm does not read back as sent")
        if not slot:
            return
        if self._slot_timer(plan_id) != "active":
            raise self._not_armed(name, "the timer of the SIM slot does not run")
        (line,) = command_lines(PLATFORM, "hook", plan_id=plan_id, slot=slot)
        if line not in self._boot_lines(plan_id):
            raise self._not_armed(name, "the boot script does not read back as sent")

    def _own(self, plan_id: str) -> tuple[ConfirmTimer, Mark]:
        """Timer and mark as they are. Raises `DeviceError` when another run's timer is live."""
        timer, mark = self._timer(), self._mark()
        if timer.active and mark.trial != plan_id:
            raise DeviceError(
                self._console.subject,
                f"arm {plan_id}",
                f"another run's timer is live: {mark.trial or 'somebody else'}",
                "settle that run first: rekamatan wan pending",
            )
        return timer, mark

    def _check_saved(self) -> None:
        """Over a power cut the saved configuration is the way back: it must be the present one."""
        if not self._console.is_saved():
            raise DeviceError(
                self._console.subject,
                "arm the timer",
                "the saved configuration is not the running one, so a power cut would not bring "
                "the present profile back",
                "run `configure`, `compare saved`, and `save` when it is the wanted one",
            )

    def _remove_slot(self, plan_id: str) -> None:
        """Timer and boot line of the SIM slot away, where they are."""
        if self._slot_timer(plan_id) == "active":
            self._console.tell(f"sudo systemctl stop {_unit(plan_id)}")
        if self._boot_lines(plan_id):
            self._console.tell(f"sudo sed -i '/# wanrb-{plan_id}$/d' {BOOT_SCRIPT}")
        if self._boot_lines(plan_id) or self._slot_timer(plan_id) == "active":
            raise ApplyError(
                self._console.subject, f"remove wanrb-{plan_id}", "it is still on the modem"
            )

    def _remove_quietly(self, plan_id: str) -> None:
        """Tidy up after a failed arming; the failure itself is what is reported."""
        try:
            self._disarm(plan_id, self._timer(), self._mark())
        except DeviceError:
            return

    def _timer(self) -> ConfirmTimer:
        text = self._console.ask(_STATUS)
        timer = parse_timer(text)
        if timer is None:
            raise DeviceError(self._console.subject, f"run {_STATUS}", "no answer about the timer")
        return timer

    def _slot_timer(self, plan_id: str) -> str:
        return self._console.ask_any(f"systemctl is-active {_unit(plan_id)}").strip()

    def _boot_lines(self, plan_id: str) -> list[str]:
        text = self._console.ask_any(f"grep '# wanrb-{plan_id}$' {BOOT_SCRIPT}")
        return [line for line in text.splitlines() if line.endswith(f"# wanrb-{plan_id}")]

    def _mark(self) -> Mark:
        return parse_mark(self._console.config().description)

    def _remaining(self, timer: ConfirmTimer) -> float | None:
        uptime = self._console.ask("cat /proc/uptime").split()
        if timer.next_s is None or not uptime:
            return None
        return max(0.0, timer.next_s - float(uptime[0]))

    def _not_armed(self, name: str, reason: str) -> DeviceError:
        return DeviceError(
            self._console.subject, f"arm {name}", reason, "nothing was changed on the modem"
        )


def slot_of(commands: tuple[str, ...]) -> str:
    """The SIM slot that a plan's commands select; empty when they select none. Pure."""
    found = [line.rpartition("=")[2] for line in commands if "--set-primary-sim-slot=" in line]
    return found[-1] if found else ""


def _unit(plan_id: str) -> str:
    return f"wanrb-{plan_id}.timer"
