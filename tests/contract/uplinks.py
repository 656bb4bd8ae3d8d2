"""A recording server with two plain routers, in network namespaces of its own. Needs root."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

from lab.twins.engine.faults import Faults
from rekamatan.models import DataCentre, Limits, ModemAccess, Sim, Site, WanProfile
from rekamatan.modems import plain_router_beside as beside
from rekamatan.modems import plain_router_plan as plans
from rekamatan.modems.plain_router import PlainRouterDriver, restore
from rekamatan.verify.command import Completed, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

POSSIBLE = os.geteuid() == 0 and bool(shutil.which("ip")) and bool(shutil.which("ping"))
LIMITS = Limits(loss_percent=5, rtt_ms=900, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
# router -> its address on the server's side
ROUTERS = {"fibre": "192.168.101.1", "vsat": "192.168.102.1"}
ACCESS = ModemAccess("plain_router", "192.168.101.1", "", interface="to-fibre")
_NUMBERS = itertools.count(1)
_SEQUENCE = re.compile(r"icmp_seq=(\d+) ttl")


def profile(name: str, slot: str) -> WanProfile:
    """An uplink; nothing of it is a radio."""
    return WanProfile(name, name, "", (), Sim(slot, "", ""), LIMITS)


FIBRE = profile("fibre", "192.168.101.1")
VSAT = profile("vsat", "192.168.102.1@to-vsat")


def ip(*arguments: str) -> str:
    """`ip`, outside; raises when it fails."""
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


class Office:
    """The server's namespace, with programs run inside it, and the directory of its choice."""

    host_key = ""

    def __init__(self, directory: Path, faults: Faults | None = None) -> None:
        self.directory = directory
        self.faults = faults or Faults()
        self.port = next(_NUMBERS)
        self.server = f"rk-{os.getpid()}-{self.port}"
        self._stack = ExitStack()
        self._pings = directory / "pings"
        try:
            self._wire()
        except BaseException:
            self.close()
            raise

    def _wire(self) -> None:
        for name in (self.server, *map(self.router, ROUTERS)):
            ip("netns", "add", name)
            self._stack.callback(ip, "netns", "del", name)
            ip("-n", name, "link", "set", "lo", "up")
        for name, address in ROUTERS.items():
            here, inside, dev = self.server, self.router(name), f"to-{name}"
            ip("link", "add", dev, "netns", here, "type", "veth", "peer", "lan", "netns", inside)
            ip("-n", here, "addr", "add", address[:-1] + "10/24", "dev", dev)
            ip("-n", inside, "addr", "add", f"{address}/24", "dev", "lan")
            ip("-n", inside, "addr", "add", f"{plans.FAR}/32", "dev", "lo")
            ip("-n", here, "link", "set", dev, "up")
            ip("-n", inside, "link", "set", "lan", "up")
        # the machine's own configuration: fibre, as its installer left it, without a metric
        ip("-n", self.server, "route", "add", "default", "via", ROUTERS["fibre"])

    def router(self, name: str) -> str:
        """The router's namespace."""
        return f"{self.server}-{name}"

    def close(self) -> None:
        """Remove the namespaces."""
        self._stack.close()

    def run(self, argv: Sequence[str], timeout_s: float) -> Completed:
        """Run in the server's namespace, with the faults that are asked for."""
        false_answer = self.faults.answer(" ".join(argv))
        if false_answer is not None:
            return Completed(0, "", false_answer)
        return run(["ip", "netns", "exec", self.server, *argv], timeout_s)

    def driver(self) -> PlainRouterDriver:
        """The driver inside the server."""
        return PlainRouterDriver(ACCESS, "", {}, directory=self.directory, runner=self.run)

    def restore(self, initial: str = "fibre") -> bool:
        """What the unit does at boot and every minute."""
        centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
        profiles = {"fibre": FIBRE, "vsat": VSAT}
        lan = "192.168.101.0/24"
        site = Site("kubu", "14.07.01", "Kubu", lan, ACCESS, profiles, centre, initial)
        return restore(site, self.directory, self.run)

    def reaches(self, source: str = "") -> str:
        """Which router answers for an address far away: each has it, as its own internet."""
        way = ["-I", source] if source else []
        for name in ROUTERS:
            before = self._received(name)
            done = self.run(["ping", "-c", "1", "-W", "2", *way, plans.FAR], 10.0)
            if done.code == 0 and self._received(name) > before:
                return name
        return "nobody"

    def _received(self, router: str) -> int:
        """ICMP echoes that arrived at a router."""
        text = ip("netns", "exec", self.router(router), "cat", "/proc/net/snmp")
        rows = [line.split()[1:] for line in text.splitlines() if line.startswith("Icmp:")]
        return int(dict(zip(rows[0], rows[1], strict=True))["InEchos"])

    # What the contract suite looks at and does

    def watch(self) -> None:
        """Ping without a pause, to see whether a switch loses a packet."""
        with self._pings.open("wb") as file:
            command = ["ip", "netns", "exec", self.server, "ping", "-i", "0.02", plans.FAR]
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        self._stack.callback(process.wait, 10)
        self._stack.callback(process.kill)

    @property
    def gaps(self) -> int:
        """Echoes that were not answered although a later one was."""
        found = {int(number) for number in _SEQUENCE.findall(self._pings.read_text())}
        return max(found, default=0) - len(found)

    @property
    def attached(self) -> bool:
        return self.reaches() != "nobody"

    def is_on(self, profile: WanProfile) -> bool:
        table = self.run(["ip", "-4", "route", "show", "table", str(plans.TABLE)], 5.0).out
        hop = plans.hop_of(profile.sim.slot, ACCESS.interface)
        return f"default {hop}" in table and self.choice()["profile"] == profile.name

    def choice(self) -> dict[str, str]:
        """What is stored."""
        stored: dict[str, str] = json.loads((self.directory / "uplink.json").read_text())
        return stored

    def shown(self) -> str:
        commands = (["rule", "show"], ["route", "show", "table", "all"])
        texts = [self.run(["ip", "-4", *words], 5.0).out for words in commands]
        return "".join(texts) + json.dumps(self.choice())

    def apn_password(self, profile: WanProfile) -> str:
        raise NotImplementedError(f"{profile.name} has no APN")

    def wait_saved(self) -> None:
        """The choice is on the disk before the route is set."""

    def power_cut(self) -> None:
        """What a restart leaves: the machine's own configuration, none of our routes and rules."""
        for pref in (beside.PREF, beside.PREF + 1, plans.PREF, plans.PREF + 1):
            self.run(["ip", "-4", "rule", "del", "pref", str(pref)], 5.0)
        for table in (plans.TABLE, beside.TABLE):
            self.run(["ip", "-4", "route", "flush", "table", str(table)], 5.0)

    def boot(self) -> None:
        self.restore()

    def advance(self, seconds: float) -> None:
        """The unit's timer runs; nothing else here waits for a time."""
        del seconds
        self.restore()

    def change_host_key(self) -> None:
        raise NotImplementedError("nobody logs in")
