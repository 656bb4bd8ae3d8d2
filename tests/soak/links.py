"""The carriers of the soak: one process between the sites' namespaces and the data centre's.

Each site has a TUN device whose other end lies in the hub's namespace; between the two a
`lab.link_model.Link` decides when a packet arrives, or that it does not. Told over a UNIX datagram
socket: `{"site": NAME, "down": true}`, `{"site": NAME, "profile": NAME, "speed": 10}`,
`{"free": true}` (every link, or the `site`'s, as fast as this machine, for the end).
"""

from __future__ import annotations

import ctypes
import heapq
import json
import os
import random
import select
import socket
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lab.link_model import Link, LinkProfile
from lab.relay import open_tun

_CLONE_NEWNET = 0x40000000
_READS = 64
PROFILES = Path(__file__).resolve().parents[2] / "lab/link_profiles.json"


def link_profile(name: str, speed: float = 1.0) -> LinkProfile:
    """A profile of the lab; at `speed` 10 a day's traffic, and its gaps, pass in a tenth of it."""
    rows = json.loads(PROFILES.read_text(encoding="utf-8"))["profiles"]
    real = LinkProfile.parse(name, rows[name])
    low, high = real.gap_seconds
    return replace(
        real,
        down_kbps=real.down_kbps * speed,
        up_kbps=real.up_kbps * speed,
        gaps_per_hour=real.gaps_per_hour * speed,
        gap_seconds=(low / speed, high / speed),
    )


def tun_in(namespace: str, device: str) -> int:
    """A TUN device made in another network namespace; its descriptor works from here."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(other, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns", namespace)
        return open_tun(device)
    finally:
        libc.setns(own, _CLONE_NEWNET)
        os.close(own)
        os.close(other)


@dataclass
class Wire:
    """One site's link and its two ends."""

    site_end: int
    hub_end: int
    link: Link | None
    down: bool = False


@dataclass
class Carriers:
    """All links, and the packets under way."""

    chance: random.Random
    wires: dict[str, Wire] = field(default_factory=dict)
    _flying: list[tuple[float, int, int, bytes]] = field(default_factory=list)
    _sequence: int = 0

    def add(self, site: str, namespace: str, hub: str, device: str) -> None:
        """Make both ends."""
        ends = tun_in(namespace, "wan0"), tun_in(hub, device)
        self.wires[site] = Wire(*ends, link=None)

    def offer(self, wire: Wire, packet: bytes, *, upward: bool) -> None:
        """Take one packet at one end."""
        now = time.monotonic()
        if wire.down:
            return
        arrival: float | None = now
        if wire.link is not None:
            arrival = wire.link.arrival(upward=upward, size=len(packet), now=now)
        if arrival is not None:
            self._sequence += 1
            target = wire.hub_end if upward else wire.site_end
            heapq.heappush(self._flying, (arrival, self._sequence, target, packet))

    def release(self) -> float:
        """Hand over what is due; seconds until the next packet."""
        now = time.monotonic()
        while self._flying and self._flying[0][0] <= now:
            _, _, target, packet = heapq.heappop(self._flying)
            try:
                os.write(target, packet)
            except OSError:
                continue  # the device is down or full: lost, as on the air
        return min(1.0, max(0.0, self._flying[0][0] - now)) if self._flying else 1.0

    def obey(self, request: dict[str, Any]) -> None:
        """One control request."""
        if request.get("free"):
            wires = [self.wires[request["site"]]] if "site" in request else self.wires.values()
            for wire in wires:
                wire.link, wire.down = None, False
            return
        wire = self.wires[request["site"]]
        if "down" in request:
            wire.down = bool(request["down"])
        if "profile" in request:
            profile = link_profile(request["profile"], request["speed"])
            wire.link = Link(profile, self.chance, time.monotonic())


def serve(config: dict[str, Any]) -> None:
    """Carry packets until killed."""
    carriers = Carriers(random.Random(config["seed"]))  # noqa: S311 - weather, not cryptography
    for site in config["sites"]:
        carriers.add(site["name"], site["namespace"], config["hub"], site["device"])
    control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    control.bind(config["socket"])
    ends = {wire.site_end: (wire, True) for wire in carriers.wires.values()}
    ends |= {wire.hub_end: (wire, False) for wire in carriers.wires.values()}
    wait = 1.0
    while True:
        ready, _, _ = select.select([*ends, control.fileno()], [], [], wait)
        for descriptor in ready:
            if descriptor == control.fileno():
                carriers.obey(json.loads(control.recv(65536)))
                continue
            wire, upward = ends[descriptor]
            for _ in range(_READS):
                try:
                    packet = os.read(descriptor, 65536)
                except OSError:
                    break
                carriers.offer(wire, packet, upward=upward)
        wait = carriers.release()


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
