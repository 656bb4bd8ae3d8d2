"""The dead man's timer on OpenWrt and RutOS: a detached script, a mark on flash, and a boot hook.

The script sleeps, then takes the mark and restores the saved configuration and SIM slot. The hook
runs before the network starts and covers a power cut, after which the sleeping script is gone and
the changed configuration is on flash. Renaming the mark decides between firing and confirming:
exactly one of them finds it. rpcd's own rollback is not used: its timer and its copies are in RAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.modems.marked_timer import PREFIX, MarkedTimer, owner_of
from rekamatan.modems.templates import labelled_commands, script_text

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.openwrt_console import Console

TEMPLATES = "openwrt"  # the same on every platform that is OpenWrt underneath
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


class DeadMan(MarkedTimer):
    """Arms, reads and removes the timer."""

    device = "modem"
    templates = TEMPLATES
    places = _PLACES

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._uci = console

    def arm(self, plan: ChangePlan, seconds: int, back: WayBack) -> None:
        """Put scripts, saved configuration and mark there, start the clock, read it all back.

        Raises:
            NotSupportedError: the firmware cannot start a detached process.
            DeviceError: another run's timer is there, a detached script does not wake up, someone
                left uncommitted changes, or the timer does not read back.
        """
        self._check_able()
        self._check_no_other(plan.plan_id)
        if self._uci.changes():
            raise DeviceError(
                self._console.subject,
                f"arm {plan.plan_id}",
                "someone left uncommitted changes, which the way back would drop",
                "at the modem: uci changes; then uci commit or uci revert",
            )
        self.clear(plan.plan_id)
        try:
            self._write(plan.plan_id, seconds, back)
        except DeviceError:
            self._clear_quietly(plan.plan_id)
            raise

    def _write(self, plan_id: str, seconds: int, back: WayBack) -> None:
        timer, boot = scripts(plan_id, back)
        deadline = f"{self._uptime(self._state()) + seconds:.0f}"
        steps = self._steps("arm", plan_id=plan_id, seconds=seconds, deadline=deadline)
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
        found = self._console.ask_all(self._steps("timer_check").items())
        for name, text in (("timer", timer), ("boot", boot)):
            if found[name].usable.strip() != text.strip():
                raise self._not_armed(plan_id, f"the {name} script does not read back as sent")
        if found["hook"].usable.strip() != f"{DIRECTORY}/boot":
            raise self._not_armed(plan_id, "the boot hook is not there")
        if found["kept"].status:
            raise self._not_armed(plan_id, "the saved configuration is not the present one")
        state = self._state()
        if owner_of(state, "pending") != plan_id:
            raise self._not_armed(plan_id, "the mark does not read back")
        if state["alive"].status:
            raise self._not_armed(plan_id, "the timer does not run")

    def _check_able(self) -> None:
        if self._console.run("command -v start-stop-daemon").status:
            raise NotSupportedError(
                self._console.subject,
                "arm the timer",
                "the firmware has no start-stop-daemon, which starts the detached timer",
                "install a firmware with BusyBox's start-stop-daemon, as OpenWrt's own has",
            )

    def _left_behind(self) -> bool:
        return self._console.run(f"readlink {HOOK}").status == 0
