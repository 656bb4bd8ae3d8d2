"""The router: candidate, running and saved configuration, commit-confirm, timers, the modem."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

from lab.twins.engine.alarms import Alarms
from lab.twins.engine.clock import TwinClock
from lab.twins.engine.faults import FaultFile
from lab.twins.engine.radio import Forwarding
from lab.twins.engine.store import FlashStore
from lab.twins.routeros7.modem import Modem, Selection
from lab.twins.vyos.session import Session
from lab.twins.vyos.settings import Settings

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from lab.twins.engine.radio import Bearer, Radio
    from lab.twins.engine.terminal import Terminal
    from lab.twins.vyos.config import TwinConfig

CONFIRM = "commit-confirm"
BOOT_SCRIPT = "/config/scripts/vyos-postconfig-bootup.script"
_BOOT_HEAD = (
    "#!/bin/sh\n# This script is executed at boot time after VyOS configuration is applied.\n"
)
_BOOT_HOOK_S = 5.0  # the first look of a hook finds no modem yet
_HOOK = re.compile(r'grep -q "([^"]+)" /config/config\.boot.*--set-primary-sim-slot=(\d)')
_SLOT = re.compile(r"--set-primary-sim-slot=(\d)")
_NAT = re.compile(r"(nat source rule \d+) outbound-interface name$")
_LOG_LINES = 200


class Device:
    """One twin. `start` boots it, `power_cut` takes its power, `stop` shuts it down in order."""

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
        self.store = FlashStore(config.flash / "config.json", self._document, 0)
        self._modem_store = FlashStore(config.flash / "modem.json", lambda: {"slot": self.slot}, 0)
        document, modem = self.store.load(), self._modem_store.load()
        self.fresh = document is None
        lines = [(path, value) for path, value in document["lines"]] if document else None
        self.saved = Settings(lines if lines is not None else _factory(config))
        self.files: dict[str, str] = document["files"] if document else {BOOT_SCRIPT: _BOOT_HEAD}
        self.slot: str = modem["slot"] if modem else config.initial.sim_slot
        self.active = self.saved.copy()
        self.revisions = [self.active.copy()]
        self.unconfirmed = False
        self.units: dict[str, str] = {}  # transient systemd timers: unit -> what it runs
        self.modem = Modem(
            radio, config.sims, config.timing, self._notice, locked=config.pin_locked
        )
        self.alarms = Alarms(self.clock, lambda: self.faults.current().timers_dead)
        self.booted_at = self.clock.monotonic()
        self.boots = 1
        self.log_lines: deque[str] = deque(maxlen=_LOG_LINES)

    async def start(self) -> None:
        """Boot from the saved configuration, then the boot script."""
        if self.fresh:
            self.store.flush()
            self._modem_store.flush()
        self.alarms.start()
        self.follow()
        self._start_boot_script()

    async def stop(self) -> None:
        """Shut down: what was not saved is lost all the same."""
        await self.power_cut()

    async def power_cut(self) -> None:
        """Lose power: running configuration and timers are gone; the modem keeps its slot."""
        self.alarms.stop()
        await self.modem.stop()

    @property
    def forwarding(self) -> Forwarding:
        """A source NAT rule for the modem's interface, and the route that DHCP brings."""
        name, active = self.config.interface, self.active
        rules = (_NAT.match(path) for path, value in active.lines if value == name)
        masquerade = any(
            active.value(f"{rule[1]} translation address") == "masquerade" for rule in rules if rule
        )
        return Forwarding(masquerade, (f"interfaces wwan {name} address", "dhcp") in active.lines)

    @property
    def bearer(self) -> Bearer | None:
        """The bearer at this moment."""
        return self.modem.bearer

    # Console

    def authenticate(self, username: str, password: str, peer: str) -> bool:
        """Whether this user exists and the password is right."""
        del peer
        account = self.config.users.get(username)
        path = f"system login user {username} authentication plaintext-password"
        expected = account.password if account else self.active.value(path)
        return expected is not None and expected == password

    def may_configure(self, username: str) -> bool:
        """Level admin, or operator."""
        account = self.config.users.get(username)
        return account is None or account.group == "full"

    @property
    def hostname(self) -> str:
        """As configured."""
        return self.active.value("system host-name") or "vyos"

    def prompt(self, username: str) -> str:
        """The prompt after login."""
        return f"{username}@{self.hostname}:~$ "

    async def execute(self, username: str, line: str) -> str:
        """Run one line without a terminal."""
        return await Session(self, username, None).execute(line)

    async def serve(self, terminal: Terminal, username: str) -> None:
        """One interactive session."""
        await Session(self, username, terminal).run()

    # Configuration

    def commit(self, candidate: Settings, *, unconfirmed: bool = False) -> None:
        """Make it the running configuration. Raises `VyosError`."""
        candidate.check()
        self.active = candidate.copy()
        if not unconfirmed:
            self.revisions.insert(0, self.active.copy())
        self.follow()

    def start_confirm(self, minutes: int) -> None:
        """The timer of commit-confirm."""
        self.unconfirmed = True
        self.alarms.set(CONFIRM, minutes * self.config.minute_s, self._take_back)

    def confirm(self) -> None:
        """`confirm`: what runs now is the newest revision."""
        self.unconfirmed = False
        self.alarms.cancel(CONFIRM)
        self.revisions.insert(0, self.active.copy())

    def save(self) -> None:
        """`save`."""
        self.saved = self.active.copy()
        self.store.flush()

    async def _take_back(self) -> None:
        self.unconfirmed = False
        if self.config.revert == "reload":
            self.active = self.revisions[0].copy()
            self.follow()
            return
        await self.reboot()

    async def reboot(self) -> None:
        """Into the saved configuration; sessions end, transient units are gone."""
        self.boots += 1
        self.booted_at = self.clock.monotonic()
        for name in [CONFIRM, *self.units]:
            self.alarms.cancel(name)
        self.units.clear()
        self.unconfirmed = False
        self.active = self.saved.copy()
        self.revisions = [self.active.copy()]
        self.follow()
        self._start_boot_script()

    def follow(self) -> None:
        """Make the modem what the configuration says."""
        base = f"interfaces wwan {self.config.interface}"
        self.modem.select(Selection(self.slot, self.active.value(f"{base} apn") or ""))

    def select_slot(self, slot: str) -> None:
        """ModemManager's primary SIM slot; the modem restarts and remembers it."""
        self.slot = slot
        self._modem_store.flush()
        self.follow()

    # Timers of systemd, and the boot script

    def start_unit(self, unit: str, seconds: float, command: str) -> None:
        """`systemd-run --on-active`."""
        self.units[unit] = command

        async def run() -> None:
            self.units.pop(unit, None)
            self._run_shell(command)

        self.alarms.set(unit, seconds, run)

    def stop_unit(self, unit: str) -> None:
        """`systemctl stop`."""
        self.units.pop(unit, None)
        self.alarms.cancel(unit)

    def _run_shell(self, command: str) -> None:
        slot = _SLOT.search(command)
        needs = "is-active --quiet commit-confirm.timer &&" in command
        if slot and (self.unconfirmed or not needs):
            self.select_slot(slot[1])

    def _start_boot_script(self) -> None:
        for line in self.files.get(BOOT_SCRIPT, "").splitlines():
            if hook := _HOOK.search(line):
                self.alarms.set(f"boot {line}", _BOOT_HOOK_S, _Hook(self, hook[1], hook[2]))

    @property
    def boot_hooks_left(self) -> bool:
        """Whether a line of the boot script is still waiting."""
        lines = self.files.get(BOOT_SCRIPT, "").splitlines()
        return any(self.alarms.at(f"boot {line}") is not None for line in lines)

    def append(self, path: str, line: str) -> None:
        """A line at the end of a file under /config, which is on flash."""
        self.files[path] = f"{self.files.get(path, '')}{line}\n"
        self.store.flush()

    def drop_lines(self, path: str, pattern: str) -> None:
        """`sed -i '/pattern/d'`."""
        kept = [
            line for line in self.files.get(path, "").splitlines() if not re.search(pattern, line)
        ]
        self.files[path] = "".join(f"{line}\n" for line in kept)
        self.store.flush()

    def _document(self) -> dict[str, Any]:
        return {"lines": self.saved.lines, "files": self.files}

    def _notice(self, topics: str, message: str) -> None:
        self.log_lines.append(f"{topics}: {message}")


class _Hook:
    """A boot line: select the slot unless the saved configuration has the mark."""

    def __init__(self, device: Device, mark: str, slot: str) -> None:
        self._device, self._mark, self._slot = device, mark, slot

    async def __call__(self) -> None:
        if self._mark not in self._device.saved.commands():
            self._device.select_slot(self._slot)


def _factory(config: TwinConfig) -> list[tuple[str, str]]:
    """The configuration from the workshop."""
    initial, base = config.initial, f"interfaces wwan {config.interface}"
    lines = [
        ("interfaces ethernet eth0 address", f"{config.lan_address}/{config.lan_prefix}"),
        (f"{base} address", "dhcp"),
        (f"{base} apn", initial.apn),
        ("nat source rule 100 outbound-interface name", config.interface),
        ("nat source rule 100 translation address", "masquerade"),
        ("service ssh port", "22"),
        ("system host-name", config.identity),
    ]
    if initial.profile != "default":
        mark = f"rekamatan:{initial.profile} sim:{initial.sim_slot}"
        lines.insert(3, (f"{base} description", mark))
    if config.revert == "reload":
        lines.append(("system config-management commit-confirm action", "reload"))
    return lines
