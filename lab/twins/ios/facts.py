"""`show` commands that other people's tools ask for first: inventory, interfaces, flash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.ios.grammar import IosError

if TYPE_CHECKING:
    from lab.twins.ios.session import Session


async def inventory(session: Session) -> str:
    """The chassis and its modem."""
    config = session.device.config
    return (
        'NAME: "Chassis", DESCR: "Cisco C1111-8PLTEEA Chassis"\n'
        f"PID: C1111-8PLTEEA     , VID: V01  , SN: {config.serial}\n\n"
        f'NAME: "NIM subslot {config.unit}", DESCR: "LTE Advanced module"\n'
        "PID: C1111-LTE-EA      , VID: V01  , SN:\n"
    )


async def interfaces(session: Session) -> str:
    """State, addresses and counters of each interface."""
    device = session.device
    bearer = device.modem.bearer
    address = f"  Internet address is {bearer.address}/32\n" if bearer else ""
    state = "up" if bearer else "down"
    return (
        f"Cellular{device.config.unit} is {state}, line protocol is {state}\n"
        "  Hardware is LTE Adv CAT6 - Europe Multimode LTE/DC-HSPA+/HSPA+/HSPA/UMTS/EDGE/GPRS\n"
        f"{address}"
        "  MTU 1500 bytes, BW 50000 Kbit/sec, DLY 20000 usec,\n"
        "     reliability 255/255, txload 1/255, rxload 1/255\n"
        "  Encapsulation HDLC, loopback not set\n"
        "Vlan1 is up, line protocol is up\n"
        "  Hardware is Ethernet SVI, address is 0053.0000.0001 (bia 0053.0000.0001)\n"
        f"  Internet address is {device.config.lan_address}/{device.config.lan_prefix}\n"
        "  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec,\n"
        "     reliability 255/255, txload 1/255, rxload 1/255\n"
        "  Encapsulation ARPA, loopback not set\n"
    )


async def ip_interface(session: Session) -> str:
    """What IP knows of each interface."""
    device = session.device
    bearer = device.modem.bearer
    state = "up" if bearer else "down"
    own = f"  Internet address is {bearer.address}/32\n" if bearer else ""
    return (
        f"Cellular{device.config.unit} is {state}, line protocol is {state}\n{own}"
        "  Broadcast address is 255.255.255.255\n  MTU is 1500 bytes\n"
        "Vlan1 is up, line protocol is up\n"
        f"  Internet address is {device.config.lan_address}/{device.config.lan_prefix}\n"
        "  Broadcast address is 255.255.255.255\n  MTU is 1500 bytes\n"
    )


async def flash(session: Session) -> str:
    """The files of the boot flash."""
    day = f"{session.device.clock.now():%b %d %Y %H:%M:%S +00:00}"
    return (
        "Directory of bootflash:/\n\n"
        f"   11  drwx            16384  {day}  lost+found\n"
        f"   12  -rw-             5242  {day}  packages.conf\n\n"
        "2876870656 bytes total (1402544128 bytes free)\n"
    )


async def no_lldp(session: Session) -> str:
    """It is off, as delivered."""
    del session
    raise IosError("% LLDP is not enabled\n")


async def no_cdp(session: Session) -> str:
    """It is off on this router."""
    del session
    raise IosError("% CDP is not enabled\n")
