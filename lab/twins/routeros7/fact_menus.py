"""Menus that only tell: what other people's tools ask a router for (interfaces, packages)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.routeros7.menus import DYNAMIC_FLAG, OFF, READ_ONLY_TABLE, YES_NO, Menu, Property

if TYPE_CHECKING:
    from lab.twins.routeros7.device import Device
    from lab.twins.routeros7.printing import Row

_MAC = "48:8F:5A:00:00:0"


def _facts(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name, read_only=True) for name in names)


def _named(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name, kind="name", read_only=True) for name in names)


def _flag(name: str) -> Property:
    return Property(name, "no", "flag", YES_NO, read_only=True)


INTERFACE = Menu(
    ("interface",),
    READ_ONLY_TABLE,
    (
        *_named("name", "default-name", "type"),
        *_facts("mtu", "actual-mtu", "mac-address", "last-link-up-time", "link-downs"),
        *(_flag(name) for name in ("dynamic", "disabled", "running", "slave")),
    ),
    flags=(DYNAMIC_FLAG, OFF, ("R", "running", "running"), ("S", "slave", "slave")),
)
IPV6_ADDRESS = Menu(
    ("ipv6", "address"), READ_ONLY_TABLE, _facts("address", "from-pool", "interface")
)
NEIGHBOR = Menu(
    ("ip", "neighbor"), READ_ONLY_TABLE, _facts("interface", "address", "mac-address", "identity")
)
PACKAGE = Menu(
    ("system", "package"),
    READ_ONLY_TABLE,
    (*_named("name", "version"), _flag("disabled")),
    flags=(OFF,),
)
ALL = (INTERFACE, IPV6_ADDRESS, NEIGHBOR, PACKAGE)


def interfaces(device: Device) -> list[Row]:
    """Port, bridge and modem."""
    now = f"{device.edition.date(device.clock.now())} {device.clock.now():%H:%M:%S}"
    bearer = device.modem.bearer
    kinds = (("ether1", "ether", "yes"), ("bridge", "bridge", "yes"))
    found = [
        {
            "name": name,
            "default-name": name if kind == "ether" else "",
            "type": kind,
            "mtu": "1500" if kind == "ether" else "auto",
            "actual-mtu": "1500",
            "mac-address": f"{_MAC}{at}",
            "last-link-up-time": now,
            "link-downs": "0",
            "running": running,
            "slave": "yes" if kind == "ether" else "no",
        }
        for at, (name, kind, running) in enumerate(kinds)
    ]
    lte = {"name": "lte1", "default-name": "lte1", "type": "lte", "mtu": "1500"}
    lte |= {"actual-mtu": "1500", "mac-address": f"{_MAC}9", "link-downs": "0"}
    found.append({**lte, "running": "yes" if bearer else "no"})
    return [{**row, ".id": f"*{at:X}"} for at, row in enumerate(found, start=1)]


def packages(device: Device) -> list[Row]:
    """The one package that 7 has; 6 has more, of the same version."""
    version = device.config.version.partition(" ")[0]
    names = ("system", "lte") if device.edition.old_style else ("routeros",)
    return [{"name": name, "version": version, ".id": f"*{at}"} for at, name in enumerate(names)]


def none(device: Device) -> list[Row]:
    """No IPv6 here, and no neighbour that talks."""
    del device
    return []
