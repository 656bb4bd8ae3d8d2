"""The dead man's timer on a RouterOS router: a script and two scheduler entries.

The interval entry fires when nobody confirmed in time. The startup entry covers a power cut:
RouterOS does not run an interval entry at boot. All three are configuration, so they survive.

How much time is left is told by the router's uptime, not by its clock: these boxes have no battery
behind it, and NTP may move it by years the moment the new carrier is attached.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from rekamatan.models import PendingRollback
from rekamatan.modems.routeros_checks import checks_of
from rekamatan.modems.routeros_parse import first, parse_monitor, parse_print
from rekamatan.modems.routeros_plan import FAMILY
from rekamatan.modems.routeros_text import error_in
from rekamatan.modems.routeros_values import parse_duration, truth
from rekamatan.modems.templates import command_lines, quoted

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.routeros_console import Console
    from rekamatan.modems.routeros_parse import Row

PREFIX = "wanrb-"
# A script with more policy than its scheduler entry cannot be run: both get the same.
POLICY = "read,write,test,policy,reboot"
ENTRIES = 2
FIRED = "fired"
_ARMED = re.compile(r"^armed at uptime (\d+)$")
# RouterOS runs startup entries 3 s after the console; a busy router may be late by some more
_LATE_S = 30


def script_lines(plan: ChangePlan) -> tuple[str, ...]:
    """The script that brings the old values back; pure, one statement a line."""
    steps = [
        {"command": command, "query": check.query, "expected": truth(check.expected)}
        for command in plan.undo
        for check in checks_of(command)
    ]
    return command_lines(FAMILY, "deadman_script", name=PREFIX + plan.plan_id, steps=steps)


class DeadMan:
    """Arms, reads and removes the timer."""

    def __init__(self, console: Console, username: str) -> None:
        self._console = console
        self._username = username

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put script and entries on the device and believe them only after reading back.

        Raises:
            NotSupportedError: device-mode forbids the scheduler, or the account lacks a policy.
            DeviceError: another run's timer is there, or the timer does not read back.
        """
        self._check_device_mode()
        self._check_policy()
        self._check_no_other(plan.plan_id)
        name = PREFIX + plan.plan_id
        self._remove(name)
        try:
            self._write(name, script_lines(plan), seconds)
        except DeviceError:
            self._remove_quietly(name)
            raise

    def _write(self, name: str, lines: tuple[str, ...], seconds: int) -> None:
        for command in command_lines(FAMILY, "arm", name=name, policy=POLICY, lines=lines):
            self._console.tell(command)
        self._check_script(name, lines)
        timers = command_lines(
            FAMILY, "timers", name=name, policy=POLICY, seconds=seconds, uptime=self._uptime()
        )
        for command in timers:
            self._console.tell(command)
        self._check_timers(name, seconds)

    def pending(self) -> PendingRollback | None:
        """The timer on the device; a live one before the remains of one that fired."""
        timers, scripts = self._timers(), self._scripts()
        fired = {name for name, row in scripts.items() if row.values.get("comment") == FIRED}
        for name in sorted({row.values.get("on-event", "") for row in timers}):
            return PendingRollback(
                plan_id=name.removeprefix(PREFIX),
                remaining_s=self._remaining(name, timers),
                fired=name in fired,
            )
        for name in sorted(fired):
            return PendingRollback(name.removeprefix(PREFIX), None, fired=True)
        return None

    def confirm(self, plan_id: str) -> None:
        """Remove the timer.

        Raises:
            DeviceError: it had fired, so the change is undone; or it was due and did not fire, so
                the modem's scheduler cannot be trusted with anything.
        """
        name = PREFIX + plan_id
        stop_timers, remove_script = command_lines(FAMILY, "disarm", name=name)
        fired = self._has_fired(name)
        if not fired and self._overdue(name, self._timers()):
            raise self._refused(
                plan_id,
                "the timer was due and did not fire: the modem's scheduler does not run",
                "turn back with rekamatan wan rollback, then have the modem restarted",
            )
        if not fired:
            self._console.tell(stop_timers)
        if fired or self._has_fired(name):  # it may have fired in between
            raise self._refused(
                plan_id,
                "the timer on the modem fired before; the old profile is back",
                "read the modem's state and plan the switch again",
            )
        self._console.tell(remove_script)
        self._check_gone(name)

    def _has_fired(self, name: str) -> bool:
        script = self._scripts().get(name)
        return script is not None and script.values.get("comment") == FIRED

    def _refused(self, plan_id: str, reason: str, hint: str) -> DeviceError:
        return DeviceError(self._console.subject, f"confirm {plan_id}", reason, hint)

    def clear(self, plan_id: str) -> None:
        """Remove the timer, fired or not; idempotent."""
        self._remove(PREFIX + plan_id)

    def _check_device_mode(self) -> None:
        text = self._console.ask_any("/system device-mode print")
        if text.startswith("bad command name"):
            return  # firmware before device-mode: nothing forbids the scheduler
        mode = parse_monitor(text)
        if error_in(text) or not mode:
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                f"device-mode cannot be read: {error_in(text) or 'the answer is empty'}",
                "the account may lack a policy; compare its group with the provisioned one",
            )
        if first(mode, "scheduler") == "no" or first(mode, "flagged") == "yes":
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                "device-mode of the modem forbids its scheduler",
                "someone at the office must run /system device-mode update scheduler=yes "
                "and press the button on the modem",
            )

    def _check_policy(self) -> None:
        """A scheduler entry runs with its owner's rights: it must have them all."""
        user = f"[find name={quoted(self._username)}]"
        group = self._console.value(f"/user get {user} group")
        granted = self._console.value(f"/user group get [find name={quoted(group)}] policy")
        lacking = set(POLICY.split(",")) - set(re.split("[,;]", granted))
        if lacking:
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                f"user {self._username} lacks policy {', '.join(sorted(lacking))}",
                f"give it to group {group} on the modem, or provision the site again",
            )

    def _check_no_other(self, plan_id: str) -> None:
        others = {row.values.get("on-event", "") for row in self._timers()} - {PREFIX + plan_id}
        if others:
            raise DeviceError(
                self._console.subject,
                f"arm {plan_id}",
                f"another run's timer is live: {', '.join(sorted(others))}",
                "settle that run first: rekamatan wan pending",
            )

    def _check_script(self, name: str, lines: tuple[str, ...]) -> None:
        row = self._scripts().get(name)
        stored = self._console.value(f"/system script get [find name={quoted(name)}] source")
        if row is None or stored.split("\n") != list(lines):
            raise self._not_armed(name, "the script does not read back as sent")
        if "I" in row.flags:
            raise self._not_armed(name, "the modem marks the script as invalid")

    def _check_timers(self, name: str, seconds: int) -> None:
        count = self._count(name)
        if count != ENTRIES:
            raise self._not_armed(name, f"{count} of {ENTRIES} scheduler entries are there")
        intervals = set()
        for row in self._timers():
            if "X" in row.flags or row.values.get("policy") != POLICY:
                raise self._not_armed(name, "a scheduler entry is disabled or lacks policy")
            at_boot = row.values.get("start-time") == "startup"
            intervals.add((at_boot, parse_duration(row.values.get("interval", ""))))
        if intervals != {(True, 0), (False, seconds)}:
            raise self._not_armed(name, "the scheduler entries have other times than sent")

    def _check_gone(self, name: str) -> None:
        if self._count(name) or name in self._scripts():
            raise ApplyError(
                self._console.subject, f"remove {name}", "the timer is still on the modem"
            )

    def _count(self, name: str) -> int:
        found = self._console.value(f":len [/system scheduler find on-event={quoted(name)}]")
        return int(found) if found.isdigit() else -1

    def _remove(self, name: str) -> None:
        for command in command_lines(FAMILY, "disarm", name=name):
            self._console.tell(command)
        self._check_gone(name)

    def _remove_quietly(self, name: str) -> None:
        """Tidy up after a failed arming; the failure itself is what is reported."""
        try:
            self._remove(name)
        except DeviceError:
            return

    def _timers(self) -> list[Row]:
        command = f"/system scheduler print detail without-paging where on-event~{_OURS}"
        return parse_print(self._console.ask(command))

    def _scripts(self) -> dict[str, Row]:
        command = f"/system script print detail without-paging where name~{_OURS}"
        rows = parse_print(self._console.ask(command))
        return {row.values["name"]: row for row in rows if "name" in row.values}

    def _remaining(self, name: str, timers: list[Row]) -> float | None:
        """Seconds until the interval entry fires; None after a reboot, when it counts anew."""
        armed, seconds = _armed(name, timers)
        if armed is None or seconds is None:
            return None
        uptime = self._uptime()
        return max(0.0, armed + seconds - uptime) if uptime >= armed else None

    def _overdue(self, name: str, timers: list[Row]) -> bool:
        """Whether it should have fired: its time is over, or the router was restarted since."""
        armed, seconds = _armed(name, timers)
        if armed is None or seconds is None:
            return False
        uptime = self._uptime()
        due = armed + seconds if uptime >= armed else 0
        return uptime > due + _LATE_S

    def _uptime(self) -> int:
        """Seconds since the router started. Raises `DeviceError` when it does not say."""
        text = self._console.value("/system resource get uptime")
        seconds = parse_duration(text)
        if seconds is None:
            raise DeviceError(self._console.subject, "read the uptime", f"{text!r} is no duration")
        return seconds

    def _not_armed(self, name: str, reason: str) -> DeviceError:
        return DeviceError(
            self._console.subject, f"arm {name}", reason, "nothing was changed on the modem"
        )


def _armed(name: str, timers: list[Row]) -> tuple[int | None, int | None]:
    """Uptime at which the interval entry was added, and its interval in seconds."""
    for row in timers:
        stamp = _ARMED.match(row.values.get("comment", ""))
        if row.values.get("on-event") == name and stamp:
            return int(stamp[1]), parse_duration(row.values.get("interval", ""))
    return None, None


_OURS = quoted("^" + PREFIX)
