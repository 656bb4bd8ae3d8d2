"""The dead man's timer on OpenWrt and RutOS: a detached script, a mark on flash, and a boot hook.

The script sleeps, then takes the mark and restores the saved configuration and SIM slot. The hook
runs before the network starts and covers a power cut, after which the sleeping script is gone and
the changed configuration is on flash. Renaming the mark decides between firing and confirming:
exactly one of them finds it. rpcd's own rollback is not used: its timer and its copies are in RAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from rekamatan.models import PendingRollback
from rekamatan.modems.templates import labelled_commands, script_text

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.openwrt_console import Console
    from rekamatan.modems.openwrt_parse import Answer

TEMPLATES = "openwrt"  # the same on every platform that is OpenWrt underneath
PREFIX = "wanrb-"
DIRECTORY = "/etc/rekamatan-wan"
HOOK = "/etc/rc.d/S19rekamatan-wan"  # the network starts at S20
PID_FILE = "/var/run/rekamatan-wan.pid"
PROOF = "/var/run/rekamatan-wan.awake"
_PLACES = {"directory": DIRECTORY, "hook": HOOK, "pid_file": PID_FILE, "proof": PROOF}
# Between attempts to bring a SIM slot back; a modem is away for 15-30 s after a change.
SETTLE_S = 30
LOOKS = 6  # within that time, as the template has it


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the script does besides restoring the configuration."""

    section: str  # the interface to start
    slot_is: str = ""  # shell test; empty when there is no slot to choose
    slot_set: str = ""
    settle_s: int = SETTLE_S


def way_back(
    platform: str, section: str, slot: str, settle_s: int = SETTLE_S, **values: object
) -> WayBack:
    """The way back to `section` and `slot`, in the platform's own commands."""
    if not slot:
        return WayBack(section, settle_s=settle_s)
    texts = dict(labelled_commands(platform, "slot", slot=slot, **values))
    return WayBack(section, texts["is"], texts["set"], settle_s)


