"""What the workshop put on the router: a saved configuration, and a profile in its modem."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.twins.ios.cellular import NvramProfile
    from lab.twins.ios.config import TwinConfig
    from lab.twins.ios.config_tree import Tree


def configuration(config: TwinConfig) -> Tree:
    """The startup configuration."""
    initial = config.initial
    slot = initial.sim_slot
    users: Tree = {
        f"username {name} privilege {15 if user.group == 'full' else 7} secret 9 $9$twin": []
        for name, user in config.users.items()
    }
    tree: Tree = {
        "service timestamps log datetime msec": [],
        f"hostname {config.identity}": [],
        **users,
        "no ip domain lookup": [],
    }
    if config.archive:
        tree["archive"] = ["path flash:archive", "maximum 5"]
    controller = [f"lte sim data-profile 1 attach-profile 1 slot {slot}"]
    if config.keeps == "config":
        apn = f"profile id 1 apn {initial.apn} authentication none pdn-type ipv4"
        controller.insert(0, apn)
    controller.append(f"lte sim primary slot {slot}")
    tree[f"controller Cellular {config.unit}"] = controller
    tree[f"interface Cellular{config.unit}"] = [
        "ip address negotiated",
        "ip nat outside",
        "dialer in-band",
    ]
    lan = f"ip address {config.lan_address} {_mask(config.lan_prefix)}"
    tree["interface Vlan1"] = [lan, "ip nat inside"]
    tree[f"ip nat inside source list 10 interface Cellular{config.unit} overload"] = []
    tree[f"ip route 0.0.0.0 0.0.0.0 Cellular{config.unit}"] = []
    tree["access-list 10 permit any"] = []
    if initial.profile != "default":
        mark = f"{initial.profile} slot={slot} apn={initial.apn}"
        tree[f"event manager environment rekamatan_wan {mark}"] = []
    return tree


def profiles(config: TwinConfig) -> dict[str, NvramProfile]:
    """What the modem itself remembers; with `profile id` it is told at boot."""
    if config.keeps == "config":
        return {}
    return {"1": {"apn": config.initial.apn, "auth": "none", "user": "", "password": ""}}


def _mask(prefix: int) -> str:
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 0xFF) for shift in (24, 16, 8, 0))
