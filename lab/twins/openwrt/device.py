"""The router: files, shell, processes, network daemon and modem, behind one SSH login."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections import deque
from typing import TYPE_CHECKING, Any

from lab.twins.engine.clock import TwinClock
from lab.twins.engine.faults import FaultFile
from lab.twins.engine.ssh_server import HangUpError, HungError
from lab.twins.engine.store import FlashStore
from lab.twins.openwrt import (
    applets,
    factory,
    mm_tools,
    qmi_tools,
    rutos_tools,
    shell_builtins,
    system_tools,
    uci_delta,
    uci_program,
)
from lab.twins.openwrt.files import Files
from lab.twins.openwrt.modem import Modem
from lab.twins.openwrt.netifd import Netifd
from lab.twins.openwrt.processes import Processes
from lab.twins.openwrt.shell import Shell
from lab.twins.openwrt.streams import Streams
from lab.twins.openwrt.uci_files import UciError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.engine.faults import Faults
    from lab.twins.engine.radio import Bearer, Forwarding, Radio
    from lab.twins.openwrt.config import TwinConfig
    from lab.twins.openwrt.shell import Program
    from lab.twins.openwrt.streams import Finished, Input

LOG_LINES = 500
NETWORK_STARTS = "S20"  # init scripts sorted before it run before the network daemon
_TOOLS = {
    "modemmanager": mm_tools.PROGRAMS,
    "qmi": qmi_tools.PROGRAMS,
    "rutos": rutos_tools.PROGRAMS,
}


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
        self.booted_at = self.clock.monotonic()
        self.log_lines: deque[str] = deque(maxlen=LOG_LINES)
        self.signal_rate = "0"
        self.faults = FaultFile(config.flash / "faults.json", faults)
        self.processes = Processes()
        self.store = FlashStore(config.flash / "config.json", self._document, config.save_delay_s)
        # the modem keeps its active slot in its own memory, at once
        self._memory = FlashStore(config.flash / "modem.json", lambda: {"slot": self.modem.slot}, 0)
        self.modem = Modem(
            radio, config.sims, config.pins, config.timing, self.log, self._slot_chosen
        )
        self.files = Files(self.store.mark_dirty, self._virtual)
        rutos = config.kind == "rutos"
        self.netifd = Netifd(self.files, self.modem, needs_sim=rutos)
        self.objects: dict[str, Callable[[str], dict[str, Any] | None]] = {}
        if rutos:
            self.objects = rutos_tools.objects(self.modem)
        self.programs: dict[str, Program] = {
            **shell_builtins.BUILTINS,
            **shell_builtins.PROGRAMS,
            **applets.PROGRAMS,
            **system_tools.PROGRAMS,
            **_TOOLS[config.kind],
            **uci_program.PROGRAMS,
        }
        if not config.detached:
            del self.programs["start-stop-daemon"]

    async def start(self) -> None:
        """Boot: flash (factory settings on a fresh device), modem, init scripts, network."""
        saved, memory = self.store.load(), self._memory.load()
        self.files.load(saved["files"] if saved else {})
        factory.make_directories(self.files)
        if saved is None:
            factory.fill(self.files, self.config)
        self.store.flush()
        self.modem.start(memory["slot"] if memory else self.config.initial.sim_slot)
        scripts = [n for n in self.files.names("/etc/rc.d") if n.startswith("S")]
        await self._run_init([name for name in scripts if name < NETWORK_STARTS])
        self.netifd.reload()
        await self._run_init([name for name in scripts if name >= NETWORK_STARTS])
        self.log("procd: - init complete -")

    async def _run_init(self, names: list[str]) -> None:
        for name in names:
            await Shell(self, "procd").execute([f"/etc/rc.d/{name}", "boot"], Streams())

    async def stop(self) -> None:
        """Shut down in order: what is not yet saved is saved."""
        self.store.flush()
        await self.power_cut()

    async def power_cut(self) -> None:
        """Lose power: what is not yet on flash is gone."""
        self.store.forget()
        await self.processes.stop()
        await self.modem.stop()
        self.store.forget()

    @property
    def forwarding(self) -> Forwarding:
        """As network and firewall are configured."""
        return self.netifd.forwarding()

    @property
    def bearer(self) -> Bearer | None:
        """The bearer at this moment."""
        return self.modem.bearer

    # login

    def authenticate(self, username: str, password: str, peer: str) -> bool:
        """Whether this account may log in."""
        account = self.config.users.get(username)
        allowed = bool(password) and account is not None and account.password == password
        verdict = "Password auth succeeded" if allowed else "Bad password attempt"
        self.log(f"dropbear: {verdict} for '{username}' from {peer}")
        return allowed

    def login_shell(self, *, interactive: bool) -> Shell:
        """A shell as a session gets it."""
        return Shell(self, "-ash" if interactive else "ash")

    def prompt(self, username: str, directory: str = "/root") -> str:
        """`root@OpenWrt:~#`."""
        place = "~" if directory == "/root" else directory
        return f"{username}@{self.hostname}:{place}#"

    async def execute(self, username: str, line: str) -> str:
        """Run one line past SSH; all that it prints."""
        del username
        done = await self.run(line)
        return done.out + done.err

    async def run(self, line: str, stdin: Input | None = None) -> Finished:
        """Run one line in a shell of its own."""
        return await self.login_shell(interactive=False).line(line, stdin)

    def hang_up(self) -> None:
        """All sessions drop now."""
        raise HangUpError

    def hang(self) -> None:
        """Nothing is answered any more."""
        raise HungError

    async def sleep(self, seconds: float) -> None:
        """Wait on the router's own clock."""
        until, jumped = self.clock.monotonic() + seconds, asyncio.Event()
        self.clock.wakes(jumped)
        try:
            while (left := until - self.clock.monotonic()) > 0:
                jumped.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(jumped.wait(), left)
        finally:
            self.clock.forget(jumped)

    # what programs reach

    @property
    def hostname(self) -> str:
        """The router's name, as configured."""
        try:
            system = uci_delta.committed(self.files, "system").find("@system[0]")
        except UciError:
            system = None
        return str(system.options.get("hostname", "OpenWrt")) if system else "OpenWrt"

    @property
    def lan_network(self) -> str:
        """The LAN's network."""
        address = f"{self.config.lan_address}/{self.config.lan_prefix}"
        return str(ipaddress.ip_interface(address).network)

    def board(self) -> dict[str, Any]:
        """What `ubus call system board` tells."""
        rutos = self.config.kind == "rutos"
        version = self.config.version or factory.VERSIONS[self.config.kind]
        release = {"distribution": "OpenWrt", "version": "21.02.0" if rutos else version}
        return {
            "kernel": "5.15.150",
            "hostname": self.hostname,
            "system": "MediaTek MT7621 ver:1 eco:3",
            "model": "Teltonika RUTX50" if rutos else "ZBT WE826-T2",
            "board_name": "teltonika,rutx" if rutos else "zbtlink,we826-t2",
            "release": release,
        }

    def log(self, message: str) -> None:
        """Write to the system log; it is in memory and lost with the power."""
        self.log_lines.append(f"{self.clock.now():%a %b %e %H:%M:%S %Y} {message}")

    def _slot_chosen(self, slot: str) -> None:
        del slot
        self._memory.flush()
        self.netifd.connect()

    def _virtual(self, path: str) -> str | None:
        if path == "/proc/uptime":
            up = self.clock.monotonic() - self.booted_at
            return f"{up:.2f} {up:.2f}\n"
        parts = path.split("/")
        if path.startswith("/proc/") and path.endswith("/cmdline") and parts[2].isdigit():
            name = self.processes.name(int(parts[2]))
            return None if name is None else name.replace(" ", "\0") + "\0"
        return None

    def _document(self) -> dict[str, Any]:
        return {"files": self.files.document()}
