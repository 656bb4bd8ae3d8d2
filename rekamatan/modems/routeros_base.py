"""Base configuration of a RouterOS router: read, plan, apply. An empty plan is no change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.base_config import BaseChange
from rekamatan.modems.routeros6 import Routeros6Driver
from rekamatan.modems.routeros7 import Routeros7Driver
from rekamatan.modems.routeros_parse import Row, first, parse_monitor, parse_print
from rekamatan.modems.routeros_plan import (
    FAMILY,
    UNPRINTED,
    profile_properties,
    slot_menu,
)
from rekamatan.modems.routeros_values import same_value
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, ModemState, WanProfile
    from rekamatan.modems.base_config import BaseConfig, BaseSecrets
    from rekamatan.modems.routeros import RouterosDriver
    from rekamatan.modems.routeros_console import Console

_DRIVERS: dict[str, type[RouterosDriver]] = {
    driver.platform: driver for driver in (Routeros6Driver, Routeros7Driver)
}
_READ_POLICY = "ssh,read,test"
_UNUSED_SERVICES = ("telnet", "ftp", "www", "www-ssl", "api", "api-ssl")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be so: a row found by `key`, or a settings menu (no key)."""

    menu: str
    key: dict[str, str]
    values: dict[str, str]
    secret: str = ""  # set when the row is added; cannot be compared later
    unprinted: dict[str, str] = field(default_factory=dict)  # what a property not shown means


@dataclass(frozen=True, slots=True)
class Step:
    """One command, and the secret that goes with it."""

    command: str
    secret: str = field(repr=False, default="")


def configure_base(
    access: ModemAccess, password: str, desired: BaseConfig, secrets: BaseSecrets, *, check: bool
) -> BaseChange:
    """Bring the modem's base configuration to `desired`; with `check` only tell what would change.

    Raises:
        ConfigError: an APN with authentication has no password.
        DeviceError: the modem did not answer, refused, or did not apply a value.
    """
    driver = _DRIVERS[access.platform](access, password, secrets.apn_passwords)
    try:
        return _configure(driver, access, desired, secrets, check=check)
    finally:
        driver.close()


def _configure(
    driver: RouterosDriver,
    access: ModemAccess,
    desired: BaseConfig,
    secrets: BaseSecrets,
    *,
    check: bool,
) -> BaseChange:
    items = wanted_items(desired, access, secrets)
    shown = read_items(driver.console, items)
    state = driver.read_state()
    steps = list(plan_items(items, shown))
    target = desired.in_use_afterwards(state.profile)
    if state.profile != target.name:
        # the profile itself exists by then: only activation and SIM slot remain
        steps += _activation(target, access.interface, state)
    if not check:
        for step in steps:
            driver.console.ensure([step.command], step.secret)
    return BaseChange(
        changed=bool(steps),
        before=_description(items, shown) + f"active profile: {state.profile or 'none'}\n",
        after=_description(items, None) + f"active profile: {target.name}\n",
        commands=tuple(step.command for step in steps),
    )


def wanted_items(desired: BaseConfig, access: ModemAccess, secrets: BaseSecrets) -> list[Item]:
    """Everything the base configuration consists of, in the order it is applied. Pure."""
    return [
        Item("/system identity", {}, {"name": desired.identity}),
        *_profile_items(desired, access.platform, secrets),
        *_lan_items(desired),
        *_firewall_items(access.interface),
        *_access_items(desired, secrets),
    ]


def _profile_items(desired: BaseConfig, platform: str, secrets: BaseSecrets) -> list[Item]:
    return [
        Item(
            "/interface lte apn",
            {"name": profile.name},
            profile_properties(profile, platform),
            secrets.apn_password(profile),
            UNPRINTED,
        )
        for profile in desired.profiles
    ]


def _lan_items(desired: BaseConfig) -> list[Item]:
    pool = f"{desired.dhcp_first}-{desired.dhcp_last}"
    lease = {"gateway": desired.address, "dns-server": desired.address}
    server = {"interface": desired.lan_interface, "address-pool": "rekamatan", "disabled": "no"}
    return [
        Item("/ip address", {"address": desired.lan}, {"interface": desired.lan_interface}),
        Item("/ip pool", {"name": "rekamatan"}, {"ranges": pool}),
        Item("/ip dhcp-server", {"name": "rekamatan"}, server),
        Item("/ip dhcp-server network", {"address": desired.network}, lease),
        Item("/ip dns", {}, {"allow-remote-requests": "yes"}),
    ]


