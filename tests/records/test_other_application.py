"""Role recording_server with another application: refused before anything of it runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TREE = Path(__file__).parents[2]
ADAPTER = {"command": ["/usr/bin/perekaman-adapter"]}

PLAYBOOK = shutil.which("ansible-playbook", path=Path(sys.executable).parent)

pytestmark = pytest.mark.skipif(
    PLAYBOOK is None or shutil.which("dpkg-query") is None,
    reason="needs ansible-playbook and a Debian",
)


def apply(tmp_path: Path, application: dict[str, Any], *, whole: bool = False) -> str:
    """What the role said; `whole` runs all of it in check mode, else only the application's part.

    Every case here must end before the package would be installed.
    """
    role = {"name": "recording_server"} | ({} if whole else {"tasks_from": "application.yml"})
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    tasks = [{"ansible.builtin.include_role": role}]
    (tmp_path / "play.yml").write_text(json.dumps([play | {"tasks": tasks}]))
    variables = {
        "district_ca_certificate": "x",
        "site_intake_tls_certificate": "x",
        "vault_intake_tls_key": "x",
        "site_forwarder_tls_certificate": "x",
        "vault_forwarder_tls_key": "x",
        "recording_server_application": application,
        "__recording_server_package_file": str(tmp_path / "fetched.deb"),
    }
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    argv = [sys.executable, str(PLAYBOOK), "-i", "localhost,", str(tmp_path / "play.yml")]
    argv += ["-e", f"@{tmp_path / 'variables.json'}", *(["--check"] if whole else [])]
    environment = os.environ | {
        "ANSIBLE_ROLES_PATH": str(TREE / "roles"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CONFIG": str(TREE / "ansible.cfg"),
    }
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
    )
    assert done.returncode != 0, done.stdout
    return " ".join((done.stdout + done.stderr).split())


def package(tmp_path: Path, **changes: str) -> dict[str, Any]:
    file = tmp_path / "perekaman.deb"
    file.write_bytes(b"what was sent")
    facts = {
        "name": "perekaman-that-nobody-has",
        "version": "4.2-1",
        "source": file.as_uri(),
        "sha256": hashlib.sha256(b"what was signed").hexdigest(),
    }
    return {"package": facts | changes, "adapter": ADAPTER}


def test_another_file_than_the_signed_one_is_refused(tmp_path: Path) -> None:
    said = apply(tmp_path, package(tmp_path))
    assert "did not match" in said
    assert not (tmp_path / "fetched.deb").exists()


@pytest.mark.parametrize("sha256", ["", "abc", "sha256:" + "0" * 64, "0" * 63])
def test_without_a_checksum_nothing_is_fetched(tmp_path: Path, sha256: str) -> None:
    assert "is not 64 hexadecimal digits" in apply(tmp_path, package(tmp_path, sha256=sha256))
    assert not (tmp_path / "fetched.deb").exists()


def test_without_an_adapter_no_application(tmp_path: Path) -> None:
    assert "has no adapter.command" in apply(tmp_path, {"service": "perekaman.service"})


def test_a_mistyped_key_is_named(tmp_path: Path) -> None:
    assert "adaptor" in apply(tmp_path, {"adaptor": ADAPTER}, whole=True)
