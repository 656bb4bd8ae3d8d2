"""What the workshop writes to a machine before it is shipped; the playbooks do all the rest."""

from __future__ import annotations

import ipaddress
import json
import shutil
from typing import TYPE_CHECKING

from lab import carrier as carrier_files
from lab import engine
from lab import modem as modem_files
from lab.paths import CONTROLLER_KEY, ROOT, WHEELHOUSE
from lab.shell import run
from lab.topology import DATA_CENTRE, Carrier, District, LabSite

if TYPE_CHECKING:
    from pathlib import Path

_ENABLED = "/etc/systemd/system/multi-user.target.wants"
_MACHINE = """[Unit]
Description=What makes this container behave as a machine
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
# As on a machine: else the credentials of a service are mounted where nobody sees them.
ExecStart=mount --make-rshared /
ExecStart=-umount /etc/hosts
ExecStart=-umount /etc/hostname
ExecStart=-umount /etc/resolv.conf

[Install]
WantedBy=multi-user.target
"""


class Root:
    """A machine's file system before its first boot."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """A file at the absolute path `name`, at no moment readable wider than `mode`."""
        target = self.path / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.touch(mode=mode)
        target.chmod(mode)
        target.write_text(text, encoding="utf-8")

    def enable(self, unit: str, template: str = "") -> None:
        """`systemctl enable`, as the link it makes."""
        link = self.path / _ENABLED.lstrip("/") / unit
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(template or f"/etc/systemd/system/{unit}")

    def copy_lab(self, target: str) -> None:
        """The repository's lab/ below `target`, for what runs inside."""
        ignore = shutil.ignore_patterns("__pycache__")
        destination = self.path / target.lstrip("/") / "lab"
        shutil.copytree(ROOT / "lab", destination, ignore=ignore, dirs_exist_ok=True)


def image_node(node: str, district: District) -> None:
    """Prepare the node's file system; it must not have booted yet."""
    root = Root(engine.root_of(node))
    if node == DATA_CENTRE:
        _data_centre(root, district)
    elif node.startswith("carrier-"):
        _carrier(root, district.carrier(node.removeprefix("carrier-")), district)
    elif node.startswith("modem-"):
        _modem(root, district.site(node.removeprefix("modem-")), district)
    else:
        _server(root, district.site(node.removeprefix("server-")), district)


def _own_files(root: Root, hostname: str, resolver: str) -> None:
    """Files that podman covers with its own mounts; a unit takes the mounts away at boot.

    Else no role could replace /etc/hosts or /etc/resolv.conf as it does on a real machine.
    """
    root.write("/etc/hostname", f"{hostname}\n")
    root.write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n")
    root.write("/etc/resolv.conf", f"nameserver {resolver}\n")
    root.write("/etc/systemd/system/rekamatan-lab-machine.service", _MACHINE)
    root.enable("rekamatan-lab-machine.service")


