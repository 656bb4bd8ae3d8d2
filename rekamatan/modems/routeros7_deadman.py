"""The dead man's timer on a RouterOS 7 router: a script and two scheduler entries.

The interval entry fires when nobody confirmed in time. The startup entry covers a power cut:
RouterOS does not run an interval entry at boot. All three are configuration, so they survive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from rekamatan.models import PendingRollback
from rekamatan.modems.routeros7_parse import (
    checks_of,
    error_in,
    first,
    parse_duration,
    parse_monitor,
    parse_print,
    remaining_seconds,
    truth,
)
from rekamatan.modems.routeros7_plan import PLATFORM
from rekamatan.modems.templates import command_lines, quoted

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.routeros7_console import Console
    from rekamatan.modems.routeros7_parse import Row

PREFIX = "wanrb-"
# A script with more policy than its scheduler entry cannot be run: both get the same.
POLICY = "read,write,test,policy,reboot"
ENTRIES = 2
FIRED = "fired"


def script_lines(plan: ChangePlan) -> tuple[str, ...]:
    """The script that brings the old values back; pure, one statement a line."""
    steps = [
        {"command": command, "query": check.query, "expected": truth(check.expected)}
        for command in plan.undo
        for check in checks_of(command)
    ]
    return command_lines(PLATFORM, "deadman_script", name=PREFIX + plan.plan_id, steps=steps)


class DeadMan:
    """Arms, reads and removes the timer."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put script and entries on the device and believe them only after reading back.

        Raises:
            NotSupportedError: device-mode forbids the scheduler.
            DeviceError: another run's timer is there, or the timer does not read back.
        """
        self._check_device_mode()
        self._check_no_other(plan.plan_id)
        name = PREFIX + plan.plan_id
        self._remove(name)
        try:
            self._write(name, script_lines(plan), seconds)
        except DeviceError:
            self._remove_quietly(name)
            raise

    def _write(self, name: str, lines: tuple[str, ...], seconds: int) -> None:
        for command in command_lines(PLATFORM, "arm", name=name, policy=POLICY, lines=lines):
            self._console.tell(command)
        self._check_script(name, lines)
        timers = command_lines(PLATFORM, "timers", name=name, policy=POLICY, seconds=seconds)
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
        """Remove the timer. Raises `DeviceError` when it had fired: the change is undone then."""
        name = PREFIX + plan_id
        stop_timers, remove_script = command_lines(PLATFORM, "disarm", name=name)
        self._console.tell(stop_timers)
        script = self._scripts().get(name)
        if script is not None and script.values.get("comment") == FIRED:
            raise DeviceError(
                self._console.subject,
                f"confirm {plan_id}",
                "the timer on the modem fired before; the old profile is back",
                "read the modem's state and plan the switch again",
            )
        self._console.tell(remove_script)
        self._check_gone(name)

    def clear(self, plan_id: str) -> None:
        """Remove the timer, fired or not; idempotent."""
        self._remove(PREFIX + plan_id)

    def _check_device_mode(self) -> None:
        text = self._console.ask_any("/system device-mode print")
        if error_in(text):
            return  # firmware before device-mode: nothing forbids the scheduler
        if first(parse_monitor(text), "scheduler") == "no":
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                "device-mode of the modem forbids its scheduler",
                "someone at the office must run /system device-mode update scheduler=yes "
                "and press the button on the modem",
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
        for command in command_lines(PLATFORM, "disarm", name=name):
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
        clock = parse_monitor(self._console.ask("/system clock print"))
        for row in timers:
            moment = row.values.get("next-run", "")
            if row.values.get("on-event") == name and moment:
                return remaining_seconds(moment, clock)
        return None

    def _not_armed(self, name: str, reason: str) -> DeviceError:
        return DeviceError(
            self._console.subject, f"arm {name}", reason, "nothing was changed on the modem"
        )


_OURS = quoted("^" + PREFIX)
