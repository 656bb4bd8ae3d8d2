"""Four plain machines for the scenario: a recording server and a data centre of either Debian.

Run with `up DIRECTORY` or `down`. DIRECTORY gets the login key, the pinned host keys, and per
release a test CA and the secrets that `rekamatan secrets` makes for a district.
"""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import plain
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab.engine import podman
from lab.shell import output, run
from tests.machines import CREATE, INGEST, make_identity, remove, start, wait_booted

NETWORK = "rekamatan-plain"
SUBNET = "10.216.249"
ACCOUNT = "rekamatan-admin"


@dataclass(frozen=True, slots=True)
class Machine:
    """One container: its name in the inventory, its release, the last part of its address."""

    name: str
    suite: str
    number: int

    @property
    def container(self) -> str:
        return f"rekamatan-plain-{self.name}"

    @property
    def address(self) -> str:
        return f"{SUBNET}.{self.number}"


# By release: the data centre, then the recording server.
PAIRS = {
    "bookworm": (Machine("pusat12", "bookworm", 120), Machine("kubu12", "bookworm", 112)),
    "trixie": (Machine("pusat13", "trixie", 130), Machine("kubu13", "trixie", 113)),
}
MACHINES = tuple(machine for pair in PAIRS.values() for machine in pair)


def up(directory: Path) -> None:
    """Raise all four; what is left of an earlier run goes first."""
    down()
    directory.mkdir(parents=True, exist_ok=True)
    for suite in PAIRS:
        _write_variables(directory / suite, suite)
    login = directory / "login"
    login.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "molecule", "-f", str(login)])
    podman("network", "create", f"--subnet={SUBNET}.0/24", "--disable-dns", NETWORK)
    pinned = []
    for machine in MACHINES:
        _start(machine, directory)
        key = _inside(machine, "cat /etc/ssh/ssh_host_ed25519_key.pub")
        pinned.append(f"{machine.address} {key}\n")
    (directory / "known_hosts").write_text("".join(pinned))
    for machine in MACHINES:
        wait_booted(machine.container, 120)


def down() -> None:
    """Remove all and their network; the same when they are not there."""
    for machine in MACHINES:
        remove(machine.container)
    podman("network", "rm", "--force", NETWORK, check=False)


def _start(machine: Machine, directory: Path) -> None:
    podman(
        *("create", f"--name={machine.container}", f"--hostname={machine.name}"),
        *(f"--network={NETWORK}", f"--ip={machine.address}", "--device=/dev/net/tun", *CREATE),
        # At an office the modem's resolver knows this name.
        f"--add-host={INGEST}:{PAIRS[machine.suite][0].address}",
        *(plain.ensure(machine.suite), "/lib/systemd/systemd"),
    )
    start(machine.container)
    # What a person does at the console of a new server before Ansible can come in.
    key = (directory / "login.pub").read_text().strip()
    _inside(
        machine,
        f"useradd --create-home --shell /bin/bash --password '*' {ACCOUNT}"
        f" && echo '{ACCOUNT} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{ACCOUNT}"
        f" && install -d -m 700 -o {ACCOUNT} ~{ACCOUNT}/.ssh"
        f" && echo '{key}' >~{ACCOUNT}/.ssh/authorized_keys",
    )


def _write_variables(directory: Path, suite: str) -> None:
    """A district of one office, as Ansible variables: what is generated and what is secret."""
    centre, server = PAIRS[suite]
    hub, spoke = _tunnel_keys(), _tunnel_keys()
    variables = make_identity(directory, centre.address, server.name, server.address) | {
        "data_centre_ntp": centre.address,
        "data_centre_names": [INGEST],
        "data_centre_ingest_url": f"https://{INGEST}:443",
        "data_centre_dns": {"name": INGEST, "server": centre.address},
        "data_centre_endpoints": [{"name": "ingest", "host": INGEST, "port": 443, "tls": True}],
        "data_centre_vpn_public_key": hub[1],
        "site_lan": f"{SUBNET}.0/24",
        "site_modem_host_key": _ssh_public(Ed25519PrivateKey.generate()),
        "site_vpn_public_key": spoke[1],
        "vault_modem_password": secrets.token_urlsafe(12),
        "vault_modem_read_password": secrets.token_urlsafe(12),
    }
    tunnel = {"pusat": hub[0], "kubu": spoke[0]}
    text = json.dumps(variables | {"scenario_tunnel_keys": tunnel})
    path = directory / "variables.json"
    path.touch(mode=0o600)
    path.write_text(text)


def _ssh_public(key: Ed25519PrivateKey) -> str:
    openssh = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return key.public_key().public_bytes(*openssh).decode()


def _tunnel_keys() -> tuple[str, str]:
    private = output(["wg", "genkey"])
    return private, run(["wg", "pubkey"], stdin=private).stdout.strip()


def _inside(machine: Machine, script: str) -> str:
    return podman("exec", machine.container, "sh", "-ec", script)


if __name__ == "__main__":
    if sys.argv[1] == "up":
        up(Path(sys.argv[2]))
    else:
        down()
