"""The base configuration of a modem, the same words for every platform."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError, DeviceError

if TYPE_CHECKING:
    from rekamatan.models import ModemState, Site, WanProfile
    from rekamatan.modems.base import ModemDriver

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

    def named(self, name: str | None) -> WanProfile | None:
        """The profile of that name, when it is one of ours."""
        return next((profile for profile in self.profiles if profile.name == name), None)

    @property
    def initial(self) -> WanProfile:
        """The profile to activate where none of ours is."""
        return next(p for p in self.profiles if p.name == self.initial_profile)

    def in_use_afterwards(self, active: str | None) -> WanProfile:
        """A profile of ours that is in use stays; else the initial one."""
        return self.named(active) or self.initial

    def adoptable(self, state: ModemState) -> WanProfile | None:
        """The profile whose APN and SIM slot the modem uses already, under another name."""
        return next((p for p in self.profiles if dials_with(p, state)), None)


@dataclass(frozen=True, slots=True)
class BaseSecrets:
    """Passwords the base configuration needs."""

    read_password: str = field(repr=False)
    apn_passwords: dict[str, str] = field(repr=False, default_factory=dict)

    def apn_password(self, profile: WanProfile) -> str:
        """The password of a profile's APN, empty without authentication. Raises `ConfigError`."""
        if profile.auth == "none":
            return ""
        if password := self.apn_passwords.get(profile.name, ""):
            return password
        raise ConfigError(
            "vault.yml",
            f"vault_apn_passwords.{profile.name}",
            f"the APN uses {profile.auth} and has no password",
            "add the password the carrier gave",
        )


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


def dials_with(profile: WanProfile, state: ModemState) -> bool:
    """Whether the modem uses the APN and the SIM slot of a profile."""
    return profile.apn == state.apn and profile.sim.slot in {"", state.sim_slot}


def refuse_pending(driver: ModemDriver, subject: str) -> None:
    """For platforms where saving confirms. Raises `DeviceError` when a switch is pending."""
    if driver.pending() is not None:
        raise DeviceError(
            subject,
            "write the base configuration",
            "a switch is pending on the modem, and saving would confirm it",
            "settle it first: rekamatan wan pending",
        )
