"""The nightly backup with the real restic: restored on a bare server, and not to be dropped."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from rekamatan.records.counts import record_counts
from rekamatan.records.reconcile import reconcile_spool
from rekamatan.records.spool import Spool
from tests.unit.records.stick_case import StickCase

ROLE = Path(__file__).parents[2] / "roles" / "backup"
WORDS = "sangat rahasia sekali"
PROGRAM = ROLE / "files" / "rekamatan-backup"
RECORDS = "var/lib/rekamatan/records"

pytestmark = pytest.mark.skipif(
    shutil.which("restic") is None, reason="no restic: apt install restic"
)
needs_rclone = pytest.mark.skipif(
    shutil.which("rclone") is None, reason="no rclone: apt install rclone"
)


@dataclass
class Backup:
    """One server's paths, repository and password."""

    root: Path
    repository: str
    options: tuple[str, ...] = ()

    def environment(self, words: str = WORDS) -> dict[str, str]:
        secret = self.root / "password"
        secret.write_text(words)
        return os.environ | {
            "RESTIC_REPOSITORY": self.repository,
            "RESTIC_PASSWORD_FILE": str(secret),
            "RESTIC_CACHE_DIR": str(self.root / "cache"),
            "BACKUP_HOST": "kubu",
            "BACKUP_OPTIONS": " ".join(self.options),
        }

    def run(self, *paths: Path, words: str = WORDS) -> int:
        argv = [str(PROGRAM), *map(str, paths)]
        environment = self.environment(words)
        return subprocess.run(argv, env=environment, check=False, capture_output=True).returncode

    def restic(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # restic tries a refused deletion again for a quarter of an hour.
        argv = ["timeout", "15", "restic", *self.options, *arguments]
        environment = self.environment()
        return subprocess.run(argv, env=environment, check=False, capture_output=True, text=True)

    def snapshots(self) -> int:
        return self.restic("snapshots", "--compact", "--no-lock").stdout.count("kubu")


@pytest.fixture
def backup(tmp_path: Path) -> Backup:
    return Backup(tmp_path, str(tmp_path / "repository"))


def tree(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_restored_on_a_bare_server_the_count_and_its_proof_are_back(
    tmp_path: Path, backup: Backup
) -> None:
    case = StickCase.make(tmp_path / "server")
    for offer in case.capture(5):
        case.acknowledge(offer)
    receipts = case.records / "receipts"
    assert backup.run(receipts, case.root / "no-evidence-yet") == 0
    bare = tmp_path / "bare"
    restored = backup.restic("restore", "latest", "--tag", "rekamatan", "--target", str(bare))
    assert restored.returncode == 0, restored.stderr
    assert tree(bare / receipts.relative_to("/")) == tree(receipts)
    new = tmp_path / "new"
    spool = Spool(new)
    shutil.copytree(bare / receipts.relative_to("/"), new / "receipts", dirs_exist_ok=True)
    outcome = reconcile_spool(spool, case.verifier)
    assert (outcome.added, tuple(outcome.problems)) == (5, ())
    assert record_counts(new).acknowledged == 5


def test_what_the_role_backs_up_is_enough_for_a_new_server(tmp_path: Path, backup: Backup) -> None:
    """The role's own list of paths, below a directory that stands for the server's root."""
    root = tmp_path / "server"
    case = StickCase.make(tmp_path / "site")
    for offer in case.capture(3):
        case.acknowledge(offer)
    shutil.copytree(case.records, root / RECORDS)
    for kept in ("etc/rekamatan/site.json", "var/lib/rekamatan/evidence/1.jsonl"):
        (root / kept).parent.mkdir(parents=True, exist_ok=True)
        (root / kept).write_text(kept)
    paths = yaml.safe_load((ROLE / "defaults/main.yml").read_text())["backup_paths"]
    assert backup.run(*(root / path.lstrip("/") for path in paths)) == 0
    bare = tmp_path / "bare"
    assert backup.restic("restore", "latest", "--target", str(bare)).returncode == 0
    restored = bare / root.relative_to("/")
    assert (restored / "etc/rekamatan/site.json").read_text() == "etc/rekamatan/site.json"
    assert (restored / "var/lib/rekamatan/evidence/1.jsonl").exists()
    outcome = reconcile_spool(Spool(restored / RECORDS), case.verifier)
    assert (outcome.added, outcome.problems) == (3, ())
    assert not list((restored / RECORDS).rglob("*.rec")), "payloads have their own ways"


def test_nothing_readable_leaves_the_server(tmp_path: Path, backup: Backup) -> None:
    secret = tmp_path / "etc"
    secret.mkdir()
    (secret / "canary-name").write_text("canary-content-3174" * 100)
    assert backup.run(secret) == 0
    for path in Path(backup.repository).rglob("*"):
        assert "canary" not in path.name
        assert not path.is_file() or b"canary" not in path.read_bytes()


def test_wrong_password_is_an_error_and_makes_no_second_repository(
    tmp_path: Path, backup: Backup
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("one")
    assert backup.run(data) == 0
    before = tree(Path(backup.repository) / "keys")
    assert backup.run(data, words="other words altogether") != 0
    assert tree(Path(backup.repository) / "keys") == before
    assert backup.snapshots() == 1


def test_nothing_to_back_up_is_an_error(tmp_path: Path, backup: Backup) -> None:
    assert backup.run(tmp_path / "nothing") == 2


def test_altered_repository_is_found(tmp_path: Path, backup: Backup) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_bytes(os.urandom(200_000))
    assert backup.run(data) == 0
    assert backup.restic("check", "--read-data").returncode == 0
    pack = max(Path(backup.repository, "data").rglob("*"), key=lambda p: p.stat().st_size)
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(content)
    assert backup.restic("check", "--read-data").returncode != 0


@needs_rclone
def test_the_server_can_add_but_not_delete(tmp_path: Path) -> None:
    """The very command that the store's authorized_keys allows, without the ssh around it."""
    allowed = (ROLE / "templates" / "authorized_keys.j2").read_text()
    assert "rclone serve restic --stdio --append-only" in allowed
    directory = tmp_path / "store"
    directory.mkdir()
    way = tmp_path / "way"
    way.write_text(f"#!/bin/sh\nexec rclone serve restic --stdio --append-only {directory}\n")
    way.chmod(0o755)
    backup = Backup(tmp_path, "rclone:kubu", ("-o", f"rclone.program={way}"))
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("one")
    assert backup.run(data) == 0
    (data / "file").write_text("two")
    assert backup.run(data) == 0
    assert backup.snapshots() == 2
    stored = tree(directory / "data") | tree(directory / "snapshots")
    backup.restic("forget", "--keep-last", "1", "--prune")
    assert backup.snapshots() == 2, "the server deleted a backup"
    now = tree(directory / "data") | tree(directory / "snapshots")
    assert {name: now.get(name) for name in stored} == stored
