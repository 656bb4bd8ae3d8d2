"""The router: running and startup configuration, rollback, applets, and the modem."""

from __future__ import annotations

import copy
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.twins.engine.alarms import Alarms
from lab.twins.engine.clock import TwinClock
from lab.twins.engine.faults import FaultFile
from lab.twins.engine.radio import Forwarding
from lab.twins.engine.store import FlashStore
from lab.twins.ios import applets, config_tree, factory
from lab.twins.ios.session import Session
from lab.twins.routeros7.modem import Modem, Selection

if TYPE_CHECKING:
    from datetime import datetime

    from lab.twins.engine.faults import Faults
    from lab.twins.engine.radio import Bearer, Radio
    from lab.twins.engine.terminal import Terminal
    from lab.twins.ios.cellular import NvramProfile
    from lab.twins.ios.config import TwinConfig
    from lab.twins.ios.config_tree import Tree

OPERATORS = {"51001": "INDOSATOOREDOO", "51010": "TELKOMSEL"}
REVERT = "revert"
_LOG_LINES = 200
_DATA_PROFILE = re.compile(r"lte sim data-profile (\d+) attach-profile \d+(?: slot (\d+))?")
_PRIMARY = re.compile(r"lte sim primary slot (\d+)")
_PROFILE_ID = re.compile(
    r"profile id (\d+) apn (\S+) authentication (\S+)(?: username (\S+) password \d+ (\S+))?"
)


@dataclass(frozen=True)
class PendingRevert:
    """A rollback that happens unless it is confirmed."""

    backup: Tree
    minutes: int
    since: datetime
    user: str


