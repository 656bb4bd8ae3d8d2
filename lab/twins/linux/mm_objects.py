"""ModemManager's objects on D-Bus as plain data: the properties that NetworkManager and mmcli read.

Names and types: ModemManager D-Bus reference 1.20; which of them NetworkManager 1.42 insists on was
found by leaving them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dbus

if TYPE_CHECKING:
    from lab.twins.linux.at_modem import Card

NAME = "org.freedesktop.ModemManager1"
ROOT = "/org/freedesktop/ModemManager1"
MODEM = f"{NAME}.Modem"
SIMPLE = f"{MODEM}.Simple"
GPP = f"{MODEM}.Modem3gpp"
SIGNAL = f"{MODEM}.Signal"
SIM = f"{NAME}.Sim"
BEARER = f"{NAME}.Bearer"
DISABLED, REGISTERED, DISCONNECTING, CONNECTING, CONNECTED, FAILED = 3, 8, 9, 10, 11, -1
_GSM_UMTS_LTE, _LTE, _IPV4, _HOME, _QMI, _NET = 12, 1 << 14, 1, 1, 6, 2
_NO_LOCK, _STATIC = 1, 2
_MODES = dbus.Struct((dbus.UInt32(12), dbus.UInt32(0)), signature="uu")

Faces = dict[str, dict[str, Any]]


def paths(items: list[str]) -> dbus.Array:
    """Object paths, also none."""
    return dbus.Array([dbus.ObjectPath(item) for item in items], signature="o")


def modem(index: int, slot: int, card: Card | None, sims: list[str]) -> Faces:
    """A modem with several SIM slots, registered when a card is in the active one."""
    ports = [("cdc-wdm0", _QMI), ("wwan0", _NET)]
    state = REGISTERED if card else FAILED
    general = {
        "Sim": dbus.ObjectPath(sims[slot - 1] if card else "/"),
        "SimSlots": paths(sims),
        "PrimarySimSlot": dbus.UInt32(slot),
        "Bearers": paths([]),
        "SupportedCapabilities": dbus.Array([dbus.UInt32(_GSM_UMTS_LTE)], signature="u"),
        "CurrentCapabilities": dbus.UInt32(_GSM_UMTS_LTE),
        "MaxBearers": dbus.UInt32(1),
        "MaxActiveBearers": dbus.UInt32(1),
        "Manufacturer": "QUALCOMM INCORPORATED",
        "Model": "twin-2sim",
        "Revision": "1.0.0",
        "DeviceIdentifier": f"twin{index}",
        "Device": "/fs/devices/usb1-1",
        "Drivers": dbus.Array(["qmi_wwan"], signature="s"),
        "Plugin": "generic",
        "PrimaryPort": "cdc-wdm0",
        "Ports": dbus.Array([(name, dbus.UInt32(kind)) for name, kind in ports], signature="(su)"),
        "EquipmentIdentifier": "861821000000025",
        "UnlockRequired": dbus.UInt32(_NO_LOCK),
        "UnlockRetries": dbus.Dictionary({}, signature="uu"),
        "State": dbus.Int32(state),
        "StateFailedReason": dbus.UInt32(0 if card else 2),
        "AccessTechnologies": dbus.UInt32(_LTE),
        "SignalQuality": dbus.Struct((dbus.UInt32(67), True), signature="ub"),
        "OwnNumbers": dbus.Array([], signature="s"),
        "PowerState": dbus.UInt32(3),
        "SupportedModes": dbus.Array([_MODES], signature="(uu)"),
        "CurrentModes": _MODES,
        "SupportedBands": dbus.Array([], signature="u"),
        "CurrentBands": dbus.Array([], signature="u"),
        "SupportedIpFamilies": dbus.UInt32(_IPV4),
    }
    network = {
        "Imei": "861821000000025",
        "RegistrationState": dbus.UInt32(_HOME if card else 0),
        "OperatorCode": card.plmn if card else "",
        "OperatorName": card.operator if card else "",
        "EnabledFacilityLocks": dbus.UInt32(0),
        "Pco": dbus.Array([], signature="(ubay)"),
    }
    # listed although empty: without it NetworkManager does not see that the modem has the interface
    return {MODEM: general, SIMPLE: {}, GPP: network, SIGNAL: signal(0)}


def signal(rate: int) -> dict[str, Any]:
    """Figures are told once somebody asked for them."""
    figures = {"rssi": -75.0, "rsrq": -9.0, "rsrp": -98.0, "snr": 12.0} if rate else {}
    empty = dbus.Dictionary({}, signature="sv")
    others = dict.fromkeys(("Cdma", "Evdo", "Gsm", "Umts", "Nr5g"), empty)
    lte = dbus.Dictionary({k: dbus.Double(v) for k, v in figures.items()}, signature="sv")
    return {"Rate": dbus.UInt32(rate), "Lte": lte, **others}


def sim(card: Card, *, active: bool) -> Faces:
    """One card."""
    told = {
        "Active": active,
        "SimIdentifier": card.iccid,
        "Imsi": card.imsi,
        "Eid": "",
        "OperatorIdentifier": card.plmn,
        "OperatorName": card.operator,
        "EmergencyNumbers": dbus.Array([], signature="s"),
        "PreferredNetworks": dbus.Array([], signature="(su)"),
    }
    return {SIM: told}


def bearer(asked: dict[str, Any], address: str, refused: str) -> Faces:
    """A bearer that is up at `address`, or that was refused."""
    ipv4: dict[str, Any] = {"method": dbus.UInt32(0)}
    if address:
        ipv4 = {
            "method": dbus.UInt32(_STATIC),
            "address": address,
            "prefix": dbus.UInt32(32),
            "dns1": "198.51.100.10",
            "mtu": dbus.UInt32(1400),
        }
    error = ("org.freedesktop.ModemManager1.Error.MobileEquipment.MissingOrUnknownApn", refused)
    told = {
        "Interface": "wwan0" if address else "",
        "Connected": bool(address),
        "Suspended": False,
        "Multiplexed": False,
        "ConnectionError": dbus.Struct(error if refused else ("", ""), signature="ss"),
        "Ip4Config": dbus.Dictionary(ipv4, signature="sv"),
        "Ip6Config": dbus.Dictionary({"method": dbus.UInt32(0)}, signature="sv"),
        "Stats": dbus.Dictionary({}, signature="sv"),
        "IpTimeout": dbus.UInt32(20),
        "BearerType": dbus.UInt32(1),
        "Properties": dbus.Dictionary(asked, signature="sv"),
    }
    return {BEARER: told}
