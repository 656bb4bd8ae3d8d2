"""`show` commands of EXEC mode."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.twins.ios import applets, cellular
from lab.twins.ios.grammar import IosError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lab.twins.ios.session import Session

FULL = 15
_VARIABLE = re.compile(r"event manager environment (\S+) (.*)")
NONE_PENDING = "%No Rollback Confirmed Change pending\n"


async def version(session: Session) -> str:
    """Release, model, serial number."""
    config = session.device.config
    return (
        f"Cisco IOS XE Software, Version {config.version}\n"
        f"Cisco IOS Software [Cupertino], ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), "
        f"Version {config.version}, RELEASE SOFTWARE (fc3)\n\n"
        f"{session.device.hostname} uptime is 1 hour, 2 minutes\n"
        'System image file is "bootflash:packages.conf"\n\n'
        "cisco C1111-8PLTEEA (1RU) processor with 1389241K/6147K bytes of memory.\n"
        f"Processor board ID {config.serial}\n\n"
        "Configuration register is 0x2102\n"
    )


async def clock(session: Session) -> str:
    """The device's time; `*` is not synchronised."""
    return f"*{session.device.clock.now():%H:%M:%S.000 UTC %a %b %d %Y}"


async def running(session: Session) -> str:
    """The running configuration; who may configure nothing is shown nothing of it."""
    text = session.device.running_text() if session.privilege >= FULL else "!\nend\n"
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n{text}"


async def startup(session: Session) -> str:
    """What a reload brings back."""
    return f"Using 1234 out of 33554432 bytes\n{session.device.startup_text()}"


def check_unit(session: Session, unit: str) -> None:
    """Raises `IosError` for a modem that is not there."""
    if unit != session.device.config.unit:
        raise IosError("% Invalid input detected at '^' marker.\n")


def of_modem(section: str) -> Callable[..., Awaitable[str]]:
    """`show cellular UNIT section`."""

    async def show(session: Session, unit: str, number: str = "") -> str:
        check_unit(session, unit)
        return cellular.shown(session.device, section, number)

    return show


async def ip_interfaces(session: Session) -> str:
    """Interfaces and their addresses."""
    device = session.device
    bearer = device.modem.bearer
    state = "up                    up" if bearer else "down                  down"
    lan = device.config.lan_address
    return (
        "Interface              IP-Address      OK? Method Status                Protocol\n"
        f"Cellular{device.config.unit:<15}{bearer.address if bearer else 'unassigned':<16}"
        f"YES IPCP   {state}\n"
        f"Vlan1                  {lan:<16}YES NVRAM  up                    up"
    )


async def route(session: Session, *address: str) -> str:
    """The routing table, or the route to one address."""
    device = session.device
    static = f"ip route 0.0.0.0 0.0.0.0 Cellular{device.config.unit}" in device.running
    up = static and device.modem.bearer is not None
    if not address:
        gateway = "0.0.0.0 to network 0.0.0.0" if up else "not set"
        route = f"\n\nS*    0.0.0.0/0 is directly connected, Cellular{device.config.unit}" * up
        return f"Gateway of last resort is {gateway}{route}"
    if not up:
        return "% Network not in table"
    return (
        "Routing entry for 0.0.0.0/0, supernet\n"
        '  Known via "static", distance 1, metric 0 (connected), candidate default path\n'
        "  Routing Descriptor Blocks:\n"
        f"  * directly connected, via Cellular{device.config.unit}\n"
        "      Route metric is 0, traffic share count is 1"
    )


async def archive(session: Session) -> str:
    """Whether there is an archive."""
    if "archive" not in session.device.running:
        return " Archive feature not enabled"
    return "The maximum archive configurations allowed is 5."


async def revert_timer(session: Session) -> str:
    """The pending rollback."""
    revert = session.device.revert
    if revert is None:
        return NONE_PENDING
    return (
        f"Time configured(or reconfigured): {revert.since:%H:%M:%S UTC %a %b %d %Y}\n"
        "Timer type: absolute timer\n"
        f"Timer value: {revert.minutes} min\n"
        f"User: {revert.user}(Priv: 15, View: 0)\n"
    )


async def environment(session: Session) -> str:
    """EEM variables."""
    lines = ["No.  Name                          Value"]
    found = (m for line in session.device.running if (m := _VARIABLE.match(line)))
    lines += [f"{at:<4} {m[1]:<29} {m[2]}" for at, m in enumerate(found, start=1)]
    return "\n".join(lines)


async def policies(session: Session) -> str:
    """EEM policies."""
    return applets.registered(session.device)


async def log(session: Session) -> str:
    """The log."""
    return "Log Buffer (4096 bytes):\n\n" + "\n".join(session.device.log_lines)


async def privilege(session: Session) -> str:
    """The level of this user."""
    return f"Current privilege level is {session.privilege}"
