"""Which passwords a site gets for its modem: two accounts have two, one account has one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SITE = ROOT / "playbooks/vars/site.yml"
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "vars_files": [str(SITE)],
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "dest": "{{ answer_file }}",
                    "content": "{{ [site_agent_modem_password, site_agent_modem_read_password, "
                    "modem_password, modem_read_password] | to_json }}",
                    "mode": "0600",
                }
            }
        ],
    }
]


# site -> what the inventory says of its modem, and the password its read account has
CASES: dict[str, tuple[dict[str, str], str]] = {
    "two-accounts": ({}, "look"),
    "another-name": ({"username": "admin"}, "look"),
    "only-root": ({"username": "root", "read_username": "root"}, "change"),
    "name-that-reading-has": ({"username": "rekamatan-read"}, "change"),
}


@pytest.fixture(scope="module")
def passwords(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Of the switch and of the checks, for the agent and for the role that configures the modem."""
    directory = tmp_path_factory.mktemp("play")
    hosts: dict[str, Any] = {
        name: {
            "site_modem": {"platform": "openwrt", **accounts},
            "vault_modem_password": "change",
            "vault_modem_read_password": "look",
            "answer_file": str(directory / name),
            "ansible_python_interpreter": sys.executable,
        }
        for name, (accounts, _) in CASES.items()
    }
    inventory, play = directory / "hosts.json", directory / "play.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    play.write_text(json.dumps(PLAY), encoding="utf-8")
    program = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(program), "-i", str(inventory), str(play)],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: json.loads((directory / name).read_text(encoding="utf-8")) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_one_account_has_one_password(passwords: dict[str, list[str]], name: str) -> None:
    read = CASES[name][1]
    assert passwords[name] == ["change", read, "change", read]
