"""The carrier's radio access: a userspace relay between the packet gateway and the core network.

Two TUN devices: `sub0` faces the subscribers (the gateway's own TUN), `core0` the data centre.
Policy routing sends every subscriber packet through both, and here it waits, queues or is lost as
the subscriber's `link_model.Link` says. Works where the kernel has no netem.

Runs inside the carrier container as `python3 -m lab.relay CONFIG`: standard library only. It is
told things at run time over a UNIX datagram socket, one JSON object a datagram:
`{"profile": NAME, "imsi": IMSI}` (without `imsi`: everybody), `{"dead": true}`, `{"stats": true}`.
"""

from __future__ import annotations

import fcntl
import heapq
import ipaddress
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab import subscribers
from lab.link_model import Link, LinkProfile

SOCKET = "/run/rekamatan-relay.sock"
SUBSCRIBER_SIDE = "sub0"
CORE_SIDE = "core0"
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x0001 | 0x1000
_READS_PER_WAKE = 64  # bounds how long one busy direction can keep the other waiting
_ASK_EVERY_S = 2.0  # addresses are handed out anew at each attach
_IPV4 = 4


def open_tun(name: str) -> int:
    """A TUN device of our own; its file descriptor, non-blocking."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN_NO_PI))
    return descriptor


def steer(gateway_devices: list[str], pool: str) -> None:
    """Route what comes from subscribers, and what goes to them, through the relay."""
    commands = (
        f"link set {SUBSCRIBER_SIDE} up",
        f"link set {CORE_SIDE} up",
        f"route replace default dev {SUBSCRIBER_SIDE} table 100",
        f"route replace default dev {CORE_SIDE} table 200",
        # Up: from the gateway's TUN into the relay. Down: what the core sends to the pool.
        *[f"rule add pref 100 iif {device} lookup 100" for device in gateway_devices],
        f"rule add pref 200 iif dc0 to {pool} lookup 200",
    )
    for command in commands:
        subprocess.run(["ip", *command.split()], check=False)


class Relay:
    """Packets in flight, links by subscriber, and the numbers."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.profiles = {
            name: LinkProfile.parse(name, row) for name, row in config["profiles"].items()
        }
        self.assigned: dict[str, str] = dict(config["subscribers"])
        self.default: str = config["default"]
        self.dead = False
        self.counters = {"up": 0, "down": 0, "lost": 0, "unknown": 0}
        self._chance = random.Random(config.get("seed"))  # noqa: S311 - weather, not cryptography
        self._links: dict[str, Link] = {}
        self._imsi_of: dict[str, str] = {}
        self._asked = 0.0
        self._flying: list[tuple[float, int, bool, bytes]] = []
        self._sequence = 0
        self._tuns = {True: -1, False: -1}

    def open(self) -> tuple[int, int]:
        """Create both TUN devices; their descriptors (subscriber side, core side)."""
        subscriber_side, core_side = open_tun(SUBSCRIBER_SIDE), open_tun(CORE_SIDE)
        # A packet that came up leaves on the core side, and the other way round.
        self._tuns = {True: core_side, False: subscriber_side}
        self._fit_mtu()
        return subscriber_side, core_side

    def _fit_mtu(self) -> None:
        """The kernel answers "fragmentation needed" for us, at the smallest MTU in use."""
        used = {self.default, *self.assigned.values()}
        mtu = min(self.profiles[name].mtu for name in used)
        for device in (SUBSCRIBER_SIDE, CORE_SIDE):
            subprocess.run(["ip", "link", "set", device, "mtu", str(mtu)], check=False)

    def learn(self, now: float) -> None:
        """Ask the gateway who holds which address."""
        self._asked = now
        try:
            self._imsi_of = subscribers.ask()
        except OSError:
            return  # it is restarting: the last answer stands until the next question

    def link_for(self, address: str, now: float) -> Link | None:
        """The subscriber's link; None for an address the gateway does not know."""
        stale = now - self._asked > _ASK_EVERY_S
        missing = address not in self._imsi_of and now - self._asked > _ASK_EVERY_S / 4
        if stale or missing:
            self.learn(now)
        imsi = self._imsi_of.get(address)
        if imsi is None:
            return None
        name = self.assigned.get(imsi, self.default)
        link = self._links.get(imsi)
        if link is None or link.profile.name != name:
            link = self._links[imsi] = Link(self.profiles[name], self._chance, now)
        return link

    def offer(self, packet: bytes, *, upward: bool, now: float) -> None:
        """Take one IP packet; it arrives later, or never."""
        if packet[0] >> 4 != _IPV4 or self.dead:
            return
        address = str(ipaddress.ip_address(packet[12:16] if upward else packet[16:20]))
        link = self.link_for(address, now)
        if link is None:
            self.counters["unknown"] += 1
            return
        arrival = link.arrival(upward=upward, size=len(packet), now=now)
        if arrival is None:
            self.counters["lost"] += 1
            return
        self._sequence += 1
        heapq.heappush(self._flying, (arrival, self._sequence, upward, packet))

    def release(self, now: float) -> float:
        """Hand over every packet that is due; seconds until the next one (at most one)."""
        while self._flying and self._flying[0][0] <= now:
            _, _, upward, packet = heapq.heappop(self._flying)
            self.counters["up" if upward else "down"] += 1
            try:
                os.write(self._tuns[upward], packet)
            except OSError:
                self.counters["lost"] += 1  # the device is down: the packet has nowhere to go
        return min(1.0, max(0.0, self._flying[0][0] - now)) if self._flying else 1.0

    def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        """One control request; the answer."""
        if "profile" in request:
            name = request["profile"]
            if name not in self.profiles:
                return {"error": f"no profile {name}", "profiles": sorted(self.profiles)}
            chosen = [request["imsi"]] if "imsi" in request else list(self.assigned)
            self.assigned.update(dict.fromkeys(chosen, name))
            self._fit_mtu()
        if "dead" in request:
            self.dead = bool(request["dead"])
        if "stats" in request:
            self.learn(time.monotonic())
        return {
            "dead": self.dead,
            "assigned": self.assigned,
            "attached": self._imsi_of,
            "counters": self.counters,
        }