def _firewall_items(interface: str) -> list[Item]:
    """The relay answers the LAN only; nobody manages the modem from the carrier's side."""
    answers = {"chain": "input", "action": "accept", "connection-state": "established,related"}
    carrier = {"chain": "input", "action": "drop", "in-interface": interface}
    masquerade = {"chain": "srcnat", "action": "masquerade", "out-interface": interface}
    return [
        Item("/ip firewall filter", {"comment": "rekamatan: answers"}, answers),
        Item("/ip firewall filter", {"comment": "rekamatan: not from the carrier"}, carrier),
        Item("/ip firewall nat", {"comment": "rekamatan: masquerade"}, masquerade),
    ]


def _access_items(desired: BaseConfig, secrets: BaseSecrets) -> list[Item]:
    group = desired.read_user
    reader = {"group": group, "address": desired.network}
    unused = [Item("/ip service", {"name": n}, {"disabled": "yes"}) for n in _UNUSED_SERVICES]
    return [
        Item("/user group", {"name": group}, {"policy": _READ_POLICY}),
        Item("/user", {"name": desired.read_user}, reader, secrets.read_password),
        *unused,
        Item("/ip service", {"name": "winbox"}, {"address": desired.network}),
        Item("/ip service", {"name": "ssh"}, {"address": desired.network}),
    ]


def read_items(console: Console, items: list[Item]) -> list[dict[str, str] | None]:
    """What the device has for each item; None where there is no such row."""
    tables: dict[str, list[Row]] = {}
    records: dict[str, dict[str, str]] = {}
    for menu in {item.menu: item for item in items}.values():
        if menu.key:
            tables[menu.menu] = parse_print(console.ask(f"{menu.menu} print detail without-paging"))
        else:
            answer = parse_monitor(console.ask(f"{menu.menu} print"))
            records[menu.menu] = {key: first(answer, key) or "" for key in answer}
    return [_row_of(item, tables[item.menu]) if item.key else records[item.menu] for item in items]


def _row_of(item: Item, rows: list[Row]) -> dict[str, str] | None:
    for row in rows:
        values = {**item.unprinted, **row.values, "disabled": "yes" if "X" in row.flags else "no"}
        if all(same_value(values.get(key, ""), wanted) for key, wanted in item.key.items()):
            return values
    return None


def plan_items(items: list[Item], shown: list[dict[str, str] | None]) -> list[Step]:
    """The commands for what differs. Pure."""
    steps = []
    for item, found in zip(items, shown, strict=True):
        differing = {
            key: wanted
            for key, wanted in item.values.items()
            if found is None or not same_value(found.get(key, ""), wanted)
        }
        if not differing and found is not None:
            continue
        secret = item.secret if found is None else ""
        (command,) = command_lines(
            FAMILY,
            "base_item",
            menu=item.menu,
            key=item.key,
            exists=found is not None,
            values=differing,
            secret=SECRET if secret else "",
        )
        steps.append(Step(command, secret))
    return steps


def _activation(profile: WanProfile, interface: str, state: ModemState) -> list[Step]:
    commands = command_lines(
        FAMILY,
        "activate",
        name=profile.name,
        exists=True,
        properties={},
        secret="",
        activate=True,
        interface=interface,
        slot="" if profile.sim.slot == state.sim_slot else profile.sim.slot,
        slot_menu=slot_menu(state),
    )
    return [Step(command) for command in commands]


def _description(items: list[Item], shown: list[dict[str, str] | None] | None) -> str:
    """Lines for `--diff`: one an item, wanted values (`shown` None) or those found."""
    lines = []
    for at, item in enumerate(items):
        name = " ".join([item.menu, *item.key.values()])
        found: dict[str, str] | None = item.values if shown is None else shown[at]
        if found is None:
            lines.append(f"{name}: absent")
            continue
        values = " ".join(f"{key}={found.get(key, '')}" for key in item.values)
        lines.append(f"{name}: {values}")
    return "\n".join(lines) + "\n"
