"""Two machines for the scenario: a recording server and a data centre, with systemd and sshd.

Run with `up DIRECTORY` or `down`. They are the lab's images, on a bridge of their own; DIRECTORY
gets the login key, the pinned host keys, a test CA and the variables.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from lab import images
from lab.engine import podman
from lab.shell import run
from rekamatan.config import site_to_json
from tests.machines import CREATE, INGEST, make_identity, remove, start, wait_booted
from tests.records.conftest import make_site

BRIDGE = "rekamol0"
NETWORK = "10.216.250"
SLUG = "kubu"


@dataclass(frozen=True, slots=True)
class Machine:
    """One container: its name in the inventory, its image, the last part of its address."""

    name: str
    image: str
    number: int

    @property
    def container(self) -> str:
        return f"rekamatan-molecule-{self.name}"

    @property
    def address(self) -> str:
        return f"{NETWORK}.{self.number}"

    @property
    def device(self) -> str:
        return f"rekamol{self.number}"


SERVER = Machine(SLUG, "server", 10)
DATA_CENTRE = Machine("pusat", "datacentre", 20)
MACHINES = (DATA_CENTRE, SERVER)


def up(directory: Path) -> None:
    """Raise both; what is left of an earlier run goes first."""
    down()
    directory.mkdir(parents=True, exist_ok=True)
    _write_variables(directory)
    for key in (directory / "login", *(directory / f"host-{m.name}" for m in MACHINES)):
        key.unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "molecule", "-f", str(key)])
    run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    run(["ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    references = images.ensure(tuple(machine.image for machine in MACHINES))
    for machine in MACHINES:
        _start(machine, references[machine.image], directory)
    pinned = (f"{m.address} {_public(directory / f'host-{m.name}')}" for m in MACHINES)
    (directory / "known_hosts").write_text("".join(pinned))
    for machine in MACHINES:
        wait_booted(machine.container, 60)


def down() -> None:
    """Remove both and their bridge; the same when they are not there."""
    for machine in MACHINES:
        remove(machine.container)
    run(["ip", "link", "delete", BRIDGE], check=False)


def _start(machine: Machine, image: str, directory: Path) -> None:
    podman(
        *("create", f"--name={machine.container}", f"--hostname={machine.name}"),
        *("--network=none", *CREATE, image, "/lib/systemd/systemd"),
    )
    root = Path(podman("mount", machine.container))
    host_key = (directory / f"host-{machine.name}").read_text()
    _write(root / "etc/ssh/ssh_host_ed25519_key", host_key, 0o600)
    _write(root / "root/.ssh/authorized_keys", _public(directory / "login"), 0o600)
    start(machine.container)
    pid = podman("inspect", "--format={{.State.Pid}}", machine.container)
    run(["ip", "link", "add", machine.device, "type", "veth", "peer", "name", "eth0", "netns", pid])
    run(["ip", "link", "set", machine.device, "master", BRIDGE, "up"])
    inside = ["nsenter", "--target", pid, "--net", "ip"]
    run([*inside, "address", "add", f"{machine.address}/24", "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])
    resolver = f"echo nameserver {DATA_CENTRE.address} >/etc/resolv.conf"
    podman("exec", machine.container, "sh", "-c", resolver)


def _write_variables(directory: Path) -> None:
    """The test district: a CA, three certificates and a signing key, as Ansible variables."""
    variables = make_identity(directory, DATA_CENTRE.address, SLUG, SERVER.address)
    public_key = variables["data_centre_receipt_public_key"]
    site = make_site(f"https://{INGEST}:443", public_key)
    more = {"data_centre_names": [INGEST], "scenario_site_json": site_to_json(site)}
    _write(directory / "variables.json", json.dumps(variables | more), 0o600)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=mode)
    path.write_text(text)


def _public(private: Path) -> str:
    return private.with_name(f"{private.name}.pub").read_text()


if __name__ == "__main__":
    if sys.argv[1] == "up":
        up(Path(sys.argv[2]))
    else:
        down()
