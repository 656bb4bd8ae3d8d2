"""The base configuration of a modem, the same words for every platform."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rekamatan.models import Site, WanProfile

# Leases come from the upper half, away from the fixed addresses of modem, server and printers,
# and stop at .249: the last addresses of a /24 stay free for whoever repairs something by hand.
_LAST_LEASE = 249


@dataclass(frozen=True, slots=True)
class BaseConfig:
    """What a modem has besides the active carrier; no secrets."""

    identity: str
    lan: str  # "192.168.101.1/24": the modem's own address on the office LAN
    dhcp_first: str
    dhcp_last: str
    profiles: tuple[WanProfile, ...]
    initial_profile: str  # activated only while no profile of ours is active
    read_user: str = "rekamatan-read"
    lan_interface: str = "bridge"

    @property
    def network(self) -> str:
        """The office LAN: the only network that may manage the modem."""
        return str(ipaddress.ip_interface(self.lan).network)

    @property
    def address(self) -> str:
        """The modem's address without its prefix length."""
        return str(ipaddress.ip_interface(self.lan).ip)


@dataclass(frozen=True, slots=True)
class BaseSecrets:
    """Passwords the base configuration needs."""

    read_password: str = field(repr=False)
    apn_passwords: dict[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class BaseChange:
    """What a run of the base configuration did, or with `check` would do."""

    changed: bool
    before: str
    after: str
    commands: tuple[str, ...] = ()  # without secrets


def base_of(site: Site) -> BaseConfig:
    """The base configuration that a site's desired state implies."""
    network = ipaddress.ip_network(site.lan)
    return BaseConfig(
        identity=site.slug,
        lan=f"{network[1]}/{network.prefixlen}",
        dhcp_first=str(network[network.num_addresses // 2]),
        dhcp_last=str(network[min(network.num_addresses - 2, _LAST_LEASE)]),
        profiles=tuple(site.profiles.values()),
        initial_profile=site.initial_profile,
        read_user=site.modem.read_username,
    )