def scripts(plan_id: str, back: WayBack) -> tuple[str, str]:
    """The timer and the boot hook; pure."""
    values = {
        "name": PREFIX + plan_id,
        "section": back.section,
        "slot_is": back.slot_is,
        "slot_set": back.slot_set,
        "settle_s": back.settle_s,
        "poll_s": max(1, back.settle_s // LOOKS),
        **_PLACES,
    }
    return (
        script_text(TEMPLATES, "timer", **values),
        script_text(TEMPLATES, "boot", **values),
    )


class DeadMan:
    """Arms, reads and removes the timer."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def arm(self, plan: ChangePlan, seconds: int, back: WayBack) -> None:
        """Put scripts, saved configuration and mark there, start the clock, read it all back.

        Raises:
            NotSupportedError: the firmware cannot start a detached process.
            DeviceError: another run's timer is there, a detached script does not wake up, someone
                left uncommitted changes, or the timer does not read back.
        """
        self._check_able()
        self._check_no_other(plan.plan_id)
        if self._console.changes():
            raise DeviceError(
                self._console.subject,
                f"arm {plan.plan_id}",
                "someone left uncommitted changes, which the way back would drop",
                "at the modem: uci changes; then uci commit or uci revert",
            )
        self._remove(plan.plan_id)
        try:
            self._write(plan.plan_id, seconds, back)
        except DeviceError:
            self._remove_quietly(plan.plan_id)
            raise

    def _write(self, plan_id: str, seconds: int, back: WayBack) -> None:
        timer, boot = scripts(plan_id, back)
        deadline = f"{self._uptime(self._state()) + seconds:.0f}"
        steps = _steps("arm", plan_id=plan_id, seconds=seconds, deadline=deadline)
        self._console.tell(steps["timer"], timer)
        self._console.tell(steps["boot"], boot)
        self._prove(steps["prove"], plan_id)
        for name in ("keep", "mark", "start"):
            self._console.tell(steps[name])
        self._check(plan_id, timer, boot)

    def _prove(self, command: str, plan_id: str) -> None:
        """See a detached copy of the script wake up, before one is relied on."""
        self._console.tell(command)
        self._console.wait(
            lambda: self._console.run(f"cat {PROOF}").out.strip() == "awake",
            lambda: self._not_armed(plan_id, "a detached script does not wake up on this modem"),
        )

    def _check(self, plan_id: str, timer: str, boot: str) -> None:
        found = self._console.ask_all(_steps("timer_check").items())
        for name, text in (("timer", timer), ("boot", boot)):
            if found[name].usable.strip() != text.strip():
                raise self._not_armed(plan_id, f"the {name} script does not read back as sent")
        if found["hook"].usable.strip() != f"{DIRECTORY}/boot":
            raise self._not_armed(plan_id, "the boot hook is not there")
        if found["kept"].status:
            raise self._not_armed(plan_id, "the saved configuration is not the present one")
        state = self._state()
        if _owner(state, "pending") != plan_id:
            raise self._not_armed(plan_id, "the mark does not read back")
        if state["alive"].status:
            raise self._not_armed(plan_id, "the timer does not run")

    def pending(self) -> PendingRollback | None:
        """The timer on the device; a live one before the remains of one that fired."""
        state = self._state()
        if owner := _owner(state, "pending"):
            deadline = float(state["pending"].text.split()[1])
            remaining = max(0.0, deadline - self._uptime(state))
            return PendingRollback(owner, remaining)
        if owner := _owner(state, "firing") or _owner(state, "fired"):
            return PendingRollback(owner, None, fired=True)
        return None

    def confirm(self, plan_id: str) -> None:
        """Remove the timer. Raises `DeviceError` when it had fired: the change is undone then."""
        steps = _steps("disarm")
        state = self._state()
        if _owner(state, "pending") == plan_id:
            self._console.run(steps["mark"])  # the timer may win here: the reading decides
            state = self._state()
        if _owner(state, "pending") == plan_id:
            raise ApplyError(
                self._console.subject, f"confirm {plan_id}", "the timer is still on the modem"
            )
        if plan_id in {_owner(state, "firing"), _owner(state, "fired")}:
            raise DeviceError(
                self._console.subject,
                f"confirm {plan_id}",
                "the timer on the modem fired before; the old profile is back",
                "read the modem's state and plan the switch again",
            )
        if not _owner(state, "pending") and not _owner(state, "firing"):
            self._clean(plan_id)

    def clear(self, plan_id: str) -> None:
        """Remove the timer, fired or not; another run's is left alone. Idempotent."""
        self._remove(plan_id)

    def _remove(self, plan_id: str) -> None:
        state = self._state()
        owners = {_owner(state, name) for name in ("pending", "firing")} - {""}
        if owners <= {plan_id}:
            if owners:
                self._console.run(_steps("disarm")["mark"])
            self._clean(plan_id)

    def _clean(self, plan_id: str) -> None:
        """The clock, the files, the hook; seen to be gone."""
        steps = _steps("disarm")
        self._console.run(steps["stop"])
        self._console.tell(steps["clean"])
        state = self._state()
        gone = self._console.run(f"readlink {HOOK}").status != 0
        if not gone or any(_owner(state, name) for name in ("pending", "firing", "fired")):
            raise ApplyError(
                self._console.subject,
                f"remove {PREFIX}{plan_id}",
                "the timer is still on the modem",
            )

    def _remove_quietly(self, plan_id: str) -> None:
        """Tidy up after a failed arming; the failure itself is what is reported."""
        try:
            self._remove(plan_id)
        except DeviceError:
            return

    def _check_able(self) -> None:
        if self._console.run("command -v start-stop-daemon").status:
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                "the firmware has no start-stop-daemon, which starts the detached timer",
                "install a firmware with BusyBox's start-stop-daemon, as OpenWrt's own has",
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
            "nothing was changed on the modem",
        )


def _owner(state: dict[str, Answer], mark: str) -> str:
    """The plan whose mark it is; empty when there is no such mark."""
    words = state[mark].usable.split()
    return words[0] if len(words) == 2 else ""  # noqa: PLR2004 - plan and deadline


def _steps(template: str, **values: object) -> dict[str, str]:
    """Commands by label, also for `ask_all`."""
    return dict(labelled_commands(TEMPLATES, template, **values, **_PLACES))
