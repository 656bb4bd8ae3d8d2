"""The real radio side: a PDP context at the carrier's packet core, by `sgsnemu`.

`sgsnemu` makes a TUN with the address the core gave; killing it takes TUN, address and routes away
at once, as a modem that restarts does (SIGTERM takes it 6-20 s to say goodbye).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.twins.engine.radio import AttachRefusedError, Bearer, Forwarding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lab.twins.engine.radio import SimCard

_ADDRESS = re.compile(r"received EUA with IP address: ([\d.]+)")
_CAUSE = re.compile(r"Cause value: (\d+)")
_ACCEPTED = 128
# the core answers within 0.1 s; sgsnemu itself repeats a request that got no answer
_ANSWER_S = 12.0
_LTE_MTU = 1400  # leaves room for GTP, and for WireGuard inside
_BARE = "table ip twin-{device}\ndelete table ip twin-{device}\n"
_MASQUERADE = """\
table ip twin-{device} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat
    oifname "{device}" masquerade
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class CarrierPort:
    """Where this modem meets a carrier's packet core."""

    interface: str
    local: str
    ggsn: str
    dns: tuple[str, ...] = ("198.51.100.10",)


class SgsnemuRadio:
    """One bearer at a time over real GTP.

    Args:
        carriers: carrier -> its port.
        state: directory on the flash; each carrier keeps its restart counter there.
        device: name of the TUN.
        table: routing table in which the bearer carries the default route.
    """

    def __init__(
        self,
        carriers: Mapping[str, CarrierPort],
        state: Path,
        device: str = "wwan0",
        *,
        table: str = "main",
    ) -> None:
        self._carriers = carriers
        self._state = state
        self._device = device
        self._table = table
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[None] | None = None
        self._forwarding: Callable[[], Forwarding] = Forwarding

    def obey(self, forwarding: Callable[[], Forwarding]) -> None:
        """Ask this, whenever a bearer comes up, what becomes of the LAN's packets."""
        self._forwarding = forwarding

    async def attach(self, sim: SimCard, apn: str) -> Bearer:
        """Create the PDP context. Raises `AttachRefusedError` with the core's cause."""
        port = self._carriers.get(sim.carrier)
        if port is None:
            raise AttachRefusedError(None, f"no coverage of {sim.carrier}")
        await self.detach()
        directory = self._restart_counter(sim.carrier)
        self._process = await asyncio.create_subprocess_exec(
            # without line buffering its answer would wait in the pipe until sgsnemu ends
            "stdbuf", "-oL", "sgsnemu",
            "--listen", port.local, "--remote", port.ggsn, "--apn", apn,
            "--imsi", sim.imsi, "--createif", "--tun-device", self._device,
            cwd=directory, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = await asyncio.wait_for(self._answer(self._process), _ANSWER_S)
        except TimeoutError:
            await self.detach()
            raise AttachRefusedError(None, "no answer from the network") from None
        except AttachRefusedError:
            await self.detach()
            raise
        _sync(directory / "gsn_restart")
        self._drain = asyncio.create_task(self._discard(self._process))
        await self._bring_up(address)
        return Bearer(address, port.dns)

    async def wait_lost(self) -> None:
        """Return when sgsnemu ended."""
        if self._process is not None:
            await self._process.wait()

    async def detach(self) -> None:
        """Kill sgsnemu and wait until it is reaped: its sockets must be free for the next."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if self._drain is not None:
            self._drain.cancel()

    def _restart_counter(self, carrier: str) -> Path:
        """The carrier's own directory; its counter only ever counts up, also over power cuts."""
        directory = self._state / f"gn-{carrier}"
        directory.mkdir(parents=True, exist_ok=True)
        counter = directory / "gsn_restart"
        if not counter.exists():
            counter.write_text("0\n", encoding="ascii")
        return directory

    @staticmethod
    async def _answer(process: asyncio.subprocess.Process) -> str:
        """The address in sgsnemu's output. Raises `AttachRefusedError`."""
        if process.stdout is None:
            raise AttachRefusedError(None, "no output")
        last = ""
        async for raw in process.stdout:
            line = raw.decode(errors="replace").strip()
            cause = _CAUSE.search(line)
            if cause and int(cause[1]) != _ACCEPTED:
                raise AttachRefusedError(int(cause[1]))
            if found := _ADDRESS.search(line):
                return found[1]
            last = line or last
        raise AttachRefusedError(None, last)

    @staticmethod
    async def _discard(process: asyncio.subprocess.Process) -> None:
        """Keep reading, or sgsnemu blocks on a full pipe."""
        while process.stdout is not None and await process.stdout.read(4096):
            pass

    async def _bring_up(self, address: str) -> None:
        """Wait until the TUN carries the address, then route and masquerade as configured."""
        deadline = asyncio.get_running_loop().time() + _ANSWER_S
        while not await _run("ip", "-4", "addr", "show", "dev", self._device, wanted=address):
            if asyncio.get_running_loop().time() > deadline:
                await self.detach()
                raise AttachRefusedError(None, f"{self._device} did not come up")
            await asyncio.sleep(0.05)
        await _run("ip", "link", "set", self._device, "up", "mtu", str(_LTE_MTU))
        await self._forward()

    async def _forward(self) -> None:
        """Route and masquerade the LAN's packets as configured at this moment."""
        forwarding = self._forwarding()
        rules = _BARE + (_MASQUERADE if forwarding.masquerade else "")
        await _run("nft", "-f", "-", text=rules.format(device=self._device))
        if forwarding.default_route:
            way = ("default", "dev", self._device, "table", self._table)
            await _run("ip", "route", "replace", *way)


async def _run(*command: str, text: str = "", wanted: str = "") -> bool:
    """Run a program; True when it exits 0 and its output contains `wanted`."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    output, _ = await process.communicate(text.encode())
    return process.returncode == 0 and wanted in output.decode()


def _sync(path: Path) -> None:
    """Put a small file on disk, so that a power cut does not turn the counter back."""
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
