"""Factory settings: what a fresh device has before anyone configured it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.routeros7 import menus

if TYPE_CHECKING:
    from lab.twins.routeros7.config import TwinConfig
    from lab.twins.routeros7.editions import Edition
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


def fill(tables: Tables, config: TwinConfig, edition: Edition) -> None:
    """Write the factory settings into empty tables."""
    menu = edition.by_path
    tables.set_record(menu["system", "identity"], {"name": config.identity})
    for name, policy in {"read": READ, "write": WRITE, "full": FULL}.items():
        tables.add(menu["user", "group"], {"name": name, "policy": policy})
    for name, account in config.users.items():
        user = {"name": name, "group": account.group, "password": account.password}
        tables.add(menu[("user",)], user)
    for name, port in SERVICES.items():
        tables.add(menus.SERVICE, {"name": name, "port": port})
    tables.add(menu["interface", "bridge"], {"name": "bridge", "comment": "defconf"})
    lan = f"{config.lan_address}/{config.lan_prefix}"
    address = {"address": lan, "interface": "bridge", "comment": "defconf"}
    tables.add(menus.IP_ADDRESS, address)
    masquerade = {"chain": "srcnat", "action": "masquerade", "out-interface": "lte1"}
    tables.add(menu["ip", "firewall", "nat"], {**masquerade, "comment": "defconf: masquerade"})
    _fill_lte(tables, config, edition)


def _fill_lte(tables: Tables, config: TwinConfig, edition: Edition) -> None:
    apn = edition.by_path[menus.APN.path]
    default = tables.add(apn, {"name": "default", "apn": "internet"})
    default["default"] = "yes"
    initial = config.initial
    if initial.profile != "default":
        profile = {"name": initial.profile, "apn": initial.apn, "ip-type": "ipv4"}
        if "use-network-apn" in apn.by_name:
            profile["use-network-apn"] = "no"
        tables.add(apn, profile)
    tables.set_record(edition.slot, {"sim-slot": initial.sim_slot})
    tables.add(edition.by_path[menus.LTE.path], {"name": "lte1", "apn-profiles": initial.profile})
