"""The machines of the soak: each a namespace, a disk that can lose power, and the real services."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lab.disks import Disk
from lab.shell import run
from rekamatan.config import site_to_json
from tests.records.conftest import make_site
from tests.records.postgres import Postgres, binaries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.records.authority import Authority

CHECKOUT = Path(__file__).resolve().parents[2]
_NAMES = f"rk-soak-{os.getpid()}"  # two runs on one machine do not meet
HUB = f"{_NAMES}-hub"
CENTRE_ADDRESS = "10.219.255.1"
CENTRE_PORT = 8443
INTAKE_PORT = 8443  # the lab's workstation knows no other
_START_S = 60.0
_KILLED_S = 120.0  # a killed process ends once the kernel has synced for it


class SoakDisk(Disk):
    """An ext4 image under the soak's own directory."""

    home: Path = Path()  # set once, before the first is made

    @property
    def image(self) -> Path:
        return SoakDisk.home / "disks" / f"{self.node}.img"

    @property
    def mount(self) -> Path:
        return SoakDisk.home / "mnt" / self.node

    def make(self) -> bool:
        self.image.parent.mkdir(parents=True, exist_ok=True)
        return super().make()

    def replace_by_new(self) -> None:
        """The old machine is carried away."""
        self.detach()
        self.image.unlink()
        self.make()

    def cut(self) -> None:
        """What a power cut leaves; every process of the node is dead already."""
        self.thaw_when_free(self.freeze(), time.monotonic() + _KILLED_S)

    def thaw_when_free(self, copy: Path, deadline: float) -> None:
        while run(["umount", str(self.mount)], check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.mount} is still in use")
            time.sleep(0.05)  # killed processes let go of the disk in their own time
        self.thaw(copy)

    def fill(self) -> Path:
        """Leave no byte free; the file that takes the room."""
        ballast = self.mount / "ballast"
        with suppress(OSError), ballast.open("wb") as file:
            while free := shutil.disk_usage(self.mount).free:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while True:  # what the reservation could not have: block by block, to the last
                file.write(bytes(4096))
        return ballast


@dataclass
class Program:
    """One service of a node, as a process that can be killed and planted with a trip."""

    name: str
    argv: list[str]
    namespace: str
    log: Path
    port: int | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str] | None = None, *, wait: bool = True) -> None:
        """Start it in its namespace; with `wait`, until it listens."""
        argv = ["ip", "netns", "exec", self.namespace, sys.executable, "-m", "tests.soak.planted"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*argv, "records", *self.argv],
                cwd=CHECKOUT,
                env={**os.environ, "PYTHONPATH": str(CHECKOUT), **(environment or {})},
                stdout=log,
                stderr=log,
            )
        if self.port is not None and wait:
            self._wait_for_port()

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=_KILLED_S)
            self.process = None

    def died(self, within_s: float) -> bool:
        """True when it ended by itself within that time."""
        assert self.process is not None
        try:
            self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _wait_for_port(self) -> None:
        deadline = time.monotonic() + _START_S
        probe = ["ip", "netns", "exec", self.namespace, "ss", "-Hltn", f"sport = :{self.port}"]
        while not subprocess.run(probe, capture_output=True, check=True).stdout:
            if time.monotonic() > deadline or not self.alive:
                raise RuntimeError(f"{self.name} does not listen: {self.log.read_text()[-2000:]}")
            time.sleep(0.1)  # it does not say when it listens


@dataclass
class Centre:
    """The data centre: ingest, store and PostgreSQL on one disk."""

    home: Path
    authority: Authority
    signing_key: str  # base64
    environment: dict[str, str]
    megabytes: int
    disk: SoakDisk = field(init=False)
    postgres: Postgres = field(init=False)
    ingest: Program = field(init=False)

    def __post_init__(self) -> None:
        self.disk = SoakDisk("centre", "/", self.megabytes)
        self.disk.make()
        found = binaries()
        if found is None:
            raise RuntimeError("no PostgreSQL server installed: apt install postgresql")
        (self.disk.mount / "pg").mkdir()
        self.postgres = Postgres(found, self.disk.mount / "pg", sync=True)
        certificate, key = self.authority.issue("centre", address=CENTRE_ADDRESS)
        (self.home / "signing-key").write_text(self.signing_key)
        self.config = self.home / "ingest.json"
        settings = {
            "certificate": str(certificate),
            "key": str(key),
            "ca": str(self.authority.certificate),
            "listen": CENTRE_ADDRESS,
            "port": CENTRE_PORT,
            "floor_bytes": 0,
            "directory": str(self.disk.mount / "state"),
            "data_centre": "pusat",
            "signing_key": str(self.home / "signing-key"),
            "dsn": self.postgres.dsn(),
        }
        self.config.write_text(json.dumps(settings))
        argv = ["serve", "--role", "data-centre", "--config", str(self.config)]
        self.ingest = Program("ingest", argv, HUB, self.home / "ingest.log", CENTRE_PORT)

    @property
    def store(self) -> Path:
        return self.disk.mount / "state/store"

    def start(self, trip: Mapping[str, str] | None = None) -> None:
        self.ingest.start({**self.environment, **(trip or {})})

    def power_cut(self) -> None:
        self.ingest.kill()
        self.postgres.crash()
        self.disk.cut()
        self.postgres.boot()
        self.start()


