"""A site and a data centre on loopback: real TLS, real processes, a real PostgreSQL."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rekamatan.config import site_to_json
from rekamatan.models import DataCentre, Limits, ModemAccess, Sim, Site, WanProfile
from rekamatan.records.receipts import ReceiptVerifier
from rekamatan.records.spool import Spool
from tests.records.authority import Authority
from tests.records.district import District
from tests.records.postgres import Postgres, binaries
from tests.records.relay import Relay
from tests.records.services import Record, Service, TusClient, free_port
from tests.records.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SLUG = "kubu"
_LIMITS = Limits(2.0, 200.0, 60.0, 1000.0, 1400)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    found = binaries()
    if found is None:
        pytest.skip("no PostgreSQL server installed: apt install postgresql")
    cluster = Postgres(found)
    yield cluster
    cluster.remove()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


@dataclass
class Intake:
    """A running site intake and its directory."""

    service: Service
    directory: Path
    port: int
    authority: Authority
    config: Path
    site_file: Path

    def client(self, common_name: str = f"ws1.{SLUG}") -> TusClient:
        certificate, key = self.authority.issue(common_name)
        return TusClient(self.port, self.authority.certificate, certificate, key)

    def spool(self) -> Spool:
        return Spool(self.directory)

    def partial(self, record: Record) -> Path:
        return self.directory / "incoming" / f"{record.record_id}.part"

    def reconfigure(self, **changes: object) -> None:
        """Restart with other settings."""
        self.service.stop()
        settings = json.loads(self.config.read_text()) | changes
        self.config.write_text(json.dumps(settings))
        self.service.start()


@dataclass
class DataCentreService:
    """A running ingest, its store, and the key its receipts are signed with."""

    service: Service
    directory: Path
    port: int
    authority: Authority
    public_key: str
    config: Path

    def client(self, common_name: str = SLUG) -> TusClient:
        certificate, key = self.authority.issue(common_name)
        return TusClient(self.port, self.authority.certificate, certificate, key)

    def verifier(self, site: str = SLUG) -> ReceiptVerifier:
        return ReceiptVerifier(self.public_key, site)

    def stored(self) -> list[Path]:
        return sorted((self.directory / "store").rglob("*.rec"))


def make_site(ingest_url: str, receipt_public_key: str, slug: str = SLUG) -> Site:
    profile = WanProfile(
        "telkomsel", "telkomsel", "internet", ("51010",), Sim("up", "89", "51010"), _LIMITS
    )
    return Site(
        slug=slug,
        code="14.07.01",
        name="Kubu",
        lan="192.168.101.0/24",
        modem=ModemAccess("routeros7", "192.168.101.1", ""),
        profiles={"telkomsel": profile},
        data_centre=DataCentre("127.0.0.1", (), ingest_url, receipt_public_key, "localhost"),
        initial_profile="telkomsel",
    )


@pytest.fixture
def intake(tmp_path: Path, authority: Authority) -> Iterator[Intake]:
    directory, port = tmp_path / "records", free_port()
    directory.mkdir()
    certificate, key = authority.issue("intake.kubu")
    config, site_file = tmp_path / "records.json", tmp_path / "site.json"
    settings = {
        "certificate": str(certificate),
        "key": str(key),
        "ca": str(authority.certificate),
        "listen": "127.0.0.1",
        "port": port,
        "floor_bytes": 0,
        "directory": str(directory),
    }
    config.write_text(json.dumps(settings))
    some_key = base64.b64encode(bytes(32)).decode()
    site_file.write_text(site_to_json(make_site("https://127.0.0.1:9", some_key)))
    arguments = ["serve", "--role", "site", "--config", str(config), "--site-file", str(site_file)]
    service = Service(arguments, tmp_path / "intake.log", port).start()
    yield Intake(service, directory, port, authority, config, site_file)
    service.stop()


@pytest.fixture
def data_centre(
    tmp_path: Path, authority: Authority, postgres: Postgres
) -> Iterator[DataCentreService]:
    postgres.execute("TRUNCATE record, canary, doubt")
    directory, port = tmp_path / "pusat", free_port()
    certificate, key = authority.issue("pusat")
    signing_key = Ed25519PrivateKey.generate()
    (tmp_path / "signing-key").write_text(
        base64.b64encode(signing_key.private_bytes_raw()).decode()
    )
    config = tmp_path / "ingest.json"
    settings = {
        "certificate": str(certificate),
        "key": str(key),
        "ca": str(authority.certificate),
        "listen": "127.0.0.1",
        "port": port,
        "floor_bytes": 0,
        "directory": str(directory),
        "data_centre": "pusat",
        "signing_key": str(tmp_path / "signing-key"),
        "dsn": postgres.dsn(),
    }
    config.write_text(json.dumps(settings))
    arguments = ["serve", "--role", "data-centre", "--config", str(config)]
    service = Service(arguments, tmp_path / "ingest.log", port).start()
    public_key = base64.b64encode(signing_key.public_key().public_bytes_raw()).decode()
    yield DataCentreService(service, directory, port, authority, public_key, config)
    service.stop()


@dataclass
class Forwarding:
    """A forwarder process between an intake's spool and a data centre, through a relay."""

    service: Service
    relay: Relay
    spool: Spool
    site: Site
    tls_dir: Path

    def wait_acknowledged(self, count: int, timeout_s: float = 40.0) -> None:
        ledger = self.spool.ledger
        wait_for(lambda: len(ledger.acknowledged()) >= count, timeout_s, self.service.log)


