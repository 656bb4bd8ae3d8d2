"""`show cellular`: what the modem says of itself, section by section."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

from lab.twins.routeros7.values import ScriptError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.ios.device import Device

FIRMWARE = "SWI9X30C_02.33.03.00"
MODEL = "EM7455"


_NO_SERVICE = """Current Service Status = No service
Current Service = Unknown
Current Roaming Status = Home
Network Selection Mode = Automatic
Network =
Mobile Country Code (MCC) = 0
Mobile Network Code (MNC) = 0
Packet switch domain(PS) state = Not attached
Registration state(EMM) = Not Registered"""


class NvramProfile(TypedDict):
    """One data profile in the modem."""

    apn: str
    auth: str
    user: str
    password: str


def shown(device: Device, section: str, number: str = "") -> str:
    """One section, or `all`. A restarting modem has nothing to tell (wording not seen captured)."""
    if device.modem.absent:
        return "Modem is in reset, no information available"
    if section == "profile":
        return profile(device, number)
    if section != "all":
        return _SECTIONS[section][1](device)
    parts = [f"{title}\n{'=' * len(title)}\n{show(device)}\n" for title, show in _SECTIONS.values()]
    return "\n".join(parts)


def _figures(device: Device) -> dict[str, str]:
    try:
        return device.modem.monitor()
    except ScriptError:
        return {}


def hardware(device: Device) -> str:
    """Firmware, and what is on the SIM."""
    figures = _figures(device)
    return "\n".join(
        [
            f"Modem Firmware Version = {FIRMWARE}",
            f"Device Model ID =  {MODEL}",
            f"International Mobile Subscriber Identity (IMSI) = {figures.get('imsi', '')}",
            "International Mobile Equipment Identity (IMEI) = 356938035643809",
            f"Integrated Circuit Card ID (ICCID) = {figures.get('iccid', '')}",
            "Mobile Subscriber Integrated Services",
            "Digital Network-Number (MSISDN) = ",
            "Modem Status = Modem Online",
            "Current Modem Temperature = 33 deg C",
            "PRI SKU ID = 1102526, PRI version = 002.045_001, Carrier = GENERIC",
        ]
    )


def profile(device: Device, number: str = "") -> str:
    """Data profiles; the password is shown, as the device does."""
    current = device.current_number
    blocks = []
    for name, found in sorted(device.profiles().items(), key=lambda item: int(item[0])):
        if number and name != number:
            continue
        up = name == current and device.modem.bearer is not None
        stars = "* **" if name == current else ""
        lines = [f"Profile {name} = {'ACTIVE' if up else 'INACTIVE'}{stars}", "--------"]
        lines.append("PDP Type = IPv4")
        if up and device.modem.bearer:
            lines.append(f"PDP address = {device.modem.bearer.address}")
        lines.append(f"Access Point Name (APN) = {found['apn']}")
        if found["auth"] != "none":
            lines.append(f"Authentication = {found['auth'].upper()}")
            lines.append(f"Username: {found['user']}, Password: {found['password']}")
        blocks.append("\n".join(lines))
    tail = " * - Default profile\n** - LTE attach profile\n\n"
    tail += f"Configured default profile for active SIM {device.active_slot} is profile {current}."
    return "\n\n".join([*blocks, tail])


def connection(device: Device) -> str:
    """The data session of every profile."""
    lines = []
    for name in sorted(device.profiles(), key=int):
        bearer = device.modem.bearer if name == device.current_number else None
        lines.append(
            f"Profile {name}, Packet Session Status = {'ACTIVE' if bearer else 'INACTIVE'}"
        )
        if bearer:
            lines.append(f"\tCellular{device.config.unit}:")
            lines.append("\tData Transmitted = 5120 bytes, Received = 6144 bytes")
            lines.append(f"\tIP address = {bearer.address}")
            lines += [f"\tPrimary DNS address = {server}" for server in bearer.dns[:1]]
    return "\n".join(lines)


def network(device: Device) -> str:
    """The network registered on; MNC without its leading zero, as IOS prints it."""
    number = _figures(device).get("current-operator", "")
    if not number:
        return _NO_SERVICE
    return "\n".join(
        [
            "Current Service Status = Normal",
            "Current Service = Packet switched",
            "Current Roaming Status = Home",
            "Network Selection Mode = Automatic",
            f"Network = {device.operator_name}",
            f"Mobile Country Code (MCC) = {int(number[:3])}",
            f"Mobile Network Code (MNC) = {int(number[3:])}",
            "Packet switch domain(PS) state = Attached",
            "LTE Carrier Aggregation state = Deconfigured",
            "Registration state(EMM) = Registered",
            "EMM Sub State = Normal Service",
            "Tracking Area Code (TAC) = 1801",
            "Cell ID = 768001",
        ]
    )


def radio(device: Device) -> str:
    """Signal; without a network the modem still names its power mode."""
    figures = _figures(device)
    lines = ["Radio power mode = online"]
    if "rsrp" in figures:
        lines += ["LTE Rx Channel Number(PCC) =  1850", "LTE Band =  3", "LTE Bandwidth = 20 MHz"]
        for name, key in (("RSSI", "rssi"), ("RSRP", "rsrp"), ("RSRQ", "rsrq"), ("SNR", "sinr")):
            value = re.match(r"-?[\d.]+", figures.get(key, "0"))
            unit = "dBm" if key in {"rssi", "rsrp"} else "dB"
            lines.append(f"Current {name} = {value[0] if value else ''} {unit}")
        lines.append("Physical Cell Id = 85")
    lines.append("Radio Access Technology(RAT) Preference = AUTO")
    if "rsrp" in figures:
        lines.append("Radio Access Technology(RAT) Selected = LTE")
    return "\n".join(lines)


def security(device: Device) -> str:
    """SIM and PIN."""
    present = device.active_slot in device.config.sims
    locked = present and device.config.pin_locked
    status = "Locked" if locked else "OK" if present else "Removed"
    return "\n".join(
        [
            f"Active SIM = {device.active_slot}",
            "SIM switchover attempts = 0",
            f"Card Holder Verification (CHV1) = {'Enabled' if locked else 'Disabled'}",
            f"SIM Status = {status}",
            f"SIM User Operation Required = {'Enter CHV1' if locked else 'None'}",
            "Number of CHV1 Retries remaining = 3",
        ]
    )


_SECTIONS: dict[str, tuple[str, Callable[[Device], str]]] = {
    "hardware": ("Hardware Information", hardware),
    "profile": ("Profile Information", profile),
    "connection": ("Data Connection Information", connection),
    "network": ("Network Information", network),
    "radio": ("Radio Information", radio),
    "security": ("Modem Security Information", security),
}