def _login(root: Root, user: str, host_key: str) -> None:
    """The host's own SSH key, and the one account the controller logs in to."""
    root.write("/etc/ssh/ssh_host_ed25519_key", host_key, 0o600)
    public = run(["ssh-keygen", "-y", "-f", str(root.path / "etc/ssh/ssh_host_ed25519_key")]).stdout
    root.write("/etc/ssh/ssh_host_ed25519_key.pub", public)
    shell = ["--create-home", "--shell", "/bin/bash", "--password", "*"]
    run(["useradd", "--root", str(root.path), *shell, user])
    root.write(f"/etc/sudoers.d/{user}", f"{user} ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    key = CONTROLLER_KEY.with_suffix(".pub").read_text(encoding="ascii")
    root.write(f"/home/{user}/.ssh/authorized_keys", key, 0o600)
    (root.path / f"home/{user}/.ssh").chmod(0o700)
    owner = (root.path / f"home/{user}").stat()
    run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", str(root.path / f"home/{user}/.ssh")])


def _tunnel(root: Root, interface: str, config: str) -> None:
    """WireGuard as a unit; wg-quick takes wireguard-go where the kernel has no wireguard."""
    root.write(f"/etc/wireguard/{interface}.conf", config, 0o600)
    userspace = "[Service]\nEnvironment=WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go\n"
    unit = f"wg-quick@{interface}.service"
    root.write(f"/etc/systemd/system/{unit}.d/userspace.conf", userspace)
    root.enable(unit, "/lib/systemd/system/wg-quick@.service")


def _tunnel_config(interface: dict[str, str], peers: list[dict[str, str]]) -> str:
    sections = [("Interface", interface), *[("Peer", peer) for peer in peers]]
    lines = [
        line
        for name, values in sections
        for line in (f"[{name}]", *[f"{key} = {value}" for key, value in values.items()], "")
    ]
    return "\n".join(lines)


def _server(root: Root, site: LabSite, district: District) -> None:
    _own_files(root, site.slug, site.address(1))
    variables = site.variables
    _login(root, variables["ansible_user"], variables["vault_server_host_private_key"])
    root.write(
        "/etc/systemd/network/10-lan.network",
        "[Match]\nName=eth0\n\n[Network]\n"
        f"Address={site.address(10)}/{site.lan.prefixlen}\nGateway={site.address(1)}\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\n",
    )
    for uplink in site.uplinks[1:]:
        root.write(
            f"/etc/systemd/network/11-{uplink.device}.network",
            f"[Match]\nName={uplink.device}\n\n[Network]\nAddress={uplink.server_address}/24\n"
            "LinkLocalAddressing=no\nIPv6AcceptRA=no\n",
        )
    vpn = variables["data_centre_vpn"]
    prefix = ipaddress.ip_network(vpn["network"]).prefixlen
    mine = {
        "PrivateKey": variables["vault_vpn_private_key"],
        "Address": f"{site.tunnel_address}/{prefix}",
        "MTU": "1280",
    }
    hub = {
        "PublicKey": variables["data_centre_vpn_public_key"],
        "Endpoint": f"{district.service_address}:{vpn['port']}",
        "AllowedIPs": vpn["network"],
        "PersistentKeepalive": "25",
    }
    _tunnel(root, vpn["interface"], _tunnel_config(mine, [hub]))
    if WHEELHOUSE.is_dir():
        shutil.copytree(WHEELHOUSE, root.path / "opt/rekamatan/wheelhouse", dirs_exist_ok=True)


def _data_centre(root: Root, district: District) -> None:
    _own_files(root, DATA_CENTRE, "127.0.0.1")
    variables = district.data_centre
    _login(root, variables["ansible_user"], variables["vault_server_host_private_key"])
    vpn = variables["data_centre_vpn"]
    prefix = ipaddress.ip_network(vpn["network"]).prefixlen
    mine = {
        "PrivateKey": variables["vault_vpn_private_key"],
        "Address": f"{vpn['address']}/{prefix}",
        "ListenPort": str(vpn["port"]),
        "MTU": "1280",
    }
    peers = [
        {
            "PublicKey": site.variables["site_vpn_public_key"],
            "AllowedIPs": f"{site.tunnel_address}/32",
        }
        for site in district.sites
    ]
    _tunnel(root, vpn["interface"], _tunnel_config(mine, peers))
    if WHEELHOUSE.is_dir():
        shutil.copytree(WHEELHOUSE, root.path / "opt/rekamatan/wheelhouse", dirs_exist_ok=True)


def _carrier(root: Root, carrier: Carrier, district: District) -> None:
    config = carrier_files.ggsn_config(carrier, district.service_address)
    root.write(carrier_files.GGSN_CONFIG, config)
    root.write(carrier_files.RELAY_CONFIG, carrier_files.relay_config(carrier, district))
    root.write("/etc/nftables.conf", carrier_files.firewall(carrier), 0o755)
    root.write("/etc/rekamatan-carrier", f"GATEWAY={carrier.gateway}\n")
    for path, text in carrier_files.UNITS.items():
        root.write(path, text)
    (root.path / "var/lib/ggsn").mkdir(parents=True, exist_ok=True)
    root.copy_lab(carrier_files.CODE)
    root.enable("rekamatan-ports.service")
    root.enable("rekamatan-relay.service")
    root.enable("osmo-ggsn.service", "/lib/systemd/system/osmo-ggsn.service")


def _modem(root: Root, site: LabSite, district: District) -> None:
    root.write("/etc/rekamatan-modem", f"LAN={site.address(1)}/{site.lan.prefixlen}\n")
    config = modem_files.twin_config(site, district)
    root.write(modem_files.CONFIG, json.dumps(config, indent=1), 0o600)
    root.write(modem_files.HOST_KEY, site.variables["vault_modem_host_private_key"], 0o600)
    for name, text in modem_files.units(site).items():
        root.write(f"/etc/systemd/system/{name}", text)
        root.enable(name)
    root.copy_lab(modem_files.CODE)
