"""Rows that are state, not configuration: addresses, routes, log, clock, version."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lab.twins.routeros7 import fact_menus, menus
from lab.twins.routeros7.values import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.routeros7.device import Device
    from lab.twins.routeros7.menus import Menu
    from lab.twins.routeros7.printing import Row

BOARD = "LtAP mini LTE kit"
_BUILT = datetime(2026, 3, 4, 9, 51, 37, tzinfo=UTC)
_REPLY = re.compile(r"icmp_seq=(\d+) ttl=(\d+) time=([\d.]+)")


def rows(device: Device, menu: Menu) -> list[Row] | None:
    """Live rows of a menu, or None when it holds configuration only."""
    source = _SOURCES.get(menu.path)
    return None if source is None else source(device)


def _log(device: Device) -> list[Row]:
    return list(device.log_rows)


def _dns(device: Device) -> list[Row]:
    servers = device.modem.bearer.dns if device.modem.bearer else ()
    return [{"dynamic-servers": ",".join(servers)}]


def _bearer_address(device: Device) -> list[Row]:
    bearer = device.modem.bearer
    if bearer is None:
        return []
    address = {"address": f"{bearer.address}/32", "network": bearer.address, "interface": "lte1"}
    return [{**address, "disabled": "no", "dynamic": "yes", ".id": "*F0"}]


def _routes(device: Device) -> list[Row]:
    found = []
    bearer = device.modem.bearer
    flags = {"dynamic": "yes", "active": "yes"}
    if bearer is not None:
        via = {"routing-table": "main", "gateway": "lte1", "immediate-gw": "lte1"}
        via["gateway-status"] = "lte1 reachable"
        if device.modem.default_route:
            route = {"dst-address": "0.0.0.0/0", "distance": "2", "modem": "yes"}
            found.append({**via, **route, **flags})
        here = {"dst-address": f"{bearer.address}/32", "distance": "0", "connect": "yes"}
        found.append({**via, **here, **flags})
    stored = device.tables.document()["rows"].get(menus.IP_ADDRESS.key, [])
    for row in stored:
        network = str(ipaddress.ip_network(row["address"], strict=False))
        route = {"dst-address": network, "routing-table": "main", "gateway": row["interface"]}
        found.append({**route, "distance": "0", "connect": "yes", **flags})
    return [{**row, ".id": f"*8{at:07X}"} for at, row in enumerate(found)]


def _clock(device: Device) -> list[Row]:
    now = device.clock.now()
    clock = {
        "time": f"{now:%H:%M:%S}",
        "date": device.edition.date(now),
        "time-zone-name": "UTC",
        "gmt-offset": "+00:00",
    }
    return [clock]


def _resource(device: Device) -> list[Row]:
    row = {
        "uptime": duration_text(int(device.clock.monotonic() - device.booted_at)),
        "version": device.config.version,
        "build-time": f"{_BUILT:%b/%d/%Y %H:%M:%S}",  # as captured on 6.48 and 7.12
        "factory-software": "6.44.5",
        "free-memory": "24.6MiB",
        "total-memory": "64.0MiB",
        "cpu": "MIPS 24Kc V7.4",
        "cpu-count": "1",
        "cpu-frequency": "650MHz",
        "cpu-load": "4%",
        "free-hdd-space": "1088.0KiB",
        "total-hdd-space": "16.0MiB",
        "architecture-name": "mipsbe",
        "board-name": BOARD,
        "platform": "MikroTik",
    }
    return [row]


def _routerboard(device: Device) -> list[Row]:
    row = {
        "routerboard": "yes",
        "board-name": BOARD,
        "model": "RB912R-2nD-LTm",
        "serial-number": device.config.serial,
        "current-firmware": device.config.version.partition(" ")[0],
    }
    return [row]


def _device_mode(device: Device) -> list[Row]:
    row = {
        "mode": "advanced",
        "scheduler": "yes" if device.config.scheduler_allowed else "no",
        "fetch": "yes",
        "socks": "yes",
    }
    return [row]


def figures(device: Device) -> Row:
    """What `lte monitor` (RouterOS 7) or `lte info` (6) tells. Raises `ScriptError`."""
    found = device.modem.monitor()
    if not device.edition.old_style:
        return found
    operators = {sim.plmn: sim.carrier.upper() for sim in device.config.sims.values()}
    return _older(found, operators)


def _older(found: Row, operators: Row) -> Row:
    """The same modem as an R11e-LTE in 6.4x tells it, after captures.

    No status, the operator by name, the card's number as `uicc` with its filler.
    """
    registered = "current-operator" in found
    pin = "ok" if "imsi" in found else found.get("pin-status", "SIM not inserted")
    older = {
        "pin-status": pin,
        "registration-status": "registered" if registered else "not registered",
        "functionality": "full",
        "manufacturer": '"MikroTik"',
        "model": '"R11e-LTE"',
        "revision": '"MikroTik_CP_2.160.000_v015"',
    }
    if registered:
        older["current-operator"] = operators[found["current-operator"]]
        older["access-technology"] = "Evolved 3G (LTE)"
    kept = ("session-uptime", "imei", "imsi", "rsrp", "rsrq", "sinr")
    older |= {name: found[name] for name in kept if name in found}
    if "iccid" in found:
        older["uicc"] = f"{found['iccid']}f"
    return older


async def ping(address: str, count: int) -> str:
    """The machine's ping, printed as RouterOS prints it."""
    output = await _system_ping(address, count)
    replies = {int(n): (ttl, ms) for n, ttl, ms in _REPLY.findall(output)}
    lines = ["  SEQ HOST                                     SIZE TTL TIME  STATUS"]
    for number in range(count):
        if reply := replies.get(number + 1):
            took = f"{float(reply[1]):.0f}ms"
            lines.append(f"{number:5} {address:40} {56:4} {reply[0]:>3} {took}")
        else:
            lines.append(f"{number:5} {address:40} {'timeout':>21}")
    loss = 100 - 100 * len(replies) // count
    lines.append(f"    sent={count} received={len(replies)} packet-loss={loss}%")
    return "\n".join(lines)


async def _system_ping(address: str, count: int) -> str:
    """Output of `ping`; empty where the program is missing, which reads as total loss."""
    try:
        process = await asyncio.create_subprocess_exec(
            "ping", "-n", "-c", str(count), "-i", "0.2", "-W", "2", address,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        return ""
    output, _ = await process.communicate()
    return output.decode()


_SOURCES: dict[menus.Path, Callable[[Device], list[Row]]] = {
    fact_menus.INTERFACE.path: fact_menus.interfaces,
    fact_menus.IPV6_ADDRESS.path: fact_menus.none,
    fact_menus.NEIGHBOR.path: fact_menus.none,
    fact_menus.PACKAGE.path: fact_menus.packages,
    menus.IP_ADDRESS.path: _bearer_address,
    menus.ROUTE.path: _routes,
    ("log",): _log,
    ("ip", "dns"): _dns,
    ("system", "clock"): _clock,
    ("system", "resource"): _resource,
    ("system", "routerboard"): _routerboard,
    ("system", "device-mode"): _device_mode,
}
