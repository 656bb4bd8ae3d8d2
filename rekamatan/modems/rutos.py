"""Driver for Teltonika routers with RutOS 7 (RUT2xx, RUT9xx, RUTX, RUTM) over SSH."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Identity, ModemState, Rollback, Signal
from rekamatan.modems import gsmctl_parse, rutos_plan
from rekamatan.modems.abilities import Abilities
from rekamatan.modems.openwrt import apn_password, exported
from rekamatan.modems.openwrt_change import SETTLE_S, Applier, wants_secret
from rekamatan.modems.openwrt_console import PATIENCE_S, Console
from rekamatan.modems.openwrt_deadman import DeadMan, WayBack, way_back
from rekamatan.modems.openwrt_parse import (
    Answer,
    UciSection,
    parse_board,
    parse_default_route,
    parse_interface,
    parse_uci_show,
    raw,
    redact,
)
from rekamatan.modems.openwrt_plan import profile_name
from rekamatan.modems.openwrt_slots import say
from rekamatan.modems.radio import home_network
from rekamatan.modems.shell_session import ShellSession
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile
    from rekamatan.modems.radio import Radio

PLATFORM = rutos_plan.PLATFORM
# RUTX_R_00.07.06.10: model family, release type, product line, major, minor, patch
_VERSION = re.compile(r"^[A-Z0-9]+_[A-Z]+_\d\d\.(\d\d)\.\d\d(?:\.\d+)*")
_MAJOR = "07"


class RutosDriver:
    """One router. The session opens when first needed.

    Args:
        access: how to reach it; `interface` names any mobile interface of its modem ("mob1s1a1").
        password: of the account, which must be root.
        apn_passwords: profile name -> password of its APN, filled in when a command is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
        settle_s: pause between attempts on the SIM slot, in the way back too.
    """

    platform: ClassVar[str] = PLATFORM
    rollback: ClassVar[Rollback] = Rollback.DEVICE
    abilities: ClassVar[Abilities] = Abilities(
        device_timer=True,
        survives_power_cut=True,
        sim_slots=True,
        make_before_break=False,
        signal=True,
        survey=False,
    )

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
        self._apn_passwords = dict(apn_passwords)
        self._settle_s = settle_s
        self._session = ShellSession(access, username or access.username, password)
        secrets = (password, *apn_passwords.values())
        clock = clock or SystemClock()
        self._console = Console(self._session, secrets, clock, patience_s)
        self._deadman = DeadMan(self._console)
        self._slots = RutosSlots(self._console)
        self._applier = Applier(
            self._console, self._slots, clock, patience_s, min(SETTLE_S, settle_s)
        )

    @property
    def console(self) -> Console:
        """The checked console."""
        return self._console

    def identify(self) -> Identity:
        """Model and firmware. Raises `NotSupportedError` for anything but RutOS 7."""
        version = self._console.run("cat /etc/version").out.strip()
        match = _VERSION.match(version)
        if not match or match[1] != _MAJOR:
            raise NotSupportedError(
                self._console.subject,
                "identify",
                f"firmware {version or 'of unknown version'} is not RutOS 7",
                "correct platform in site_modem, or upgrade the modem",
            )
        model, _, _ = parse_board(self._console.run("ubus call system board").out)
        return Identity(platform=self.platform, model=model, version=version)

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        found = self._console.ask_all(_lines("read"))
        sections = parse_uci_show(found["uci"].usable)
        radio = _radio(found)
        name = rutos_plan.cellular(sections, self._interface).get(radio.sim_slot or "")
        if name:
            found |= self._console.ask_all(_lines("read_interface", section=name))
        return self._joined(found, name, sections.get(name or ""), radio)

    def _joined(
        self, found: dict[str, Answer], name: str | None, section: UciSection | None, radio: Radio
    ) -> ModemState:
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

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `rutos_plan.render`."""
        return rutos_plan.render(
            profile, state, plan_id, interface=self._interface, subject=self._console.subject
        )

    def backup(self) -> str:
        """The network configuration as `uci export` gives it, without secrets."""
        return exported(self._console)

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the device; see `openwrt_deadman`."""
        self._deadman.arm(plan, seconds, self._way_back(plan))

    def _way_back(self, plan: ChangePlan) -> WayBack:
        section = next((c.split()[1] for c in plan.undo if c.startswith("ifup ")), self._interface)
        slot = next((m[1] for c in plan.undo if (m := self._slots.line.search(c))), "")
        other = next((m[1] for c in plan.commands if (m := self._slots.line.search(c))), "")
        return way_back(self.platform, section, slot, self._settle_s, other=other)

    def pending(self) -> PendingRollback | None:
        """The timer on the device, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each value read back."""
        self._applier.apply(plan.commands, self._secret(plan.commands, plan.target))

    def configure(self, lines: tuple[str, ...], profile: WanProfile) -> None:
        """Make `uci` lines of a SIM that is not in use true; no bearer moves."""
        self._console.configure(lines, self._secret(lines, profile.name))

    def confirm(self, plan_id: str) -> None:
        """Remove the timer and see that it is gone; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old values now, then the timer away; idempotent."""
        self._applier.apply(plan.undo, self._secret(plan.undo, plan.previous))
        self._deadman.clear(plan.plan_id)

    def signal(self) -> Signal:
        """Radio figures now."""
        return gsmctl_parse.parse_signal(self._console.ask("gsmctl -q"))

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _secret(self, commands: tuple[str, ...], profile: str) -> str:
        if not wants_secret(commands):
            return ""
        return apn_password(self._apn_passwords, profile, self._console.subject)


class RutosSlots:
    """SIM slots by `gsmctl`, whose only command for them is a toggle.

    Args:
        console: the way to the device.
    """

    line = re.compile(r'^\[ "\$\(gsmctl -T\)" = (\d+) \] \|\| gsmctl -Y$')
    _DONE = re.compile(r"^OK$", re.MULTILINE)

    def __init__(self, console: Console) -> None:
        self._console = console

    def read(self) -> str | None:
        """The active slot; None while the modem restarts."""
        return gsmctl_parse.parse_slot(self._console.run("gsmctl -T").out)

    def choose(self, slot: str) -> None:
        """Toggle, if and only if the slot read at this moment is known and another one."""
        now = self.read()
        if now == slot:
            return
        if now is None:
            raise DeviceError(
                self._console.subject,
                f"select SIM slot {slot}",
                "the modem does not tell which slot is active",
                "nothing was sent: its only command is a toggle",
            )
        say(self._console, "gsmctl -Y", self._DONE)


def _lines(template: str, **values: object) -> tuple[tuple[str, str], ...]:
    """Commands of a reading by label."""
    lines = command_lines(PLATFORM, template, **values)
    return tuple((name, command) for name, _, command in (ln.partition(": ") for ln in lines))


def _radio(found: dict[str, Answer]) -> Radio:
    """The record of `--info`, completed by the short options."""
    radio = gsmctl_parse.parse_information(found["info"].usable)
    return dataclasses.replace(
        radio,
        sim_slot=gsmctl_parse.parse_slot(found["slot"].usable) or radio.sim_slot,
        imsi=radio.imsi or gsmctl_parse.parse_digits(found["imsi"].usable),
        iccid=radio.iccid or gsmctl_parse.parse_digits(found["iccid"].usable),
    )
