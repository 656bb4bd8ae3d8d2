"""The lab's wires, laid by hand: veth pairs between network namespaces, no bridge on the host.

podman's own networks would give the host an address beside every site: a back door past the bearer
under test. Here the host has one address on one link, the data centre's uplink.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import Any

from lab import engine
from lab.errors import LabError
from lab.shell import output, run, wait_until
from lab.topology import (
    DATA_CENTRE,
    UPLINK_DATA_CENTRE,
    UPLINK_HOST,
    UPLINK_PREFIX,
    Carrier,
    District,
    LabSite,
)

UPLINK = "rk-uplink"
_UPLINK_RANGE = ipaddress.IPv4Network(f"{UPLINK_HOST}/{UPLINK_PREFIX}", strict=False)


@dataclass(frozen=True, slots=True)
class End:
    """One end of a wire: a network namespace (process id, name, or "" for the host), a name."""

    namespace: str
    interface: str

    def ip(self, *commands: str, force: bool = False) -> None:
        """Run `ip` commands in the namespace, in one process."""
        prefix = _enter(self.namespace)
        flags = ["-force"] if force else []
        run([*prefix, "ip", *flags, "-batch", "-"], stdin="\n".join(commands), check=not force)

    def exists(self) -> bool:
        """Whether the interface is there."""
        probe = [*_enter(self.namespace), "ip", "link", "show", "dev", self.interface]
        return run(probe, check=False).returncode == 0

    def absent(self) -> bool:
        """Whether it is not there."""
        return not self.exists()


def _enter(namespace: str) -> list[str]:
    if not namespace:
        return []
    if namespace.isdigit():
        return ["nsenter", "--target", namespace, "--net"]
    return ["ip", "netns", "exec", namespace]


def inside(node: str, interface: str) -> End:
    """The end of a wire in a container."""
    return End(str(engine.pid(node)), interface)


def wire(near: End, far: End) -> bool:
    """A veth pair between two ends, unless it is there; True when it is new."""
    if near.exists() and far.exists():
        return False
    for end in (near, far):
        # The other half goes a moment after its partner's namespace died.
        if end.exists():
            end.ip(f"link del dev {end.interface}", force=True)
        wait_until(f"{end.interface} to be gone", end.absent, 10)
    near_place = f"netns {near.namespace}" if near.namespace else ""
    far_place = f"netns {far.namespace}" if far.namespace else ""
    near_end = [near.interface, *near_place.split()]
    far_end = [far.interface, *far_place.split()]
    run(["ip", "link", "add", *near_end, "type", "veth", "peer", "name", *far_end])
    return True


def check_uplink_range() -> None:
    """Refuse to start where the uplink's range is in use by somebody else."""
    table = json.loads(output(["ip", "-json", "-4", "route", "show", "table", "all"]))
    taken = taken_by([route for route in table if route.get("dev") != UPLINK])
    if taken:
        hint = f"remove the route to {taken}, or raise the lab on another machine"
        reason = f"this machine already routes {taken}"
        raise LabError(f"network {_UPLINK_RANGE}", "lay the uplink", reason, hint)


def taken_by(routes: list[dict[str, Any]]) -> str | None:
    """Destination of the route that claims part of the uplink's range; a default route does not."""
    for route in routes:
        if route["dst"] == "default":
            continue
        network = ipaddress.ip_network(route["dst"], strict=False)
        if network.prefixlen and network.overlaps(_UPLINK_RANGE):
            return str(route["dst"])
    return None


def wire_data_centre(district: District) -> None:
    """The uplink to the host; the service address. The links to carriers come with the carriers."""
    host = End("", UPLINK)
    centre = inside(DATA_CENTRE, "uplink")
    wire(host, centre)
    host.ip(f"address replace {UPLINK_HOST}/{UPLINK_PREFIX} dev {UPLINK}", f"link set {UPLINK} up")
    run(["sysctl", "-qw", f"net.ipv6.conf.{UPLINK}.disable_ipv6=1"], check=False)
    centre.ip(
        f"address replace {UPLINK_DATA_CENTRE}/{UPLINK_PREFIX} dev uplink",
        "link set uplink up",
        f"address replace {district.service_address}/32 dev lo",
        "link set lo up",
    )


