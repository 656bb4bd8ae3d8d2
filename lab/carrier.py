"""What a carrier's machine holds: packet gateway, relay and firewall, as text files and units."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lab.paths import ROOT

if TYPE_CHECKING:
    from lab.topology import Carrier, District

GGSN_CONFIG = "/etc/osmocom/osmo-ggsn.cfg"
RELAY_CONFIG = "/etc/rekamatan-relay.json"
CODE = "/opt/lab"  # where lab/ is copied: PYTHONPATH of everything of ours inside
_DEFAULT_LINK = "cell_4g_weak"  # for a subscriber the plan does not know


def ggsn_config(carrier: Carrier, dns: str, *, offered: bool = True) -> str:
    """osmo-ggsn's configuration. Without `offered` the planned APNs are gone: cause 219.

    There is no default-apn, so an unknown name is refused as a real gateway refuses it.
    """
    apns = carrier.apns if offered else tuple(f"{apn}-retired" for apn in carrier.apns)
    lines = ["log stderr", " logging filter all 1", "line vty", " no login", "ggsn ggsn0"]
    lines += [" gtp state-dir /var/lib/ggsn", f" gtp bind-ip {carrier.gateway}"]
    for number, apn in enumerate(apns):
        lines += [
            f" apn {apn}",
            "  gtpu-mode tun",
            f"  tun-device tun-gi{number}",
            "  type-support v4",
            f"  ip prefix dynamic {pool(carrier, number)}",
            f"  ip dns 0 {dns}",
            f"  ip ifconfig {pool(carrier, number)}",
            "  no shutdown",
        ]
    return "\n".join([*lines, " no shutdown ggsn", ""])


def pool(carrier: Carrier, number: int) -> str:
    """Addresses of the carrier's APN `number`: /22 each."""
    return carrier.pool.replace(".0.0/", f".{4 * number}.0/")


def relay_config(carrier: Carrier, district: District) -> str:
    """Configuration of `lab.relay`: link profiles, and which subscriber has which."""
    profiles = json.loads((ROOT / "lab" / "link_profiles.json").read_text(encoding="utf-8"))
    subscribers = {}
    for site in district.sites:
        imsi, link = site.imsi(carrier.slug), site.link_profile(carrier.slug)
        if imsi and link:
            subscribers[imsi] = link
    devices = [f"tun-gi{number}" for number in range(len(carrier.apns))]
    config = {
        "profiles": profiles["profiles"],
        "subscribers": subscribers,
        "default": _DEFAULT_LINK,
        "gateway_devices": devices,
        "pool": carrier.pool.replace("/22", "/16"),
    }
    return json.dumps(config, indent=1)


def firewall(carrier: Carrier) -> str:
    """nftables: masquerade towards the data centre; no way from the access network around GTP.

    A packet passes this machine twice, before and after the relay. Conntrack must see only the core
    side of it: it would otherwise settle on "no NAT" at the first pass.
    """
    return f"""#!/usr/sbin/nft -f
flush ruleset
table ip carrier {{
  chain raw {{
    type filter hook prerouting priority raw;
    iifname {{ "tun-gi*", "sub0" }} notrack
  }}
  chain forward {{
    type filter hook forward priority filter;
    iifname "br-gn" drop
    iifname "core0" oifname "tun-gi*" drop
    iifname "dc0" oifname "tun-gi*" drop
  }}
  chain nat {{
    type nat hook postrouting priority srcnat;
    ip saddr {carrier.pool.replace("/22", "/16")} oifname "dc0" masquerade
  }}
}}
"""


# A fixed address, as in `modem.py`: here it is a modem without power that all others would feel.
_PORTS = """[Unit]
Description=Access network of the lab's carrier
Before=osmo-ggsn.service

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/rekamatan-carrier
ExecStart=ip link add br-gn address 02:00:00:00:00:01 type bridge
ExecStart=ip address add ${GATEWAY}/24 dev br-gn
ExecStart=ip link set br-gn up
ExecStart=nft -f /etc/nftables.conf

[Install]
WantedBy=multi-user.target
"""
_RELAY = f"""[Unit]
Description=Radio access relay
After=rekamatan-ports.service

[Service]
Environment=PYTHONPATH={CODE}
ExecStart=/usr/bin/python3 -m lab.relay {RELAY_CONFIG}
Restart=on-failure
Nice=-10

[Install]
WantedBy=multi-user.target
"""
_AFTER_PORTS = "[Unit]\nAfter=rekamatan-ports.service\nRequires=rekamatan-ports.service\n"
UNITS = {
    "/etc/systemd/system/rekamatan-ports.service": _PORTS,
    "/etc/systemd/system/rekamatan-relay.service": _RELAY,
    "/etc/systemd/system/osmo-ggsn.service.d/lab.conf": _AFTER_PORTS,
}
