"""Addresses of a district: every LAN its own, every tunnel address inside the tunnel's network."""

from __future__ import annotations

import ipaddress
from itertools import combinations
from typing import TYPE_CHECKING

from rekamatan.fleet.inventory_shape import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.fleet.inventory import Host, Inventory
    from rekamatan.fleet.inventory_files import Problem

SMALLEST_LAN = 28  # prefix length: the modem is the first address, the recording server is .10
# Indonesia: from Pulau Rote north to Pulau Weh, from Pulau Weh east to the border in Papua.
LATITUDES = (-11.1, 6.2)
LONGITUDES = (94.9, 141.1)
VPN_NETWORK = "data_centre_vpn.network"


def network_problems(inventory: Inventory) -> Iterator[Problem]:
    """Unusable and overlapping networks, tunnel addresses outside the tunnel or used twice."""
    lans: list[tuple[Host, ipaddress.IPv4Network]] = []
    for site in inventory.sites:
        lan = network(site.get("site_lan"))
        if lan is not None and lan.prefixlen <= SMALLEST_LAN:
            lans.append((site, lan))
        elif isinstance(site.get("site_lan"), str):
            reason = f"{site.get('site_lan')!r} is not a network with room for .1 and .10"
            yield site.problem("site_lan", reason, "write a network such as 192.168.101.0/24")
    for (one, lan), (other, other_lan) in combinations(lans, 2):
        if lan.overlaps(other_lan):
            reason = f"{other_lan} overlaps {lan} of {one.name}"
            yield other.problem("site_lan", reason, "give each office its own network")
    yield from _tunnel(inventory, lans)


def coordinate_problems(inventory: Inventory) -> Iterator[Problem]:
    """Points outside Indonesia; the usual slip is latitude and longitude exchanged."""
    for site in inventory.sites:
        latitude, longitude = site.get("site_latitude"), site.get("site_longitude")
        if not (_is_number(latitude) and _is_number(longitude)):
            continue  # told by the shape check
        fix = "write degrees: latitude about 2.1, longitude about 100.8 in Rokan Hilir"
        if _within(longitude, LATITUDES) and _within(latitude, LONGITUDES):
            fix = "latitude and longitude are exchanged"
        if not _within(latitude, LATITUDES):
            yield site.problem("site_latitude", f"{latitude} is outside Indonesia", fix)
        if not _within(longitude, LONGITUDES):
            yield site.problem("site_longitude", f"{longitude} is outside Indonesia", fix)


def network(text: object) -> ipaddress.IPv4Network | None:
    """The network `text` stands for, None when it stands for none."""
    try:
        return ipaddress.IPv4Network(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _tunnel(
    inventory: Inventory, lans: list[tuple[Host, ipaddress.IPv4Network]]
) -> Iterator[Problem]:
    tunnel = network(inventory.district.get(VPN_NETWORK))
    hub = inventory.district.get("data_centre_vpn.address")
    yield from duplicates(inventory, "site_vpn_address", "give each site its own tunnel address")
    if tunnel is None:
        if isinstance(inventory.district.get(VPN_NETWORK), str):
            reason, fix = "not a network", "write one such as 10.77.0.0/24"
            yield inventory.district.problem(VPN_NETWORK, reason, fix)
        return
    if not _inside(hub, tunnel):
        reason = f"{hub!r} is not in {tunnel}"
        fix = f"use an address such as {tunnel.network_address + 1}"
        yield inventory.district.problem("data_centre_vpn.address", reason, fix)
    for site, lan in lans:
        if lan.overlaps(tunnel):
            reason = f"{lan} overlaps the tunnel's network {tunnel}"
            yield site.problem("site_lan", reason, "choose another LAN, or another tunnel network")
    for site in inventory.sites:
        yield from _tunnel_address(site, tunnel, hub)


def _tunnel_address(site: Host, tunnel: ipaddress.IPv4Network, hub: object) -> Iterator[Problem]:
    address = site.get("site_vpn_address")
    if not isinstance(address, str):
        return
    if not _inside(address, tunnel):
        reason = f"{address!r} is not an address in {tunnel}"
        yield site.problem("site_vpn_address", reason, f"choose a free one in {tunnel}")
    elif address == hub:
        fix = f"choose another one in {tunnel}"
        yield site.problem("site_vpn_address", f"{address} is the data centre's own", fix)


def _inside(address: object, within: ipaddress.IPv4Network) -> bool:
    """True for a host address of the network, not its first or last."""
    try:
        found = ipaddress.IPv4Address(address) if isinstance(address, str) else None
    except ValueError:
        return False
    edges = {within.network_address, within.broadcast_address}
    return found is not None and found in within and found not in edges


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
