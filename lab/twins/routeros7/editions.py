"""RouterOS 6 and 7 as menus, dates and words; the rest of the twin is the same code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lab.twins.routeros7 import fact_menus, menus
from lab.twins.routeros7.menus import SETTINGS, Menu, Path, Property

if TYPE_CHECKING:
    from datetime import datetime

ROOT_COMMANDS = frozenset({"export", "ping", "quit"})
MOVED_TO_MODEM = (6, 45)  # `/system routerboard sim` became `... modem`
_DEVICE_MODE: Path = ("system", "device-mode")


@dataclass(frozen=True)
class Edition:
    """One version of RouterOS.

    Attributes:
        menus: all of them, in the order of `/export`.
        slot: the menu that holds `sim-slot`.
        old_style: RouterOS 6: lower-case legends, `nov/24/2026`, secrets in a plain `/export`.
    """

    menus: tuple[Menu, ...]
    slot: Menu
    old_style: bool = False
    by_path: dict[Path, Menu] = field(default_factory=dict, compare=False)
    commands: dict[Path, frozenset[str]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Index the menus."""
        self.by_path.update({menu.path: menu for menu in self.menus})
        self.commands.update({menu.path: menu.commands for menu in self.menus})
        self.commands[()] = ROOT_COMMANDS
        self.commands["system",] = frozenset({"reboot"})

    def date(self, moment: datetime) -> str:
        """A date as this version prints it."""
        return f"{moment:%b/%d/%Y}".lower() if self.old_style else f"{moment:%Y-%m-%d}"


def edition_of(version: str) -> Edition:
    """The edition of a version like "6.49.10 (long-term)"."""
    major, minor = (int(part) for part in version.split(maxsplit=1)[0].split(".")[:2])
    if major != 6:  # noqa: PLR2004 - the major version itself
        return Edition(menus.ALL + fact_menus.ALL, menus.LTE_SETTINGS)
    return _six((major, minor))


def _six(version: tuple[int, int]) -> Edition:
    """RouterOS 6: `lte info`, no `lte settings`, no device-mode, profiles without network APN."""
    name = "modem" if version >= MOVED_TO_MODEM else "sim"
    slot = Menu(
        ("system", "routerboard", name),
        SETTINGS,
        (Property("sim-slot", "up", "choice", ("up", "down")),),
    )
    kept = [menu for menu in menus.ALL if menu.path != _DEVICE_MODE]
    changed = {menus.APN.path: _apn(), menus.LTE.path: _lte(), menus.ROUTE.path: _route()}
    found = [slot if menu is menus.LTE_SETTINGS else changed.get(menu.path, menu) for menu in kept]
    return Edition((*found, *fact_menus.ALL), slot, old_style=True)


def _without(menu: Menu, *names: str) -> tuple[Property, ...]:
    return tuple(item for item in menu.properties if item.name not in names)


def _apn() -> Menu:
    """Captures of 6.46 show neither `ip-type` nor `authentication` while they are the default."""
    properties = [
        replace(item, default="" if item.name == "ip-type" else item.default, hidden_default=True)
        if item.name in {"ip-type", "authentication"}
        else item
        for item in _without(menus.APN, "use-network-apn")
    ]
    return replace(menus.APN, properties=tuple(properties), by_name={})


def _lte() -> Menu:
    commands = (menus.LTE.commands - {"monitor"}) | {"info"}
    properties = _without(menus.LTE, "default-name", "allow-roaming")
    return replace(menus.LTE, commands=commands, properties=properties, by_name={})


def _route() -> Menu:
    """`gateway-status=lte1 reachable` where 7 has `immediate-gw=lte1`."""
    status = Property("gateway-status", read_only=True)
    kept = _without(menus.ROUTE, "immediate-gw", "routing-table")
    at = [item.name for item in kept].index("gateway") + 1
    return replace(
        menus.ROUTE,
        properties=(*kept[:at], status, *kept[at:]),
        flags=(*menus.ROUTE.flags[:2], ("C", "connect", "connect"), ("S", "modem", "static")),
        by_name={},
    )
