"""What the gateway's machine holds besides its packages: units, settings, accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.linux.sysfs import PORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE = "/opt/twin"
SHARED = "/twin"  # what the machine and the one who runs it share: sockets, the modem's settings
ACCOUNT = "rekamatan"

_MODEM = f"""[Unit]
Description=LTE stick (twin)
Before=ModemManager.service NetworkManager.service

[Service]
Type=notify
Environment=PYTHONPATH={CODE}
ExecStart=/usr/bin/python3 -m lab.twins.linux {SHARED}

[Install]
WantedBy=multi-user.target
"""
# The packaged unit refuses containers, and udev does not report ports that have no device.
_MODEM_MANAGER = """\
[Unit]
ConditionVirtualization=
Requires=rekamatan-stick.service
After=rekamatan-stick.service

[Service]
ProtectSystem=no
PrivateTmp=no
ExecStart=
ExecStart=/usr/sbin/ModemManager --no-auto-scan --test-no-udev \\
  --initial-kernel-events=/etc/mm-events

[Install]
WantedBy=multi-user.target
"""
# A modem with SIM slots, which no modem that speaks AT has: its service stands in for ModemManager.
_SLOTS = f"""[Unit]
Description=Modem service with two SIM slots (twin)

[Service]
Type=dbus
BusName=org.freedesktop.ModemManager1
Environment=PYTHONPATH={CODE}
ExecStart=/usr/bin/python3 -m lab.twins.linux.mm_service {SHARED}
Restart=on-failure

[Install]
WantedBy=multi-user.target
Alias=dbus-org.freedesktop.ModemManager1.service
"""
_NETWORK_MANAGER = """[main]
plugins=keyfile
dns=none

[connectivity]
enabled=false
"""
_ORDER = "[Unit]\nAfter=ModemManager.service\n"
_SSH_SOCKET = f"""[Unit]
Description=SSH of the gateway, at the twin's own door

[Socket]
ListenStream={SHARED}/ssh.sock
Accept=yes
MaxConnections=64

[Install]
WantedBy=sockets.target
"""
_SSH_SERVICE = """[Unit]
Description=SSH session

[Service]
ExecStart=-/usr/sbin/sshd -i
StandardInput=socket
RuntimeDirectory=sshd
RuntimeDirectoryPreserve=yes
"""
_SSHD = f"""
PasswordAuthentication yes
UsePAM no
UseDNS no
ForceCommand {CODE}/lab/twins/linux/gatekeeper.py
AllowUsers {ACCOUNT}
"""
# sshd looks its peer up for the login records, and no peer of a Unix socket has a name: without a
# resolver in reach that took 10 s for each session.
_NAMES = "passwd: files\ngroup: files\nshadow: files\nhosts: files\n"
# Where control groups are of version 1, systemd in a container is not told that one is empty: a
# service stopped while it waited for nmcli counted as stopping for 90 s, with no process left.
_NO_LAST_WORD = "[Service]\nTimeoutStopSec=2\n"
FILES: Mapping[str, str] = {
    "/etc/nsswitch.conf": _NAMES,
    "/etc/systemd/system/rekamatan-stick.service": _MODEM,
    "/etc/systemd/system/ModemManager.service.d/twin.conf": _MODEM_MANAGER,
    "/etc/NetworkManager/NetworkManager.conf": _NETWORK_MANAGER,
    "/etc/systemd/system/rekamatan-ssh.socket": _SSH_SOCKET,
    "/etc/systemd/system/rekamatan-ssh@.service": _SSH_SERVICE,
    "/etc/ssh/sshd_config.d/twin.conf": _SSHD,
    "/usr/lib/systemd/system/rekamatan-wan.service.d/twin.conf": _NO_LAST_WORD,
    "/etc/mm-events": "".join(f"action=add,subsystem={kind},name={name}\n" for kind, name in PORTS),
    # As the base configuration leaves it.
    "/etc/systemd/system/NetworkManager.service.d/rekamatan.conf": _ORDER,
    f"/etc/sudoers.d/{ACCOUNT}": f"{ACCOUNT} ALL=(ALL) NOPASSWD: ALL\n",
}
ENABLED = {
    "rekamatan-stick.service": "multi-user.target.wants",
    "rekamatan-ssh.socket": "sockets.target.wants",
}


def connection(name: str, apn: str, uuid: str, sim_id: str) -> str:
    """A WAN connection as the workshop made it, in NetworkManager's own form."""
    return f"""[connection]
id=wan-{name}
uuid={uuid}
type=gsm

[gsm]
apn={apn}
sim-id={sim_id}
mtu=1400

[ipv4]
method=auto

[ipv6]
method=disabled
"""


def with_slots(files: Mapping[str, str]) -> dict[str, str]:
    """The files of a machine whose modem has SIM slots."""
    units = "/etc/systemd/system"
    stick = f"{units}/rekamatan-stick.service"
    kept = {path: text for path, text in files.items() if "ModemManager.service" not in path}
    del kept[stick]
    return kept | {f"{units}/ModemManager.service": _SLOTS}
