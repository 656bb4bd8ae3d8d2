"""What a modem's machine holds: its ports, and what the twin of its command line is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.twins.platforms import module_of

if TYPE_CHECKING:
    from lab.topology import District, LabSite

CODE = "/opt/twin"  # where lab/ is copied: PYTHONPATH of the twin
CONFIG = "/etc/rekamatan-twin.json"
HOST_KEY = "/etc/rekamatan-twin.key"

# Left alone, a bridge takes the lowest address of its ports: a server that loses power would change
# the modem's address, and the workstation would not find its gateway for a while.
_PORTS = """[Unit]
Description=LAN bridge of the modem
Before=rekamatan-twin.service

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/rekamatan-modem
ExecStart=ip link add bridge address 02:00:00:00:00:01 type bridge
ExecStart=ip address add ${LAN} dev bridge
ExecStart=ip link set bridge up

[Install]
WantedBy=multi-user.target
"""
_TWIN = f"""[Unit]
Description=Command line of the modem (twin)
After=rekamatan-ports.service
Requires=rekamatan-ports.service

[Service]
Environment=PYTHONPATH={CODE}
ExecStart=/usr/bin/python3 -m {{module}} --config {CONFIG}
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


def units(site: LabSite) -> dict[str, str]:
    """Unit name -> its text. Raises `LabError` when the lab has no twin of the site's modem."""
    module = module_of(site.platform)
    return {
        "rekamatan-ports.service": _PORTS,
        "rekamatan-twin.service": _TWIN.format(module=module),
    }


def twin_config(site: LabSite, district: District) -> dict[str, Any]:
    """The content of `CONFIG`: a device fresh from the workshop, with its SIMs in."""
    if site.uplinks:
        return _routers(site, district)
    variables = site.variables
    factory = {"password": variables["vault_modem_password"], "group": "full"}
    return {
        "identity": site.slug,
        "lan_address": site.address(1),
        "lan_prefix": site.lan.prefixlen,
        "listen_port": 22,
        "host_key_file": HOST_KEY,
        "users": {variables["site_modem"].get("username", "rekamatan"): factory},
        "flash": "/flash",
        "attach_seconds": district.attach_seconds,
        "sims": _sims(site, district),
        "carriers": _carriers(site, district),
        "initial": _initial(site),
    }


def _routers(site: LabSite, district: District) -> dict[str, Any]:
    """The same for plain routers, which nobody logs in to."""
    sims, profiles = site.variables["site_sims"], site.variables["wan_profiles"]
    cards = _sims(site, district)
    return {
        "identity": site.slug,
        "flash": "/flash",
        "attach_seconds": district.attach_seconds,
        "carriers": _carriers(site, district),
        "routers": [
            {
                "port": uplink.port,
                "address": uplink.address,
                "apn": profiles[uplink.profile]["apn"],
                "sim": cards[str(sims[uplink.profile]["slot"])],
            }
            for uplink in site.uplinks
        ],
    }


def _carriers(site: LabSite, district: District) -> dict[str, dict[str, str]]:
    """Carrier -> the machine's port to its packet core."""
    return {
        carrier.slug: {
            "interface": carrier.modem_port,
            "local": carrier.modem_address(site.index),
            "ggsn": carrier.gateway,
        }
        for carrier in district.carriers
    }


def _sims(site: LabSite, district: District) -> dict[str, dict[str, str]]:
    """Slot -> card. A SIM of a carrier the lab does not have is left out."""
    networks = {carrier.slug: carrier for carrier in district.carriers}
    profiles = site.variables["wan_profiles"]
    found = {}
    for profile, sim in site.variables["site_sims"].items():
        network = networks.get(profiles[profile]["carrier"])
        if network:
            card = {"iccid": str(sim["iccid"]), "imsi": str(sim["imsi"])}
            found[str(sim["slot"])] = {**card, "carrier": network.slug, "plmn": network.plmn}
    return found


def _initial(site: LabSite) -> dict[str, str]:
    """The WAN profile that is in use when the site is provisioned."""
    profile = site.variables["site_wan_profile"]
    return {
        "profile": profile,
        "sim_slot": site.variables["site_sims"][profile]["slot"],
        "apn": site.variables["wan_profiles"][profile]["apn"],
    }