def wire_carrier(carrier: Carrier, district: District) -> None:
    """The carrier's link to the data centre, and its route there."""
    mine = inside(carrier.node, "dc0")
    theirs = inside(DATA_CENTRE, f"wan-{carrier.slug}"[:15])
    wire(mine, theirs)
    mine.ip(
        f"address replace {carrier.public_address}/30 dev dc0",
        "link set dc0 up",
        f"route replace {district.service_address}/32 via {carrier.data_centre_side} dev dc0",
    )
    theirs.ip(
        f"address replace {carrier.data_centre_side}/30 dev {theirs.interface}",
        f"link set {theirs.interface} up",
    )


def wire_modem(site: LabSite, district: District) -> None:
    """The modem's radio: one access link per carrier. Its LAN ports come with `wire_lan`."""
    for carrier in district.carriers:
        radio = inside(site.modem, carrier.modem_port)
        port = inside(carrier.node, access_port(site))
        wire(radio, port)
        radio.ip(
            f"address replace {carrier.modem_address(site.index)}/24 dev {radio.interface}",
            f"link set {radio.interface} up",
        )
        # Isolated: modems reach the gateway on this network, never each other.
        port.ip(f"link set {port.interface} master br-gn", f"link set {port.interface} up")
        run(
            [
                *_enter(port.namespace),
                "bridge",
                "link",
                "set",
                "dev",
                port.interface,
                "isolated",
                "on",
            ]
        )


def access_port(site: LabSite) -> str:
    """The carrier's port to a site's modem."""
    return f"site{site.index}"


def wire_lan(site: LabSite, *, server: bool = True) -> None:
    """Server (if it has power) and workstation into the modem's LAN ports."""
    if site.workstation not in namespaces():
        run(["ip", "netns", "add", site.workstation])
    if server:
        _plug(inside(site.server, "eth0"), inside(site.modem, "ether1"))
    workstation = End(site.workstation, "eth0")
    if server:
        _wire_uplinks(site)
    _plug(workstation, inside(site.modem, "ether2"))
    workstation.ip(
        "link set lo up",
        f"address replace {site.address(20)}/{site.lan.prefixlen} dev eth0",
        "link set eth0 up",
    )


def _wire_uplinks(site: LabSite) -> None:
    """A cable of its own to each further router of the server's choice."""
    for uplink in site.uplinks[1:]:
        port = inside(site.modem, uplink.port)
        wire(inside(site.server, uplink.device), port)
        port.ip(
            f"address replace {uplink.address}/24 dev {port.interface}",
            f"link set {port.interface} up",
        )


def _plug(device: End, port: End) -> None:
    wire(device, port)
    port.ip(f"link set {port.interface} master bridge", f"link set {port.interface} up")


def namespaces() -> list[str]:
    """Names of the network namespaces there are."""
    return [line.split()[0] for line in output(["ip", "netns", "list"]).splitlines() if line]


def remove() -> None:
    """Take away what does not die with the containers."""
    for name in namespaces():
        if name.startswith("rkws-"):
            run(["ip", "netns", "del", name], check=False)
    if End("", UPLINK).exists():
        run(["ip", "link", "del", UPLINK], check=False)


def unplug(node: str) -> None:
    """Every cable of a node goes dead at once."""
    end = inside(node, "lo")
    listing = output([*_enter(end.namespace), "ip", "-json", "link", "show", "type", "veth"])
    names = [link["ifname"] for link in json.loads(listing or "[]") if link.get("ifname")]
    end.ip(*[f"link set {name} down" for name in names])