class Device:
    """One twin. `start` boots it, `power_cut` takes its power, `stop` shuts it down in order.

    Only what was written survives: the startup configuration by `write memory`, modem profiles at
    once, because they are the modem's.
    """

    def __init__(
        self,
        config: TwinConfig,
        radio: Radio,
        faults: Faults | None = None,
        clock: TwinClock | None = None,
    ) -> None:
        self.config = config
        self.clock = clock or TwinClock()
        self.faults = FaultFile(config.flash / "faults.json", faults)
        self.store = FlashStore(config.flash / "startup.json", self._saved, 0)
        self._nvram = FlashStore(config.flash / "modem.json", lambda: dict(self._in_modem), 0)
        saved, in_modem = self.store.load(), self._nvram.load()
        self.fresh = saved is None
        self.startup: Tree = factory.configuration(config) if saved is None else saved["lines"]
        self._in_modem: dict[str, NvramProfile] = (
            factory.profiles(config) if in_modem is None else in_modem
        )
        self.running: Tree = copy.deepcopy(self.startup)
        users = {name: user.password for name, user in config.users.items()}
        self.passwords: dict[str, str] = users if saved is None else dict(saved["passwords"])
        self.modem = Modem(
            radio, config.sims, config.timing, self._notice, locked=config.pin_locked
        )
        self.alarms = Alarms(self.clock, lambda: self.faults.current().timers_dead)
        self.revert: PendingRevert | None = None
        self.registered_applets: dict[str, datetime] = {}
        self.log_lines: deque[str] = deque(maxlen=_LOG_LINES)
        self.active_slot = self.primary_slot or "0"
        self._backups = 0

    async def start(self) -> None:
        """Boot from the startup configuration."""
        if self.fresh:
            self.store.flush()
            self._nvram.flush()
        self.alarms.start()
        self.follow()
        self.log("%SYS-5-RESTART: System restarted --")

    async def stop(self) -> None:
        """Shut down: what was not written is lost all the same."""
        await self.power_cut()

    async def power_cut(self) -> None:
        """Lose power: running configuration, timers and applets are gone."""
        self.alarms.stop()
        await self.modem.stop()

    @property
    def forwarding(self) -> Forwarding:
        """`ip nat` from inside to outside, and the static default route."""
        cellular = f"Cellular{self.config.unit}"
        below = [line for lines in self.running.values() for line in lines]
        overload = re.compile(rf"ip nat inside source .* interface {cellular} overload")
        masquerade = (
            any(overload.match(line) for line in self.running)
            and "ip nat inside" in below
            and "ip nat outside" in self.running.get(f"interface {cellular}", [])
        )
        return Forwarding(masquerade, f"ip route 0.0.0.0 0.0.0.0 {cellular}" in self.running)

    @property
    def bearer(self) -> Bearer | None:
        """The bearer at this moment."""
        return self.modem.bearer

    # Console

    def authenticate(self, username: str, password: str, peer: str) -> bool:
        """Whether this user is in the running configuration and the password is right."""
        del peer
        known = any(line.startswith(f"username {username} ") for line in self.running)
        return known and self.passwords.get(username) == password

    def privilege(self, username: str) -> int:
        """15, or 7 for who only reads."""
        for line in self.running:
            if found := re.match(rf"username {re.escape(username)} privilege (\d+)", line):
                return int(found[1])
        return 1

    @property
    def hostname(self) -> str:
        """As configured."""
        lines = (line for line in self.running if line.startswith("hostname "))
        return next(lines, "hostname Router").partition(" ")[2]

    def prompt(self, username: str) -> str:
        """The prompt after login."""
        return f"{self.hostname}{'#' if self.privilege(username) > 1 else '>'}"

    async def execute(self, username: str, line: str) -> str:
        """Run one EXEC line without a terminal."""
        return await Session(self, username, None).execute(line)

    async def serve(self, terminal: Terminal, username: str) -> None:
        """One interactive session."""
        await Session(self, username, terminal).run()

    # Configuration

    @property
    def controller(self) -> list[str]:
        """The lines of the cellular controller."""
        return self.running.get(f"controller Cellular {self.config.unit}", [])

    @property
    def primary_slot(self) -> str | None:
        """The slot that is selected at boot."""
        found = [m[1] for line in self.controller if (m := _PRIMARY.match(line))]
        return found[-1] if found else None

    @property
    def current_number(self) -> str:
        """The data profile of the active SIM."""
        for line in self.controller:
            match = _DATA_PROFILE.match(line)
            if match and (match[2] or "0") == self.active_slot:
                return match[1]
        return "1"

    def profiles(self) -> dict[str, NvramProfile]:
        """Data profiles as the modem has them."""
        if self.config.keeps == "nvram":
            return self._in_modem
        found: dict[str, NvramProfile] = {}
        for line in self.controller:
            if match := _PROFILE_ID.match(line):
                number, apn, auth, user, password = match.groups()
                found[number] = {
                    "apn": apn,
                    "auth": auth,
                    "user": user or "",
                    "password": password or "",
                }
        return found

    def write_profile(self, number: str, profile: NvramProfile | None) -> None:
        """Into the modem's own memory, at once; None removes it."""
        if profile is None:
            self._in_modem.pop(number, None)
        else:
            self._in_modem[number] = profile
        self._nvram.flush()
        self.follow()

    def write_startup(self) -> None:
        """`write memory`."""
        self.startup = copy.deepcopy(self.running)
        self.store.flush()

    def _saved(self) -> dict[str, Any]:
        return {"lines": self.startup, "passwords": self.passwords}

    def activate(self, slot: str) -> None:
        """Move to the SIM in this slot; the modem restarts."""
        self.active_slot = slot
        self.log(f"%CELLWAN-2-SIM_ACTIVATION: [Cellular{self.config.unit}]: SIM slot {slot}")
        self.follow()

    def follow(self) -> None:
        """Make modem and applets what the configuration says."""
        applets.register(self)
        found = self.profiles().get(self.current_number)
        self.modem.select(Selection(self.active_slot, found["apn"] if found else ""))

    # Rollback

    def arm_revert(self, minutes: int, user: str) -> str:
        """Keep the running configuration; it comes back unless confirmed. Gives its file."""
        self._backups += 1
        backup = copy.deepcopy(self.running)
        self.revert = PendingRevert(backup, minutes, self.clock.now(), user)
        self.alarms.set(REVERT, minutes * self.config.minute_s, self._roll_back_late)
        return f"flash:archive-{self.clock.now():%b-%d-%H-%M-%S}-{self._backups}"

    def rearm_revert(self, minutes: int) -> None:
        """`configure revert timer`: the same backup, the time anew."""
        if self.revert is not None:
            kept = self.revert
            self.revert = PendingRevert(kept.backup, minutes, self.clock.now(), kept.user)
            self.alarms.set(REVERT, minutes * self.config.minute_s, self._roll_back_late)

    def confirm(self) -> None:
        """`configure confirm`."""
        self.revert = None
        self.alarms.cancel(REVERT)

    def roll_back(self) -> None:
        """Replace the running configuration by the one kept."""
        if self.revert is None:
            return
        self.running = self.revert.backup
        self.confirm()
        self.log("%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START: Start rolling back")
        self.follow()

    async def _roll_back_late(self) -> None:
        self.roll_back()

    @property
    def operator_name(self) -> str:
        """The name of the network of the active SIM."""
        sim = self.config.sims.get(self.active_slot)
        return OPERATORS.get(sim.plmn, sim.plmn) if sim else ""

    def running_text(self) -> str:
        """`show running-config`."""
        return self._whole(self.running)

    def startup_text(self) -> str:
        """`show startup-config`."""
        return self._whole(self.startup)

    def _whole(self, tree: Tree) -> str:
        release = ".".join(self.config.version.split(".")[:2])
        return f"!\nversion {release}\n{config_tree.text_of(tree)}\n!\nend\n"

    def log(self, message: str) -> None:
        """Write to the log; it is in memory."""
        self.log_lines.append(f"*{self.clock.now():%b %d %H:%M:%S.000}: {message}")

    def _notice(self, topics: str, message: str) -> None:
        del topics
        state = "up" if message.endswith("up") else "down"
        self.log(
            f"%LINEPROTO-5-UPDOWN: Line protocol on Interface Cellular{self.config.unit}, "
            f"changed state to {state} ({message})"
        )

    def document(self) -> dict[str, Any]:
        """Everything that makes the device what it is, for tests."""
        return {"running": self.running, "modem": self.profiles(), "slot": self.active_slot}
