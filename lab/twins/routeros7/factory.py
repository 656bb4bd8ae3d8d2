"""Factory settings: what a fresh device has before anyone configured it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.routeros7 import menus
from lab.twins.routeros7.menus import BY_PATH

if TYPE_CHECKING:
    from lab.twins.routeros7.config import TwinConfig
    from lab.twins.routeros7.tables import Tables

FULL = (
    "local,telnet,ssh,ftp,reboot,read,write,policy,test,winbox,password,web,sniff,sensitive,"
    "api,romon,rest-api"
)
WRITE = FULL.replace(",policy", "").replace(",ftp", "")
READ = WRITE.replace(",write", "")
SERVICES = {
    "telnet": "23",
    "ftp": "21",
    "www": "80",
    "ssh": "22",
    "www-ssl": "443",
    "api": "8728",
    "winbox": "8291",
    "api-ssl": "8729",
}


def fill(tables: Tables, config: TwinConfig) -> None:
    """Write the factory settings into empty tables."""
    tables.set_record(BY_PATH["system", "identity"], {"name": config.identity})
    for name, policy in {"read": READ, "write": WRITE, "full": FULL}.items():
        tables.add(BY_PATH["user", "group"], {"name": name, "policy": policy})
    for name, account in config.users.items():
        user = {"name": name, "group": account.group, "password": account.password}
        tables.add(BY_PATH[("user",)], user)
    for name, port in SERVICES.items():
        tables.add(menus.SERVICE, {"name": name, "port": port})
    tables.add(BY_PATH["interface", "bridge"], {"name": "bridge", "comment": "defconf"})
    lan = f"{config.lan_address}/{config.lan_prefix}"
    address = {"address": lan, "interface": "bridge", "comment": "defconf"}
    tables.add(menus.IP_ADDRESS, address)
    _fill_lte(tables, config)


def _fill_lte(tables: Tables, config: TwinConfig) -> None:
    default = tables.add(menus.APN, {"name": "default", "apn": "internet"})
    default["default"] = "yes"
    initial = config.initial
    if initial.profile != "default":
        profile = {"name": initial.profile, "apn": initial.apn, "use-network-apn": "no"}
        tables.add(menus.APN, {**profile, "ip-type": "ipv4"})
    tables.set_record(menus.LTE_SETTINGS, {"sim-slot": initial.sim_slot})
    tables.add(menus.LTE, {"name": "lte1", "apn-profiles": initial.profile})
