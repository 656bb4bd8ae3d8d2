"""Real file systems as sticks, in a mount namespace of their own: small, read-only, owned by root.

The kernel's own ENOSPC and EROFS decide here, not a stand-in for them.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from rekamatan.config import site_to_json
from rekamatan.records.account import service_hands
from tests.records.conftest import make_site
from tests.unit.records.stick_case import StickCase
from tests.unit.records.test_receipts import PUBLIC

_NAMESPACE = ["unshare", "--mount", "--propagation", "private"]


def namespaces_work() -> bool:
    probe = [*_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_mounts = pytest.mark.skipif(not namespaces_work(), reason="needs root and mount namespaces")


@pytest.fixture
def case(tmp_path: Path) -> StickCase:
    case = StickCase.make(tmp_path)
    settings = {"certificate": "", "key": "", "ca": str(case.tls / "ca.crt")}
    (tmp_path / "records.json").write_text(
        json.dumps(settings | {"directory": str(case.records), "floor_bytes": 0})
    )
    (tmp_path / "site.json").write_text(site_to_json(make_site("https://127.0.0.1:9", PUBLIC)))
    return case


def command(case: StickCase, action: str, *more: str) -> str:
    argv = [sys.executable, "-m", "rekamatan.cli", "records", action, str(case.stick), *more]
    argv += [
        "--config",
        str(case.root / "records.json"),
        "--site-file",
        str(case.root / "site.json"),
    ]
    return " ".join(argv + (["--tls-dir", str(case.tls)] if action == "export" else []))


def on_medium(case: StickCase, mount: str, script: str) -> subprocess.CompletedProcess[str]:
    """Mount, run, and copy what is on the stick to `<root>/seen` before the namespace goes."""
    seen = case.root / "seen"
    whole = f"{mount}; set +e; {script}; code=$?; cp -r {case.stick} {seen}; exit $code"
    argv = [*_NAMESPACE, "bash", "-ec", whole]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in done.stderr, done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return parsed


@needs_mounts
def test_full_stick_carries_what_fits(case: StickCase) -> None:
    case.capture(5, size=1_000_000)
    mount = f"mount -t tmpfs -o size=5m tmpfs {case.stick}"
    done = on_medium(case, mount, command(case, "export", "--json"))
    found = report(done)
    assert done.returncode == 1
    assert found["full"]
    assert 0 < found["carried"] < 5
    assert found["carried"] + found["left"] == 5
    shutil.rmtree(case.stick)
    (case.root / "seen").rename(case.stick)
    assert len(case.manifest().records) == found["carried"]
    assert len(case.on_stick()) == found["carried"], "no half record stays"


@needs_mounts
def test_enospc_in_the_middle_of_a_record(case: StickCase) -> None:
    """Somebody else's file took the room between the look and the write."""
    case.capture(3, size=1_000_000)
    mount = f"mount -t tmpfs -o size=2500k tmpfs {case.stick}"
    blind = (
        "import sys; from rekamatan import cli; from rekamatan.records import stick_export as e; "
        "e._SPARE_BYTES = -10**9; sys.exit(cli.main(sys.argv[1:]))"
    )
    script = command(case, "export", "--json").replace("-m rekamatan.cli", f"-c '{blind}'")
    done = on_medium(case, mount, script)
    found = report(done)
    assert (done.returncode, found["full"], found["carried"], found["left"]) == (1, True, 2, 1)
    assert not list((case.root / "seen").rglob(".*.tmp"))


@needs_mounts
def test_read_only_stick_is_refused_in_indonesian(case: StickCase) -> None:
    case.capture(1)
    mount = f"mount -t tmpfs -o ro tmpfs {case.stick}"
    done = on_medium(case, mount, command(case, "export"))
    assert done.returncode == 3
    assert "terkunci (hanya-baca)" in done.stderr
    english = on_medium(case, mount, command(case, "export", "--lang", "en"))
    assert "Move its lock" in english.stderr


@needs_mounts
def test_stick_that_became_read_only_is_refused_on_the_second_press(case: StickCase) -> None:
    """What FAT does after an error: the kernel remounts it read-only."""
    case.capture(1)
    export = command(case, "export", "--json")
    mount = f"mount -t tmpfs tmpfs {case.stick}"
    done = on_medium(case, mount, f"{export} && mount -o remount,ro {case.stick} && {export}")
    assert done.returncode == 3
    assert report(done)["error"] == "StickError"


def test_forgotten_mount_does_not_fill_the_servers_disk(case: StickCase) -> None:
    case.capture(1)
    done = subprocess.run(
        command(case, "export").split(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "Apakah stik sudah terpasang" in done.stderr
    assert list(case.stick.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has two hands")
def test_what_root_writes_among_the_records_is_the_services(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    # Not under tmp_path: the unprivileged user must reach it.
    home = Path(tempfile.mkdtemp(prefix="rekamatan-hands-"))
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    try:
        with service_hands("nobody"):
            (home / "theirs").touch()
            with pytest.raises(PermissionError):
                (tmp_path / "not-theirs").touch()
        (home / "ours").touch()
        owners = {path.name: path.stat().st_uid for path in home.iterdir()}
    finally:
        shutil.rmtree(home)
    assert owners == {"theirs": nobody.pw_uid, "ours": 0}
