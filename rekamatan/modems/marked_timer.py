"""A dead man's timer that is a script on the device's own shell, and a mark beside it.

The mark is a file that names the plan and its deadline. Renaming it decides between firing and
confirming: exactly one of them finds it. What starts the script, and what it restores, is the
platform's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rekamatan.errors import ApplyError, DeviceError
from rekamatan.models import PendingRollback
from rekamatan.modems.templates import labelled_commands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekamatan.modems.openwrt_parse import Answer
    from rekamatan.modems.shell_console import ShellConsole

PREFIX = "wanrb-"
_MARKS = ("pending", "firing", "fired")
_LIVE = ("pending", "firing")


class MarkedTimer:
    """Reads and removes the timer; a platform arms it.

    Args:
        console: the device's shell.
    """

    device: ClassVar[str]  # what people call it
    templates: ClassVar[str]  # the platform whose templates are used
    places: ClassVar[Mapping[str, str]]  # files and units, by their names in the templates
    blank: ClassVar[Mapping[str, str]] = {}  # what templates name, where a step does not use it
    removable: ClassVar[tuple[str, ...]] = ("pending",)  # marks taken away one by one

    def __init__(self, console: ShellConsole) -> None:
        self._console = console

    def pending(self) -> PendingRollback | None:
        """The timer on the device; a live one before the remains of one that fired."""
        state = self._state()
        if owner := owner_of(state, "pending"):
            deadline = float(state["pending"].text.split()[1])
            return PendingRollback(owner, max(0.0, deadline - self._uptime(state)))
        if owner := owner_of(state, "firing") or owner_of(state, "fired"):
            return PendingRollback(owner, None, fired=True)
        return None

    def confirm(self, plan_id: str) -> None:
        """Remove the timer. Raises `DeviceError` when it had fired: the change is undone then."""
        state = self._state()
        if owner_of(state, "pending") == plan_id:
            self._unmark("pending")  # the timer may win here: the reading decides
            state = self._state()
        if owner_of(state, "pending") == plan_id:
            reason = f"the timer is still on the {self.device}"
            raise ApplyError(self._console.subject, f"confirm {plan_id}", reason)
        if plan_id in {owner_of(state, "firing"), owner_of(state, "fired")}:
            raise DeviceError(
                self._console.subject,
                f"confirm {plan_id}",
                f"the timer on the {self.device} fired before; the old profile is back",
                f"read the {self.device}'s state and plan the switch again",
            )
        if not any(owner_of(state, mark) for mark in _LIVE):
            self._clean(plan_id)

    def clear(self, plan_id: str) -> None:
        """Remove the timer, fired or not; another run's is left alone. Idempotent."""
        owners = self._owners()
        if {owner for owner in owners.values() if owner} <= {plan_id}:
            for mark in (mark for mark in self.removable if owners[mark]):
                self._unmark(mark)
            self._clean(plan_id)

    def _clear_quietly(self, plan_id: str) -> None:
        """Tidy up after a failed arming; the failure itself is what is reported."""
        try:
            self.clear(plan_id)
        except DeviceError:
            return

    def _clean(self, plan_id: str) -> None:
        """The clock, the files, what starts at boot; seen to be gone."""
        steps = self._steps("disarm")
        self._console.run(steps["stop"])
        self._console.tell(steps["clean"])
        state = self._state()
        if self._left_behind() or any(owner_of(state, mark) for mark in _MARKS):
            reason = f"the timer is still on the {self.device}"
            raise ApplyError(self._console.subject, f"remove {PREFIX}{plan_id}", reason)

    def _left_behind(self) -> bool:
        """Whether anything that starts at boot is still there."""
        raise NotImplementedError

    def _check_no_other(self, plan_id: str) -> None:
        others = set(self._owners().values()) - {"", plan_id}
        if others:
            raise DeviceError(
                self._console.subject,
                f"arm {plan_id}",
                f"another run's timer is live: {', '.join(sorted(PREFIX + o for o in others))}",
                "settle that run first: rekamatan wan pending",
            )

    def _owners(self) -> dict[str, str]:
        state = self._state()
        return {mark: owner_of(state, mark) for mark in _LIVE}

    def _unmark(self, mark: str) -> None:
        self._console.run(self._steps("disarm", mark=mark)["mark"])

    def _state(self) -> dict[str, Answer]:
        return self._console.ask_all(self._steps("timer_state").items())

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
            f"nothing was changed on the {self.device}",
        )

    def _steps(self, template: str, **values: object) -> dict[str, str]:
        """Commands by label, also for `ask_all`."""
        told = {**self.blank, **values, **self.places}
        return dict(labelled_commands(self.templates, template, **told))


def owner_of(state: dict[str, Answer], mark: str) -> str:
    """The plan whose mark it is; empty when there is no such mark."""
    words = state[mark].usable.split()
    return words[0] if len(words) == 2 else ""  # noqa: PLR2004 - plan and deadline
