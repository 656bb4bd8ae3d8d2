"""Three plain machines: a recording server, a bare spare of it, and the store of backups.

Run with `up DIRECTORY` or `down`. DIRECTORY gets the login key, the pinned host keys, the records
of an office, and the variables. The server has a disk for its data volume and a stick, both loop
devices that only it sees.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import plain  # of scenario plain_host
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab.engine import podman
from lab.paths import WHEELHOUSE
from lab.shell import output, run
from rekamatan.config import site_to_json
from tests.machines import CREATE, remove, start, wait_booted
from tests.records.conftest import make_site
from tests.unit.records.stick_case import StickCase
from tests.unit.records.test_receipts import PUBLIC

NETWORK, SUBNET = "rekamatan-upkeep", "10.216.248"
LABEL = "REKAMATAN"
ACKNOWLEDGED, WAITING = 20, 5


@dataclass(frozen=True, slots=True)
class Machine:
    """One container: its name in the inventory and the last part of its address."""

    name: str
    number: int

    @property
    def container(self) -> str:
        return f"rekamatan-upkeep-{self.name}"

    @property
    def address(self) -> str:
        return f"{SUBNET}.{self.number}"


SERVER, SPARE, STORE = Machine("kubu", 11), Machine("cadangan", 12), Machine("simpan", 30)
MACHINES = (SERVER, SPARE, STORE)


def up(directory: Path) -> None:
    """Raise all three; what is left of an earlier run goes first."""
    down(directory)
    directory.mkdir(parents=True, exist_ok=True)
    login = directory / "login"
    login.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "molecule", "-f", str(login)])
    podman("network", "create", f"--subnet={SUBNET}.0/24", "--disable-dns", NETWORK)
    disks = {name: _disk(directory / f"{name}.img") for name in ("data", "stick")}
    run(["mkfs.ext4", "-q", "-L", LABEL, disks["stick"]])
    pinned = {}
    for machine in MACHINES:
        _create(machine, tuple(disks.values()) if machine is SERVER else ())
        start(machine.container)
        _let_in(machine, login.with_suffix(".pub").read_text().strip())
        pinned[machine] = _inside(machine, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    lines = (f"{machine.address} {key}\n" for machine, key in pinned.items())
    (directory / "known_hosts").write_text("".join(lines))
    _write_variables(directory, pinned[STORE], disks)
    for machine in MACHINES:
        wait_booted(machine.container, 120)


def down(directory: Path) -> None:
    """Remove all, their network and their disks; the same when they are not there."""
    for machine in MACHINES:
        remove(machine.container)
    podman("network", "rm", "--force", NETWORK, check=False)
    for image in directory.glob("*.img"):
        for line in output(["losetup", "--associated", str(image)]).splitlines():
            run(["losetup", "--detach", line.partition(":")[0]], check=False)
        image.unlink()


def _disk(image: Path) -> str:
    run(["truncate", "--size=64M", str(image)])
    return output(["losetup", "--find", "--show", str(image)])


def _create(machine: Machine, devices: tuple[str, ...]) -> None:
    podman(
        *("create", f"--name={machine.container}", f"--hostname={machine.name}"),
        *(f"--network={NETWORK}", f"--ip={machine.address}", *CREATE),
        # The same after a power cut: a new one would be unknown to its neighbours for a minute.
        f"--mac-address=92:d0:c6:0a:29:{machine.number:02x}",
        # A machine's root has it; the backup reads by it, and by nothing else, what others own.
        "--cap-add=DAC_READ_SEARCH",
        *(f"--device={device}" for device in devices),
        *(plain.ensure("bookworm"), "/lib/systemd/systemd"),
    )


def _let_in(machine: Machine, key: str) -> None:
    _inside(machine, f"install -d -m 700 ~/.ssh && echo '{key}' >~/.ssh/authorized_keys")
    if machine is not STORE:
        _inside(machine, "mkdir /opt/rekamatan")
        podman("cp", str(WHEELHOUSE), f"{machine.container}:/opt/rekamatan/wheelhouse")


def _write_variables(directory: Path, store_key: str, disks: dict[str, str]) -> None:
    """The office's records, and what `rekamatan secrets init` makes for it."""
    shutil.rmtree(directory / "office", ignore_errors=True)
    case = StickCase.make(directory / "office")
    for offer in case.capture(ACKNOWLEDGED):
        case.acknowledge(offer)
    case.capture(WAITING)
    private, public = _ssh_pair()
    variables = {
        "backup_store_host_key": store_key,
        "backup_store_address": STORE.address,
        "backup_ssh_private_key": private,
        "backup_password": secrets.token_urlsafe(20),
        "backup_store_sites": {SERVER.name: public},
        "data_volume_device": disks["data"],
        "data_volume_recovery": secrets.token_urlsafe(20),
        "scenario_site_json": site_to_json(make_site("https://127.0.0.1:9", PUBLIC)),
        "scenario_records": f"{case.records}/",
    }
    path = directory / "variables.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(variables))


def _ssh_pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    openssh = serialization.PrivateFormat.OpenSSH
    none = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, openssh, none).decode()
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return private, key.public_key().public_bytes(encoding, form).decode()


def _inside(machine: Machine, script: str) -> str:
    return podman("exec", machine.container, "sh", "-ec", script)


if __name__ == "__main__":
    {"up": up, "down": down}[sys.argv[1]](Path(sys.argv[2]))
