"""Two machines for the scenario: a recording server and a data centre, with systemd and sshd.

Run with `up DIRECTORY` or `down`. They are the lab's images, on a bridge of their own; DIRECTORY
gets the login key, the pinned host keys, a test CA and the variables.
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab import images
from lab.engine import runtime_options
from lab.shell import output, run, wait_until
from rekamatan.config import site_to_json
from tests.records.authority import Authority
from tests.records.conftest import make_site

BRIDGE = "rekamol0"
NETWORK = "10.216.250"
INGEST = "ingest.molecule.example"
SLUG = "kubu"
_ULIMITS = ("--ulimit=nofile=8192:8192", "--ulimit=nproc=8192:8192")


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
        wait_until(f"{machine.name} boot", lambda m=machine: _has_booted(m), 60, every=0.5)


def down() -> None:
    """Remove both and their bridge; the same when they are not there."""
    for machine in MACHINES:
        _podman("rm", "--force", "--ignore", "--time=0", machine.container)
    run(["ip", "link", "delete", BRIDGE], check=False)


def _start(machine: Machine, image: str, directory: Path) -> None:
    _podman(
        *("create", f"--name={machine.container}", f"--hostname={machine.name}"),
        *("--network=none", "--systemd=always", "--stop-timeout=5", *_ULIMITS),
        # SYS_ADMIN: without it systemd quietly leaves out the sandboxing this scenario looks at.
        "--cap-add=NET_ADMIN,NET_RAW,AUDIT_WRITE,SYS_ADMIN",
        *("--security-opt=unmask=ALL", image, "/lib/systemd/systemd"),
    )
    root = Path(_podman("mount", machine.container))
    host_key = (directory / f"host-{machine.name}").read_text()
    _write(root / "etc/ssh/ssh_host_ed25519_key", host_key, 0o600)
    _write(root / "root/.ssh/authorized_keys", _public(directory / "login"), 0o600)
    _podman("start", machine.container)
    # A container's mounts are private, and systemd hands credentials over by a shared one.
    _podman("exec", machine.container, "mount", "--make-rshared", "/")
    pid = _podman("inspect", "--format={{.State.Pid}}", machine.container)
    run(["ip", "link", "add", machine.device, "type", "veth", "peer", "name", "eth0", "netns", pid])
    run(["ip", "link", "set", machine.device, "master", BRIDGE, "up"])
    inside = ["nsenter", "--target", pid, "--net", "ip"]
    run([*inside, "address", "add", f"{machine.address}/24", "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])
    resolver = f"echo nameserver {DATA_CENTRE.address} >/etc/resolv.conf"
    _podman("exec", machine.container, "sh", "-c", resolver)


def _write_variables(directory: Path) -> None:
    """The test district: a CA, three certificates and a signing key, as Ansible variables."""
    authority = Authority(directory / "tls")
    ingest = authority.issue("pusat", host=INGEST, address=DATA_CENTRE.address)
    intake = authority.issue("intake", host=SLUG, address=SERVER.address)
    forwarder = authority.issue(SLUG)
    authority.issue(f"ws1.{SLUG}")
    signing_key = Ed25519PrivateKey.generate()
    public_key = _base64(signing_key.public_key().public_bytes_raw())
    (directory / "receipt.pub").write_text(public_key)
    site = make_site(f"https://{INGEST}:443", public_key)
    variables = {
        "district_ca_certificate": authority.certificate.read_text(),
        "data_centre_address": DATA_CENTRE.address,
        "data_centre_names": [INGEST],
        "data_centre_ingest_tls_certificate": ingest[0].read_text(),
        "vault_ingest_tls_key": ingest[1].read_text(),
        "vault_receipt_signing_key": _base64(signing_key.private_bytes_raw()),
        "site_intake_tls_certificate": intake[0].read_text(),
        "vault_intake_tls_key": intake[1].read_text(),
        "site_forwarder_tls_certificate": forwarder[0].read_text(),
        "vault_forwarder_tls_key": forwarder[1].read_text(),
        "scenario_site_json": site_to_json(site),
    }
    _write(directory / "variables.json", json.dumps(variables), 0o600)


def _has_booted(machine: Machine) -> bool:
    argv = ["exec", machine.container, "systemctl", "is-system-running"]
    done = run(["podman", *runtime_options(), *argv], check=False)
    return done.stdout.strip() in {"running", "degraded"}


def _podman(*arguments: str) -> str:
    return output(["podman", *runtime_options(), *arguments])


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=mode)
    path.write_text(text)


def _public(private: Path) -> str:
    return private.with_name(f"{private.name}.pub").read_text()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


if __name__ == "__main__":
    if sys.argv[1] == "up":
        up(Path(sys.argv[2]))
    else:
        down()
