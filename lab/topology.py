"""Who is connected to whom, with which address. Pure: inventory variables in, a plan out."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.disks import Disk
from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA_CENTRE = "pusat"
UPLINK_HOST = "198.18.0.1"  # RFC 2544 benchmark range: nobody routes it
UPLINK_DATA_CENTRE = "198.18.0.2"
UPLINK_PREFIX = 30


@dataclass(frozen=True, slots=True)
class Carrier:
    """One mobile network: a packet gateway, a radio relay, a way to the data centre."""

    slug: str
    index: int  # 1, 2, ...
    apns: tuple[str, ...]
    plmn: str

    @property
    def node(self) -> str:
        """`carrier-indosat`."""
        return f"carrier-{self.slug}"

    @property
    def gateway(self) -> str:
        """GTP address of the packet gateway."""
        return f"10.200.{self.index}.1"

    @property
    def pool(self) -> str:
        """Addresses for subscribers: RFC 6598, as behind any carrier's NAT."""
        return f"100.{64 + 16 * (self.index - 1)}.0.0/22"

    @property
    def public_address(self) -> str:
        """The address its subscribers are masqueraded to (RFC 5737)."""
        return f"203.0.113.{4 * self.index + 1}"

    @property
    def data_centre_side(self) -> str:
        """The data centre's address on the link to this carrier."""
        return f"203.0.113.{4 * self.index + 2}"

    @property
    def modem_port(self) -> str:
        """The modems' network device towards this carrier; Linux allows 15 characters."""
        return f"gn-{self.slug}"[:15]

    def modem_address(self, site_index: int) -> str:
        """Gn address of a site's modem on this carrier's access network."""
        return f"10.200.{self.index}.{10 + site_index}"


@dataclass(frozen=True, slots=True)
class Uplink:
    """A plain router of a site, as its slot in `site_sims` names it: ADDRESS or ADDRESS@DEVICE."""

    number: int  # 0, 1, ... in the order of site_sims
    profile: str
    address: str  # the router's, the server's next hop
    device: str  # the server's

    @property
    def port(self) -> str:
        """The router's port; the first is on the LAN's bridge."""
        return f"lan{self.number}" if self.number else "bridge"

    @property
    def server_address(self) -> str:
        """The server's address on this uplink: host 10 of a /24, as on the LAN."""
        return f"{self.address.rsplit('.', 1)[0]}.10"


@dataclass(frozen=True, slots=True)
class LabSite:
    """One office: a recording server, a modem, a workstation."""

    index: int  # 1, 2, ... in inventory order
    slug: str
    variables: Mapping[str, Any]  # merged inventory variables, secrets decrypted: never printed

    @property
    def server(self) -> str:
        """Node name of the recording server."""
        return f"server-{self.slug}"

    @property
    def modem(self) -> str:
        """Node name of the modem."""
        return f"modem-{self.slug}"

    @property
    def workstation(self) -> str:
        """Network namespace of the enrolment workstation."""
        return f"rkws-{self.slug}"

    @property
    def platform(self) -> str:
        """Which modem it has."""
        return str(self.variables["site_modem"]["platform"])

    @property
    def lan(self) -> ipaddress.IPv4Network:
        """The office's network."""
        return ipaddress.IPv4Network(self.variables["site_lan"])

    def address(self, number: int) -> str:
        """Host `number` of the LAN: 1 modem, 10 server, 20 workstation."""
        return str(self.lan.network_address + number)

    @property
    def tunnel_address(self) -> str:
        """The server's address in the tunnel."""
        return str(self.variables["site_vpn_address"])

    @property
    def uplinks(self) -> tuple[Uplink, ...]:
        """Where the server itself chooses between routers; empty at a site with one modem."""
        if self.variables["site_modem"]["platform"] != "plain_router":
            return ()
        found = []
        for number, (profile, sim) in enumerate(self.variables["site_sims"].items()):
            address, _, device = str(sim["slot"]).partition("@")
            found.append(Uplink(number, profile, address, device or "eth0"))
        return tuple(found)

    def imsi(self, carrier: str) -> str | None:
        """IMSI of this site's SIM for a carrier; None when it has none."""
        for profile, sim in self.variables["site_sims"].items():
            if self.variables["wan_profiles"][profile]["carrier"] == carrier:
                return str(sim["imsi"])
        return None

    def link_profile(self, carrier: str) -> str | None:
        """Name of the emulated link of this site on a carrier."""
        for profile, link in self.variables["site_link_profiles"].items():
            if self.variables["wan_profiles"][profile]["carrier"] == carrier:
                return str(link)
        return None


@dataclass(frozen=True, slots=True)
class District:
    """The whole lab as planned."""

    carriers: tuple[Carrier, ...]
    sites: tuple[LabSite, ...]
    data_centre: Mapping[str, Any]  # variables of host `pusat`
    attach_seconds: float = 2.0

    @property
    def service_address(self) -> str:
        """The data centre's public service address."""
        return str(self.data_centre["data_centre_address"])

    def site(self, slug: str) -> LabSite:
        """The site of that slug; raises `LabError` naming the ones there are."""
        for site in self.sites:
            if site.slug == slug:
                return site
        known = ", ".join(site.slug for site in self.sites)
        raise LabError(slug, "find the site", "not in the raised lab", f"raised: {known}")

    def carrier(self, slug: str) -> Carrier:
        """The carrier of that slug; raises `LabError` naming the ones there are."""
        for carrier in self.carriers:
            if carrier.slug == slug:
                return carrier
        known = ", ".join(carrier.slug for carrier in self.carriers)
        raise LabError(slug, "find the carrier", "not in the lab", f"carriers: {known}")

    def nodes(self) -> tuple[str, ...]:
        """Node names in the order in which they are started."""
        carriers = [carrier.node for carrier in self.carriers]
        modems = [site.modem for site in self.sites]
        servers = [site.server for site in self.sites]
        return (*carriers, DATA_CENTRE, *modems, *servers)

    def disks(self, node: str) -> tuple[Disk, ...]:
        """The node's disks that a power cut can hurt."""
        if node == DATA_CENTRE:
            return (
                Disk(node, "/var/lib/postgresql", 2048),
                Disk(node, "/var/lib/rekamatan", 8192),
            )
        if node.startswith("server-"):
            return (Disk(node, "/var/lib/rekamatan", 2048),)
        if node.startswith("modem-"):
            return (Disk(node, "/flash", 16),)
        return ()


def plan(hosts: Mapping[str, Mapping[str, Any]], slugs: list[str], attach_s: float) -> District:
    """The district's lab from the merged variables of each host.

    Args:
        hosts: variables by inventory name, including `pusat`.
        slugs: the sites to raise, in inventory order.
        attach_s: seconds a modem takes to attach.
    """
    sites = tuple(LabSite(i, slug, hosts[slug]) for i, slug in enumerate(slugs, start=1))
    profiles = hosts[DATA_CENTRE]["wan_profiles"]
    named = hosts[DATA_CENTRE]["carriers"]
    used = sorted({row["carrier"] for row in profiles.values()})
    carriers = tuple(
        Carrier(
            slug,
            index,
            tuple(sorted({row["apn"] for row in profiles.values() if row["carrier"] == slug})),
            str(named[slug]["plmns"][0]),
        )
        for index, slug in enumerate((s for s in used if named[s]["plmns"]), start=1)
    )
    return District(carriers, sites, hosts[DATA_CENTRE], attach_s)
