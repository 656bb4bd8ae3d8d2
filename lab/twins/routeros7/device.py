"""The router: configuration, users, log, scheduler and modem, behind one console."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import deque
from typing import TYPE_CHECKING, Any

from lab.twins.engine.clock import TwinClock
from lab.twins.engine.faults import FaultFile
from lab.twins.engine.radio import Forwarding
from lab.twins.engine.ssh_server import HangUpError, HungError
from lab.twins.engine.store import FlashStore
from lab.twins.routeros7 import checking, factory, live, menus
from lab.twins.routeros7.editions import edition_of
from lab.twins.routeros7.interpreter import Interpreter
from lab.twins.routeros7.modem import Modem, Selection
from lab.twins.routeros7.schedule import Schedule
from lab.twins.routeros7.tables import Tables
from lab.twins.routeros7.values import ScriptError

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from lab.twins.engine.radio import Bearer, Radio
    from lab.twins.routeros7.config import TwinConfig
    from lab.twins.routeros7.menus import Menu
    from lab.twins.routeros7.printing import Row

LOG_LINES = 500


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
        self.edition = edition_of(config.version)
        self.clock = clock or TwinClock()
        self._radio = radio
        self._rebooting: asyncio.Task[None] | None = None
        self.faults = FaultFile(config.flash / "faults.json", faults)
        self.store = FlashStore(config.flash / "config.json", self._document, config.save_delay_s)
        self._power_on()

    def _power_on(self) -> None:
        self.booted_at = self.clock.monotonic()
        self.log_rows: deque[Row] = deque(maxlen=LOG_LINES)
        saved = self.store.load()
        self.tables = Tables(self, self.edition, saved)
        self.modem = Modem(
            self._radio,
            self.config.sims,
            self.config.timing,
            self.log,
            locked=self.config.pin_locked,
        )
        self._schedule = Schedule(
            self._run_event,
            lambda: self.faults.current().timers_dead,
            self.config.startup_s,
            self.clock,
            self.edition,
        )
        self._fresh = saved is None

    async def start(self) -> None:
        """Boot: configuration from flash (factory settings on a fresh device), modem, timers."""
        if self._fresh:
            factory.fill(self.tables, self.config, self.edition)
            self.store.flush()
        self._schedule.boot(self.tables.rows(menus.SCHEDULER))
        self._follow_configuration()
        self.log("system,info", "router rebooted")

    async def stop(self) -> None:
        """Shut down in order: what is not yet saved is saved."""
        self.store.flush()
        await self.power_cut()

    def reboot(self) -> None:
        """Restart in order: sessions end, what is not saved is saved, nothing is lost."""
        if self._rebooting is None:
            self._rebooting = asyncio.get_running_loop().create_task(self._reboot())

    async def _reboot(self) -> None:
        self.store.flush()
        await self.power_cut()
        await asyncio.sleep(self.config.timing.absent_s)
        self._power_on()
        await self.start()
        self._rebooting = None

    async def power_cut(self) -> None:
        """Lose power: what is not yet on flash is gone."""
        self.store.forget()
        self._schedule.stop()
        await self.modem.stop()
        self.store.forget()

    @property
    def forwarding(self) -> Forwarding:
        """A masquerade towards the modem, and the route its APN profile asks for."""
        rules = self.tables.rows(self.edition.by_path["ip", "firewall", "nat"])
        wanted = {"chain": "srcnat", "action": "masquerade", "disabled": "no"}
        masquerade = any(
            rule.items() >= wanted.items() and rule["out-interface"] in {"", "lte1"}
            for rule in rules
        )
        return Forwarding(masquerade, self.modem.wants_default_route)

    @property
    def bearer(self) -> Bearer | None:
        """The bearer at this moment."""
        return self.modem.bearer

    # Console

    def authenticate(self, username: str, password: str, peer: str) -> bool:
        """Whether user, password, and the addresses of user and service allow a login."""
        user = self._user(username)
        service = next(r for r in self.tables.rows(menus.SERVICE) if r["name"] == "ssh")
        known = user is not None and user["password"] == password and user["disabled"] != "yes"
        allowed = (
            known
            and user is not None
            and _within(peer, user["address"])
            and _within(peer, service["address"])
        )
        topic = "system,info,account" if allowed else "system,error,critical"
        verdict = "logged in" if allowed else "login failure for"
        self.log(topic, f"{verdict} user {username} from {peer} via ssh")
        return allowed

    def prompt(self, username: str) -> str:
        """`[admin@MikroTik] >`."""
        name = self._record("system", "identity")["name"]
        return f"[{username}@{name}] >"

    async def execute(self, username: str, line: str) -> str:
        """Run one console line; what it prints, an error last."""
        if self._rebooting is not None:
            raise HangUpError
        if line.strip() == "/system reboot":
            return "Reboot, yes? [y/N]: "
        faults = self.faults.current()
        if faults.hangs(line):
            raise HungError
        text = faults.answer(line)
        if text is None:
            run = Interpreter(self, username, self._policies(username))
            try:
                await run.run_text(line)
            except ScriptError as error:
                run.printed.append(str(error))
            text = "\n".join(run.printed)
        if faults.hangs_up(line) or self._rebooting is not None:
            raise HangUpError
        return text

    # What scripts reach

    def log(self, topics: str, message: str) -> None:
        """Write to the log; it is in memory and lost with the power."""
        moment = self.clock.now()
        now = f"{self.edition.date(moment)} {moment:%H:%M:%S}"
        self.log_rows.append({"time": now, "topics": topics, "message": message})

    async def monitor(self, interface: str) -> dict[str, str]:
        """Radio figures of the LTE interface. Raises `ScriptError`."""
        if not any(interface == row["name"] for row in self.tables.rows(menus.LTE)):
            raise ScriptError("no such item")
        return live.figures(self)

    async def ping(self, address: str, count: int) -> str:
        """Ping with the machine's own ping, printed as RouterOS prints it."""
        return await live.ping(address, count)

    async def run_script(self, name: str, policies: frozenset[str]) -> None:
        """Run a stored script with at most its own policies. Raises `ScriptError`."""
        row = next((r for r in self.tables.rows(menus.SCRIPT) if r["name"] == name), None)
        if row is None:
            raise ScriptError("no such item")
        wanted = frozenset(row["policy"].split(","))
        if not wanted <= policies:
            raise ScriptError("not enough permissions (9)")
        await Interpreter(self, row["owner"], wanted).run_text(row["source"])

    async def _run_event(self, entry: Row) -> None:
        policies = frozenset(entry["policy"].split(","))
        stored = {row["name"] for row in self.tables.rows(menus.SCRIPT)}
        try:
            if entry["on-event"] in stored:
                await self.run_script(entry["on-event"], policies)
            else:
                await Interpreter(self, entry["owner"], policies).run_text(entry["on-event"])
        except ScriptError as error:
            self.log("script,error", f"executing script from scheduler failed: {error}")

    # Observer of the configuration

    def changed(self, menu: Menu, before: Row | None, after: Row | None) -> None:
        """Act on a change, and save soon."""
        self.store.mark_dirty()
        if menu.path == menus.SCHEDULER.path:
            if after is not None:
                self._schedule.update(after)
            elif before is not None:
                self._schedule.remove(before)
        elif menu.path == menus.SCRIPT.path and after is not None:
            after["invalid"] = "no" if checking.valid(after["source"], self.edition) else "yes"
        elif menu.path in {menus.LTE.path, menus.APN.path, self.edition.slot.path}:
            self._follow_configuration()

    def live_rows(self, menu: Menu) -> list[Row] | None:
        """State shown as rows: addresses, routes, log, facts."""
        return live.rows(self, menu)

    def hides(self, menu: Menu) -> bool:
        """`lte1` is not there while the modem restarts after a SIM slot change."""
        return menu.path == menus.LTE.path and self.modem.absent

    def _follow_configuration(self) -> None:
        settings = self.tables.record(self.edition.slot)
        stored: dict[str, Any] = self.tables.document()["rows"]
        interface = next(iter(stored.get(menus.LTE.key, [])), None)
        if interface is None:
            return
        profiles = {row["name"]: row for row in stored.get(menus.APN.key, [])}
        profile = profiles.get(interface["apn-profiles"], {})
        # use-network-apn=yes makes the device ignore apn=; the network's own is not the district's
        # (RouterOS 6 has no such property)
        named = profile.get("use-network-apn", "no") == "no" or profile.get("default") == "yes"
        self.modem.select(
            Selection(
                slot=settings["sim-slot"],
                apn=profile.get("apn", "") if named else "network-default",
                add_default_route=profile.get("add-default-route", "yes") == "yes",
            )
        )

    def _document(self) -> dict[str, Any]:
        return self.tables.document()

    def _record(self, *path: str) -> Row:
        return self.tables.record(self.edition.by_path[path])

    def _user(self, username: str) -> Row | None:
        users = self.tables.rows(self.edition.by_path[("user",)])
        return next((row for row in users if row["name"] == username), None)

    def _policies(self, username: str) -> frozenset[str]:
        user = self._user(username)
        groups = self.tables.rows(self.edition.by_path["user", "group"])
        group = user["group"] if user else ""
        policy = next((row["policy"] for row in groups if row["name"] == group), "")
        return frozenset(policy.split(","))


def _within(peer: str, networks: str) -> bool:
    """Whether an address is in a comma-separated list of networks; an empty list allows all."""
    if not networks:
        return True
    address = ipaddress.ip_address(peer)
    return any(address in ipaddress.ip_network(n, strict=False) for n in networks.split(","))