@dataclass
class Office:
    """One site: intake and forwarder on one disk, behind a link of one profile."""

    slug: str
    number: int
    profile: str
    home: Path
    authority: Authority
    public_key: str
    environment: dict[str, str]
    megabytes: int = 4_000
    address: int = 2  # last byte; changes with the carrier

    def __post_init__(self) -> None:
        self.namespace = f"{_NAMES}-{self.number}"
        self.directory = self.home / self.slug
        self.directory.mkdir(parents=True, exist_ok=True)
        self.disk = SoakDisk(self.slug, "/", self.megabytes)
        self.disk.make()
        self._write_settings()
        common = ["--config", str(self.directory / "records.json")]
        common += ["--site-file", str(self.directory / "site.json")]
        log = self.directory / "log"
        serve = ["serve", "--role", "site", *common]
        forward = ["forward", *common, "--tls-dir", str(self.directory / "tls")]
        self.intake = Program("intake", serve, self.namespace, log, INTAKE_PORT)
        self.forwarder = Program("forwarder", forward, self.namespace, log)

    @property
    def records(self) -> Path:
        return self.disk.mount / "records"

    @property
    def programs(self) -> list[Program]:
        return [self.intake, self.forwarder]

    @property
    def notebooks(self) -> list[Path]:
        return sorted(self.directory.glob("notebook-*"))

    def _write_settings(self) -> None:
        certificate, key = self.authority.issue(f"intake.{self.slug}")
        settings = {
            "certificate": str(certificate),
            "key": str(key),
            "ca": str(self.authority.certificate),
            "listen": "127.0.0.1",
            "port": INTAKE_PORT,
            "floor_bytes": 0,
            "directory": str(self.records),
            "retention_days": 0,
        }
        (self.directory / "records.json").write_text(json.dumps(settings))
        url = f"https://{CENTRE_ADDRESS}:{CENTRE_PORT}"
        site = make_site(url, self.public_key, self.slug)
        (self.directory / "site.json").write_text(site_to_json(site))
        tls = self.directory / "tls"
        tls.mkdir(exist_ok=True)
        certificate, key = self.authority.issue(self.slug)
        shutil.copy(self.authority.certificate, tls / "ca.crt")
        shutil.copy(certificate, tls / "forwarder.crt")
        shutil.copy(key, tls / "forwarder.key")

    def wire(self) -> None:
        """Addresses and routes of both ends; the link's process has made the devices."""
        network = f"10.219.{self.number}"
        inside = ["ip", "-n", self.namespace]
        run([*inside, "addr", "flush", "dev", "wan0"])
        run([*inside, "addr", "add", f"{network}.{self.address}/24", "dev", "wan0"])
        run([*inside, "link", "set", "wan0", "up", "mtu", "1400"])
        run([*inside, "route", "replace", "default", "dev", "wan0"])
        device = f"office{self.number}"
        run(["ip", "-n", HUB, "link", "set", device, "up", "mtu", "1400"])
        run(["ip", "-n", HUB, "route", "replace", f"{network}.0/24", "dev", device])

    def start(self, trip: Mapping[str, str] | None = None, tripped: str = "") -> None:
        self.records.mkdir(exist_ok=True)
        for program in self.programs:
            more = dict(trip or {}) if program.name == tripped else {}
            program.start({**self.environment, **more}, wait=program.name != tripped)

    def kill(self) -> None:
        for program in self.programs:
            program.kill()

    def power_cut(self) -> None:
        self.kill()
        self.disk.cut()
        self.start()

    def replace_server(self) -> None:
        """A spare takes over; a technician carried the old disk's records over, not its ledger."""
        self.kill()
        saved = self.directory / "carried"
        shutil.copytree(self.records, saved)
        self.disk.replace_by_new()
        self.records.mkdir()
        for folder in ("incoming", "spool", "sent", "receipts"):
            shutil.copytree(saved / folder, self.records / folder)
        os.sync()
        shutil.rmtree(saved)
        self.start()


def make_namespace(name: str) -> None:
    """A network of its own with its loopback up."""
    run(["ip", "netns", "add", name])
    run(["ip", "-n", name, "link", "set", "lo", "up"])
