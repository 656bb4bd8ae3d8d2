"""What the inventory says about power, backup and another application reaches the roles."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

TREE = Path(__file__).parents[3]
PLAYBOOK = shutil.which("ansible-playbook", path=Path(sys.executable).parent)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDSpYgE1GtLvKKE3p1wkjWyzDz0x3mM0W0SVSnzwZkMm"
GIVEN = {
    "vault_backup_password": "twentycharactersatleast",
    "vault_backup_ssh_private_key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "vault_adapter_passfile": "localhost:5432:*:rekamatan:secret",
}
READ = (
    *("power_ups", "power_shutdown_after_s", "server_baseline_services"),
    *("recording_server_application", "recording_server_adapter_passfile"),
    *("backup_wanted", "backup_repository", "backup_store_address", "backup_store_host_key"),
    *("backup_password", "backup_ssh_private_key"),
)
UPS = {"name": "kantor", "driver": "usbhid-ups"}

pytestmark = pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-playbook")


def resolved(tmp_path: Path, **inventory: Any) -> dict[str, Any]:  # noqa: ANN401 - of the inventory
    """The variables that roles of kubu get, with these added to the example inventory."""
    target = tmp_path / "resolved.json"
    pairs = ", ".join(f"'{name}': {name}" for name in READ)
    play = {
        "hosts": "kubu",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [str(TREE / "playbooks/vars/site.yml")],
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "content": f"{{{{ {{{pairs}}} | to_json }}}}",
                    "dest": str(target),
                    "mode": "0600",
                }
            }
        ],
    }
    root = Path(shutil.copytree(TREE / "inventory/rokan_hilir", tmp_path / "inventory"))
    centre = root / "host_vars/pusat"
    centre.mkdir(exist_ok=True)
    (centre / "public.yml").write_text(yaml.safe_dump({"data_centre_host_key": HOST_KEY}))
    (root / "host_vars/kubu/zz.yml").write_text(yaml.safe_dump(GIVEN | inventory))
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    argv = [sys.executable, str(PLAYBOOK), "-i", str(root / "hosts.yml"), "play.yml"]
    argv += ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(target.read_text()))


def test_the_example_district_backs_up_to_the_data_centre_and_has_no_ups(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    assert (found["power_ups"], found["power_shutdown_after_s"]) == ({}, 300)
    assert (found["backup_wanted"], found["backup_repository"]) == (True, "rclone:kubu")
    assert found["backup_store_address"] == "10.77.0.1", "through the tunnel, on any carrier"
    assert found["backup_store_host_key"] == HOST_KEY
    assert found["backup_password"] == GIVEN["vault_backup_password"]
    assert found["recording_server_application"] == {}
    assert [service["name"] for service in found["server_baseline_services"]] == ["intake"]


def test_an_office_with_a_ups_a_second_disk_and_the_ministrys_application(tmp_path: Path) -> None:
    application = {"service": "perekam.service", "adapter": {"command": ["/usr/bin/jawab"]}}
    found = resolved(
        tmp_path,
        site_power_ups=UPS,
        rekamatan_shutdown_after_s=120,
        site_backup_directory="/mnt/cadangan",
        rekamatan_application=application,
        rekamatan_application_services=[{"name": "perekam", "port": 8080}],
    )
    assert (found["power_ups"], found["power_shutdown_after_s"]) == (UPS, 120)
    assert (found["backup_wanted"], found["backup_repository"]) == (True, "/mnt/cadangan")
    assert (found["backup_store_address"], found["backup_ssh_private_key"]) == ("", "")
    assert found["recording_server_application"] == application
    assert found["recording_server_adapter_passfile"] == GIVEN["vault_adapter_passfile"]
    opened = found["server_baseline_services"][1]
    assert opened == {
        "name": "perekam",
        "port": 8080,
        "protocol": "tcp",
        "sources": ["192.168.101.0/24"],
    }


def test_a_district_without_backups_says_so(tmp_path: Path) -> None:
    assert resolved(tmp_path, rekamatan_backup="none")["backup_wanted"] is False


def test_what_is_resolved_also_travels() -> None:
    defaults = yaml.safe_load((TREE / "roles/site_release/defaults/main.yml").read_text())
    prefixes = tuple(defaults["site_release_prefixes"])
    roles = yaml.safe_load((TREE / "playbooks/local.yml").read_text())[0]["roles"]
    for role in roles:
        assert f"{role['role']}_" in prefixes
    assert all(name.startswith(prefixes) for name in READ)
