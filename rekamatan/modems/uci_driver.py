"""What OpenWrt and RutOS, which is OpenWrt underneath, do the same way: console, plan, way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import DeviceError
from rekamatan.models import ModemState, Rollback
from rekamatan.modems.abilities import TIMER_AND_SLOTS, Abilities
from rekamatan.modems.apn_passwords import ApnPasswords
from rekamatan.modems.openwrt_change import Applier, Slots
from rekamatan.modems.openwrt_console import Console
from rekamatan.modems.openwrt_deadman import DeadMan
from rekamatan.modems.openwrt_parse import (
    Answer,
    UciSection,
    parse_default_route,
    parse_interface,
    raw,
    redact,
)
from rekamatan.modems.openwrt_plan import profile_name
from rekamatan.modems.radio import home_network
from rekamatan.modems.shell_console import PATIENCE_S
from rekamatan.modems.shell_session import ShellSession
from rekamatan.modems.slot_mover import SETTLE_S
from rekamatan.modems.uci_restore import RELOAD, restore_plan

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile
    from rekamatan.modems.radio import Radio


class UciDriver:
    """One router. The session opens when first needed.

    A platform adds its SIM slots, how it is read, and what it is told.

    Args:
        access: how to reach it; `interface` names a section of `/etc/config/network`.
        password: of the account, which must be root: OpenWrt has no lesser one that may use uci.
        apn_passwords: profile name -> password of its APN, filled in when a command is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
        settle_s: pause between attempts on a SIM slot, in the way back too.
    """

    platform: ClassVar[str]
    slots_of: ClassVar[type[Slots]]
    rollback: ClassVar[Rollback] = Rollback.DEVICE
    abilities: ClassVar[Abilities] = TIMER_AND_SLOTS

    def __init__(  # noqa: PLR0913 - the last three are for tests
        self,
        access: ModemAccess,
        password: str,
        apn_passwords: dict[str, str],
        *,
        username: str = "",
        clock: Clock | None = None,
        patience_s: float = PATIENCE_S,
        settle_s: int = 30,
    ) -> None:
        self._interface = access.interface
        self._settle_s = settle_s
        self._session = ShellSession(access, username or access.username, password)
        self._passwords = ApnPasswords(apn_passwords, self._session.subject)
        secrets = (password, *apn_passwords.values())
        clock = clock or SystemClock()
        self._console = Console(self._session, secrets, clock, patience_s)
        self._deadman = DeadMan(self._console)
        self._slots = self.slots_of(self._console, self._interface)
        settled_s = min(SETTLE_S, settle_s)
        self._applier = Applier(self._console, self._slots, clock, patience_s, settled_s)

    @property
    def console(self) -> Console:
        """The checked console."""
        return self._console

    def backup(self) -> str:
        """The network configuration as `uci export` gives it, without secrets."""
        text = self._console.export()
        if "config interface" not in text:
            raise DeviceError(
                self._console.subject,
                "export the configuration",
                "the answer has no section",
                "the account may lack rights: it must be root",
            )
        return text

    def restore_plan(self, kept: str, profile: str, plan_id: str) -> ChangePlan:
        """From the present configuration to a kept one; see `uci_restore`."""
        self._console.refuse_foreign(self._console.changes(), "restore the backup")
        way_out = self._way_out()
        return restore_plan(kept, self.backup(), profile, plan_id, way_out, self._console.subject)

    def _way_out(self) -> str:
        """The interface section that carries the office now."""
        raise NotImplementedError

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the device; see `openwrt_deadman`."""
        self._deadman.arm(plan, seconds, self._slots.way_back(plan, self._settle_s))

    def pending(self) -> PendingRollback | None:
        """The timer on the device, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each value read back."""
        if RELOAD in plan.commands:
            self._applier.replace(plan.commands, plan.before, plan.after)
            return
        self._applier.apply(plan.commands, self._passwords.filling(plan.commands, plan.target))

    def configure(self, lines: tuple[str, ...], profile: WanProfile) -> None:
        """Make `uci` lines of a SIM that is not in use true; no bearer moves."""
        self._console.configure(lines, self._passwords.filling(lines, profile.name))

    def confirm(self, plan_id: str) -> None:
        """Remove the timer and see that it is gone; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old values now, then the timer away; idempotent."""
        if RELOAD in plan.undo:
            self._applier.replace(plan.undo, plan.after, plan.before)
        else:
            self._applier.apply(plan.undo, self._passwords.filling(plan.undo, plan.previous))
        self._deadman.clear(plan.plan_id)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _joined(
        self, found: dict[str, Answer], name: str | None, section: UciSection | None, radio: Radio
    ) -> ModemState:
        """One reading: the radio, the interface `name` and its section, and the routes."""
        child = parse_interface(found["child"].usable if "child" in found else "")
        parent = parse_interface(found["status"].usable if "status" in found else "")
        return ModemState(
            platform=self.platform,
            sim_slot=radio.sim_slot,
            iccid=radio.iccid,
            imsi=radio.imsi,
            plmn=radio.plmn or home_network(radio.imsi),
            operator=radio.operator,
            registered=radio.registered,
            roaming=radio.roaming,
            rat=radio.rat,
            signal=radio.signal,
            profile=profile_name(name, section) if name and section else None,
            apn=section.text("apn") if section else None,
            wan_if=child.device or parent.device,
            wan_ip=child.address or parent.address,
            default_route_via=parse_default_route(found["route"].usable),
            raw=redact(raw(found)),
        )