@pytest.fixture
def forwarding(
    tmp_path: Path, intake: Intake, data_centre: DataCentreService
) -> Iterator[Callable[..., Forwarding]]:
    """Start the forwarder; `bytes_per_s` slows the link, `public_key` pins another key."""
    made: list[Forwarding] = []

    def start(bytes_per_s: int | None = None, public_key: str | None = None) -> Forwarding:
        relay = Relay(data_centre.port, bytes_per_s)
        site = make_site(f"https://127.0.0.1:{relay.port}", public_key or data_centre.public_key)
        intake.site_file.write_text(site_to_json(site))
        tls_dir = tls_directory(tmp_path, intake.authority)
        arguments = ["forward", "--config", str(intake.config)]
        arguments += ["--site-file", str(intake.site_file), "--tls-dir", str(tls_dir)]
        service = Service(arguments, tmp_path / "forwarder.log").start()
        made.append(Forwarding(service, relay, intake.spool(), site, tls_dir))
        return made[-1]

    yield start
    for forwarding in made:
        forwarding.service.stop()
        forwarding.relay.close()


def tls_directory(tmp_path: Path, authority: Authority) -> Path:
    """`/etc/rekamatan/tls` of a site."""
    directory = tmp_path / "tls"
    directory.mkdir(exist_ok=True)
    certificate, key = authority.issue(SLUG)
    shutil.copy(authority.certificate, directory / "ca.crt")
    shutil.copy(certificate, directory / "forwarder.crt")
    shutil.copy(key, directory / "forwarder.key")
    return directory


@pytest.fixture
def district(
    intake: Intake,
    data_centre: DataCentreService,
    forwarding: Callable[..., Forwarding],
    postgres: Postgres,
) -> District:
    """Both sides run, and the forwarder between them."""
    return District(intake, data_centre, forwarding(), postgres)


@pytest.fixture
def besieged(intake: Intake, tmp_path: Path) -> Iterator[Intake]:
    """An intake that holds one honest record, and must be as it was when the attack is over."""
    honest = Record.of_size(100_000)
    intake.client().upload(honest)
    outside = {p for p in tmp_path.iterdir() if p != intake.directory}
    assert intake.service._process is not None
    pid = intake.service._process.pid
    yield intake
    assert intake.service._process.pid == pid
    assert intake.service._process.poll() is None, intake.service.log()
    assert intake.client().head(honest).offset == 100_000
    stored = intake.directory / "spool" / f"{honest.record_id}.{honest.sha256}.ws1.kubu.rec"
    assert stored.read_bytes() == honest.payload
    after = {p for p in tmp_path.iterdir() if p != intake.directory}
    assert after == outside, "a file outside the store"
    assert "Traceback" not in intake.service.log(), intake.service.log()
    assert intake.client().upload(Record.of_size(1000)).status == 204, "it goes on serving"
