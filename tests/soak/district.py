"""The whole of the soak's district: offices, carriers, data centre, workstations."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab.shell import run, wait_until
from tests.records.authority import Authority
from tests.soak.nodes import CENTRE_ADDRESS, CHECKOUT, HUB, Centre, Office, SoakDisk, make_namespace

if TYPE_CHECKING:
    from collections.abc import Sequence


class SoakDistrict:
    """Everything that runs; `close` ends and removes all of it."""

    def __init__(
        self, profiles: Sequence[str], seed: int, *, no_fsync: bool, centre_megabytes: int
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="rk-soak-"))
        self.home.chmod(0o755)  # PostgreSQL runs as another user below
        SoakDisk.home = self.home
        environment = {"SOAK_NO_FSYNC": "1"} if no_fsync else {}
        key = Ed25519PrivateKey.generate()
        self.public_key = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        signing_key = base64.b64encode(key.private_bytes_raw()).decode()
        self.authority = Authority(self.home / "ca")
        self._carriers: subprocess.Popen[bytes] | None = None
        self._workstations: list[subprocess.Popen[bytes]] = []
        self.offices: list[Office] = []
        self.steps = self.home / "steps"
        self.steps.touch()
        make_namespace(HUB)
        run(["ip", "-n", HUB, "addr", "add", f"{CENTRE_ADDRESS}/32", "dev", "lo"])
        self.centre = Centre(self.home, self.authority, signing_key, environment, centre_megabytes)
        for number, profile in enumerate(profiles, start=1):
            slug = profile.replace("_", "-")
            office = Office(
                slug, number, profile, self.home, self.authority, self.public_key, environment
            )
            make_namespace(office.namespace)
            self.offices.append(office)
        self._start_carriers(seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_carriers(self, seed: int) -> None:
        sites = [
            {"name": o.slug, "namespace": o.namespace, "device": f"office{o.number}"}
            for o in self.offices
        ]
        address = str(self.home / "carriers")
        config = {"seed": seed, "sites": sites, "hub": HUB, "socket": address}
        argv = [sys.executable, "-m", "tests.soak.links", json.dumps(config)]
        self._carriers = subprocess.Popen(argv, cwd=CHECKOUT)
        wait_until("carriers", Path(address).exists, 20)
        for office in self.offices:
            office.wire()

    def tell_carriers(self, **request: object) -> None:
        """One request to the link process."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.connect(str(self.home / "carriers"))
            client.send(json.dumps(request).encode())

    def start(self) -> None:
        self.centre.start()
        for office in self.offices:
            office.start()

    def set_links(self, speed: float) -> None:
        for office in self.offices:
            self.tell_carriers(site=office.slug, profile=office.profile, speed=speed)

    def add_workstation(self, office: Office, number: int, sizes: str, pace_s: float) -> None:
        """The lab's own workstation: it shares no code with the product, and notes what it did."""
        name = f"ws{number}.{office.slug}"
        self.authority.issue(name)
        argv = ["ip", "netns", "exec", office.namespace, sys.executable, "-m", "lab.workstation"]
        argv += ["--server", "127.0.0.1", "--identity", str(self.home / "ca" / name)]
        argv += ["--notebook", str(office.directory / f"notebook-{number}")]
        argv += ["--sizes", sizes, "--pace", str(pace_s)]
        with (office.directory / "workstation.log").open("ab") as log:
            process = subprocess.Popen(argv, cwd=CHECKOUT, stdout=log, stderr=log)
        self._workstations.append(process)

    def stop_workstations(self) -> None:
        for process in self._workstations:
            process.kill()
            process.wait()
        self._workstations.clear()

    def captured(self) -> int:
        """How many records the workstations have been answered for."""
        return sum(
            notebook.read_text(encoding="utf-8").count('"event": "captured"')
            for office in self.offices
            for notebook in office.notebooks
        )

    def database_answers(self) -> bool:
        try:
            with psycopg.connect(self.centre.postgres.dsn(), connect_timeout=2) as connection:
                connection.execute("SELECT count(*) FROM record")
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        """End what was started here, by its process, and remove it; all of it, whatever fails."""
        with ExitStack() as last_first:
            if not os.environ.get("SOAK_KEEP"):
                last_first.callback(run, ["rm", "-rf", "--one-file-system", str(self.home)])
            for name in [HUB, *(office.namespace for office in self.offices)]:
                last_first.callback(run, ["ip", "netns", "del", name], check=False)
            for disk in [self.centre.disk, *(office.disk for office in self.offices)]:
                last_first.callback(run, ["umount", str(disk.mount)], check=False)
            last_first.callback(self._end_carriers)
            last_first.callback(self.centre.postgres.crash)
            last_first.callback(self.centre.ingest.kill)
            for office in self.offices:
                last_first.callback(office.kill)
            last_first.callback(self.stop_workstations)

    def _end_carriers(self) -> None:
        if self._carriers is not None:
            self._carriers.kill()
            self._carriers.wait()