def drain(relay: Relay, descriptor: int, *, upward: bool) -> None:
    """Read what one TUN has, up to the bound."""
    for _ in range(_READS_PER_WAKE):
        try:
            packet = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        relay.offer(packet, upward=upward, now=time.monotonic())


def answer(relay: Relay, control: socket.socket) -> None:
    """Serve one control datagram."""
    text, sender = control.recvfrom(65536)
    reply = relay.obey(json.loads(text))
    if sender:
        control.sendto(json.dumps(reply).encode(), sender)


def serve(config: dict[str, Any]) -> None:
    """Relay for ever."""
    relay = Relay(config)
    subscriber_side, core_side = relay.open()
    steer(config["gateway_devices"], config["pool"])
    Path(SOCKET).unlink(missing_ok=True)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    control.bind(SOCKET)
    wait = 1.0
    while True:
        # select, not epoll: its time-out counts in microseconds, epoll's in milliseconds.
        readable: list[int] = [subscriber_side, core_side, control.fileno()]
        ready, _, _ = select.select(readable, [], [], wait)
        if subscriber_side in ready:
            drain(relay, subscriber_side, upward=True)
        if core_side in ready:
            drain(relay, core_side, upward=False)
        if control.fileno() in ready:
            answer(relay, control)
        wait = relay.release(time.monotonic())


def tell(request: str) -> str:
    """Send one request to the running relay; its answer as text. Raises `OSError`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.bind("")  # Linux gives an abstract name, so that the relay can answer
        client.settimeout(5)
        client.connect(SOCKET)
        client.send(request.encode())
        return client.recv(65536).decode()


if __name__ == "__main__":
    if sys.argv[1] == "--tell":
        print(tell(sys.argv[2]))
    else:
        serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
