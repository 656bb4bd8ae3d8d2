"""What keeps an office recording: its UPS, its backup, its own application, its data volume."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.fleet.inventory import Host, Inventory
    from rekamatan.fleet.inventory_files import Problem

BackupPlace = Literal["data_centre", "none"]
UnlockWay = Literal["tpm2", "token", "passphrase"]

_UPS_NAME = re.compile(r"[a-z][a-z0-9]{0,30}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DEVICE = re.compile(r"/dev/[A-Za-z0-9._:/-]+")


@dataclass(frozen=True, slots=True)
class Ups:
    """`site_power_ups`: the UPS on the recording server, as NUT knows it."""

    name: str
    driver: str
    port: str = "auto"
    settings: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adapter:
    """`rekamatan_application.adapter`, see docs/adapter.md."""

    command: tuple[str, ...]
    timeout_s: float = 10.0
    settings: dict[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Package:
    """`rekamatan_application.package`: the very file, by its checksum."""

    name: str
    version: str
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Application:
    """`rekamatan_application`: another recording application; without an adapter: none."""

    adapter: Adapter | None = None
    package: Package | None = None
    service: str = ""
    health_command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LanService:
    """One entry of `rekamatan_application_services`: a port for the office LAN."""

    name: str
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, slots=True)
class DataVolume:
    """`site_data_volume`: an encrypted volume for what is readable; see role data_volume."""

    device: str
    unlock: tuple[UnlockWay, ...]
    mount: str = "/srv/rekamatan-data"


def upkeep_problems(inventory: Inventory) -> Iterator[Problem]:
    """What the roles would refuse only at the office, told here."""
    yield from _application(inventory.district)
    for site in inventory.sites:
        yield from _application(site)
        yield from _ups(site)
        yield from _backup_directory(site)
        yield from _data_volume(site)


def sites_without_ups(inventory: Inventory) -> list[str]:
    """Offices that a power failure stops at once: no fault of the inventory, but said."""
    return [site.name for site in inventory.sites if not site.get("site_power_ups")]


def _application(host: Host) -> Iterator[Problem]:
    if not host.get("rekamatan_application"):
        return
    if not host.get("rekamatan_application.adapter.command"):
        reason = "nobody would know what the application holds, so no carrier could be switched"
        fix = "add adapter.command; see docs/adapter.md"
        yield host.problem("rekamatan_application.adapter", reason, fix)
    checksum = host.get("rekamatan_application.package.sha256")
    if isinstance(checksum, str) and not _SHA256.fullmatch(checksum):
        fix = "take it from the ministry's letter, or run sha256sum on the package you checked"
        yield host.problem("rekamatan_application.package.sha256", "not 64 hexadecimal digits", fix)


def _ups(site: Host) -> Iterator[Problem]:
    name = site.get("site_power_ups.name")
    if isinstance(name, str) and not _UPS_NAME.fullmatch(name):
        fix = "use small letters and digits, such as kantor"
        yield site.problem("site_power_ups.name", f"{name!r} is no name for NUT", fix)


def _backup_directory(site: Host) -> Iterator[Problem]:
    directory = site.get("site_backup_directory")
    if isinstance(directory, str) and directory and not directory.startswith("/"):
        fix = "write where the second disk is mounted, such as /mnt/cadangan"
        yield site.problem("site_backup_directory", f"{directory!r} is not a full path", fix)


def _data_volume(site: Host) -> Iterator[Problem]:
    device, unlock = site.get("site_data_volume.device"), site.get("site_data_volume.unlock")
    if isinstance(device, str) and not _DEVICE.fullmatch(device):
        fix = "write its lasting name, such as /dev/disk/by-id/ata-…-part2"
        yield site.problem("site_data_volume.device", f"{device!r} is no device", fix)
    if isinstance(unlock, list) and not unlock:
        fix = "write at least passphrase; see the table in docs/operators.md"
        yield site.problem("site_data_volume.unlock", "nothing could open it", fix)
