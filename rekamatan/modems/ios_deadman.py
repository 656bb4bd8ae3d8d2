"""The dead man's timer on a Cisco router: the revert timer, and an applet for the SIM slot.

`configure terminal revert timer` brings the running configuration back, and the startup
configuration, which is not written before the change is confirmed, does so over a power cut. The
SIM slot is in neither: an EEM applet counts down a little shorter and, while the revert timer is
still pending, rolls back and selects the old slot.

Source: Cisco "Configuration Rollback Confirmed Change" (IOS 12.4(20)T and later, IOS-XE).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from rekamatan.models import PendingRollback
from rekamatan.modems.ios_config import (
    CONFIRMED,
    PREFIX,
    TRIAL,
    Applet,
    WanConfig,
    parse_applets,
    parse_config,
    parse_environment,
)
from rekamatan.modems.ios_parse import PLATFORM
from rekamatan.modems.ios_revert import (
    MAX_MINUTES,
    MINUTE_S,
    NONE_PENDING,
    RevertTimer,
    minutes_for,
    parse_clock,
    parse_revert_timer,
)
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.ios_console import Console

_STATUS = "show archive config rollback timer"


class DeadMan:
    """Arms, reads and removes the timer."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put applet and revert timer on the device; believed only after reading back.

        Raises:
            NotSupportedError: the device keeps no archive, or cannot wait that long.
            DeviceError: another run's timer is there, a reload would not bring the present
                profile back, or the timer does not read back.
        """
        if minutes_for(seconds) > MAX_MINUTES:
            raise NotSupportedError(
                self._console.subject, "arm the timer", f"it waits {MAX_MINUTES} min at most"
            )
        self._check_archive()
        pending = self._own_timer(plan.plan_id) is not None
        self._check_startup()
        wanted = self._applet_lines(plan, seconds)
        try:
            self._console.configure(self._replacing(wanted))
            self._start_revert(plan.plan_id, minutes_for(seconds), pending=pending)
            self._check_armed(plan.plan_id, wanted, minutes_for(seconds))
        except DeviceError:
            self._remove_quietly(plan.plan_id)
            raise

    def pending(self) -> PendingRollback | None:
        """The timer on the device; the remains of one that fired when none is live."""
        timer, registered = self._timer(), self._registered()
        name = min(registered, default="")
        plan_id = name.removeprefix(PREFIX)
        if timer is not None:
            remaining = self._remaining(timer, self._applets().get(name))
            return PendingRollback(plan_id or f"of user {timer.user}", remaining)
        if not name or self._marks().get(TRIAL) == plan_id:
            return None  # confirmed, and only not tidied up: the applet does nothing any more
        return PendingRollback(plan_id, None, fired=True)

    def confirm(self, plan_id: str) -> None:
        """Keep the change: stop the revert timer, tidy up, write the startup configuration.

        Raises `DeviceError` when the timer fired before, or the device restarted: the change is
        undone then.
        """
        if self._own_timer(plan_id) is not None:
            self._console.execute("configure confirm")
            if self._timer() is not None:
                raise ApplyError(
                    self._console.subject, f"confirm {plan_id}", "the timer is still on the modem"
                )
        elif (marks := self._marks()).get(CONFIRMED) == plan_id and not self._applets():
            self._save(plan_id)
            return
        elif marks.get(TRIAL) != plan_id:
            raise DeviceError(
                self._console.subject,
                f"confirm {plan_id}",
                "the timer on the modem fired before, or it restarted; the old profile is back",
                "read the modem's state and plan the switch again",
            )
        self._settle(plan_id)
        self._save(plan_id)

    def roll_back(self) -> None:
        """Bring the configuration back now, if a timer is pending; the SIM slot is another step."""
        if self._timer() is None:
            return
        self._console.execute("configure revert now")
        if self._timer() is not None:
            raise ApplyError(
                self._console.subject, "run configure revert now", "the timer is still pending"
            )

    def clear(self, plan_id: str) -> None:
        """Remove what the timer consisted of, fired or not; idempotent. Not the change itself."""
        name = PREFIX + plan_id
        marks = self._marks()
        lines = command_lines(
            PLATFORM,
            "clear",
            name=name,
            applet=name in self._applets(),
            trial=TRIAL in marks,
            confirmed=marks.get(CONFIRMED) == plan_id,
        )
        if lines:
            self._console.configure(lines)
        if name in self._applets():
            raise ApplyError(self._console.subject, f"remove {name}", "it is still on the modem")
        if self._startup_differs():
            self._console.execute("write memory")  # a confirmed change had been written

    def _settle(self, plan_id: str) -> None:
        name = PREFIX + plan_id
        trial = TRIAL in self._marks()
        settled = command_lines(PLATFORM, "settle", name=name, plan_id=plan_id, trial=trial)
        self._console.configure(settled)
        if name in self._applets():
            raise ApplyError(self._console.subject, f"remove {name}", "it is still on the modem")
        if self._marks().get(CONFIRMED) != plan_id:
            raise ApplyError(
                self._console.subject, f"confirm {plan_id}", "accepted but not applied"
            )

    def _save(self, plan_id: str) -> None:
        self._console.execute("write memory")
        if self._startup_differs():
            raise ApplyError(
                self._console.subject,
                f"save after {plan_id}",
                "the startup configuration is not the running one",
                "a power cut would bring the old profile back: run `write memory` on the modem",
            )

    def _own_timer(self, plan_id: str) -> RevertTimer | None:
        """The live timer of this run. Raises `DeviceError` when it is another run's."""
        timer = self._timer()
        if timer is None:
            return None
        owner = min(self._registered(), default="").removeprefix(PREFIX) or f"of user {timer.user}"
        if owner != plan_id:
            raise DeviceError(
                self._console.subject,
                f"arm {plan_id}",
                f"another run's timer is live: {PREFIX}{owner}",
                "settle that run first: rekamatan wan pending",
            )
        return timer

    def _check_archive(self) -> None:
        text = self._console.ask_any("show archive")
        if "not enabled" in text:
            raise self._no_archive(text.strip())

    def _no_archive(self, reason: str) -> NotSupportedError:
        return NotSupportedError(
            self._console.subject,
            "arm the timer",
            reason,
            "configure `archive` with a `path` on the modem, then write memory",
        )

    def _check_startup(self) -> None:
        """Over a power cut the startup configuration is the way back: it must be the present."""
        if self._startup_differs(but=(TRIAL,)):
            raise DeviceError(
                self._console.subject,
                "arm the timer",
                "the startup configuration has other cellular settings than the running one, "
                "so a power cut would not bring the present profile back",
                "run `write memory` on the modem when the present settings are the wanted ones",
            )

    def _startup_differs(self, but: tuple[str, ...] = ()) -> bool:
        saved = parse_config(self._console.startup())
        return _comparable(saved, but) != _comparable(self._config(), but)

    def _applet_lines(self, plan: ChangePlan, seconds: int) -> tuple[str, ...]:
        """The applet; the SIM slot it selects is the one the plan's undo selects. Pure."""
        found = [line.rsplit(" ", 1)[1] for line in plan.undo if "sim activate slot" in line]
        return command_lines(
            PLATFORM,
            "applet",
            name=PREFIX + plan.plan_id,
            unit=self._console.unit,
            seconds=seconds,
            slot=found[0] if found else "",
        )

    def _replacing(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Remains of fired timers go first, and this run's own: its countdown starts again."""
        return (*(f"no event manager applet {name}" for name in sorted(self._applets())), *lines)

    def _start_revert(self, plan_id: str, minutes: int, *, pending: bool) -> None:
        entering = "configure terminal"
        if pending:
            self._console.execute(f"configure revert timer {minutes}")
        else:
            entering += f" revert timer {minutes}"
        trial = command_lines(PLATFORM, "arm", plan_id=plan_id)
        try:
            self._console.configure(trial, entering=entering)
        except ApplyError as error:
            if "archive" in error.reason.lower():
                raise self._no_archive(error.reason) from None
            raise

    def _check_armed(self, plan_id: str, wanted: tuple[str, ...], minutes: int) -> None:
        name = PREFIX + plan_id
        applet = self._applets().get(name)
        expected = tuple(line for line in wanted if line != "exit")
        if applet is None or sorted(applet.lines) != sorted(expected):
            raise self._not_armed(name, "the applet does not read back as sent")
        if name not in self._registered():
            raise self._not_armed(name, "the modem did not register the applet")
        timer = self._timer()
        if timer is None or timer.minutes != minutes:
            raise self._not_armed(name, "the revert timer does not read back as sent")
        if self._marks().get(TRIAL) != plan_id:
            raise self._not_armed(name, "the trial is not marked")

    def _remove_quietly(self, plan_id: str) -> None:
        """Tidy up after a failed arming; the failure itself is what is reported."""
        try:
            self.roll_back()
            self.clear(plan_id)
        except DeviceError:
            return

    def _timer(self) -> RevertTimer | None:
        text = self._console.ask_any(_STATUS)
        timer = parse_revert_timer(text)
        if timer is None and NONE_PENDING not in text:
            reason = text.strip().splitlines()[:1] or ["an empty answer"]
            raise DeviceError(self._console.subject, f"run {_STATUS}", reason[0])
        return timer

    def _applets(self) -> dict[str, Applet]:
        command = f"show running-config | section ^event manager applet {PREFIX}"
        return parse_applets(self._console.ask(command))

    def _registered(self) -> set[str]:
        """Names of our applets; also who may not see the configuration sees these."""
        text = self._console.ask("show event manager policy registered")
        return {word for word in text.split() if word.startswith(PREFIX)}

    def _config(self) -> WanConfig:
        return parse_config(self._console.running())

    def _marks(self) -> dict[str, str]:
        return parse_environment(self._console.ask("show event manager environment all"))

    def _remaining(self, timer: RevertTimer, applet: Applet | None) -> float | None:
        """By the device's own clock; whichever of the two comes first."""
        now = parse_clock(self._console.ask("show clock"))
        if timer.since is None or now is None:
            return None
        counts = [float(timer.minutes * MINUTE_S)]
        if applet is not None and applet.seconds is not None:
            counts.append(float(applet.seconds))
        return max(0.0, min(counts) - (now - timer.since).total_seconds())

    def _not_armed(self, name: str, reason: str) -> DeviceError:
        return DeviceError(
            self._console.subject, f"arm {name}", reason, "nothing was changed on the modem"
        )


def _comparable(config: WanConfig, but: tuple[str, ...]) -> tuple[object, ...]:
    marks = {name: value for name, value in config.marks.items() if name not in but}
    return config.data_profiles, config.primary, config.profiles, marks
