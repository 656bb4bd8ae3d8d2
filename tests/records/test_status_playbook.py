"""`playbooks/status.yml` beside a real site and data centre: both ledgers, compared by Ansible."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.records.services import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.records.district import District

pytestmark = pytest.mark.postgres
CHECKOUT = Path(__file__).resolve().parents[2]
PLAY = """
- name: Records
  hosts: sites
  gather_facts: false
  tasks:
    - name: Compare
      ansible.builtin.include_tasks: {tasks}
"""


@pytest.fixture
def play(district: District, tmp_path: Path) -> Callable[[], tuple[int, str]]:
    """Run the comparison on this machine: `kubu` is the site, `bangko` does not answer."""
    playbook = shutil.which("ansible-playbook", path=Path(sys.executable).parent)
    if playbook is None:
        pytest.skip("ansible is not installed")
    programs = {
        "kubu": ["--config", str(district.intake.config)],
        "pusat": ["--config", str(district.data_centre.config)],
    }
    hosts: dict[str, dict[str, object]] = {}
    for host, more in programs.items():
        wrapper = tmp_path / "programs" / host / "rekamatan"
        wrapper.parent.mkdir(parents=True)
        python = f'exec {sys.executable} -m rekamatan.cli "$@" {" ".join(more)}'
        wrapper.write_text(f"#!/bin/sh\n{python}\n")
        wrapper.chmod(0o755)
        path = f"{wrapper.parent}:{os.environ['PATH']}"
        hosts[host] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_shell_executable": _shell(tmp_path, host, path),
        }
    dead = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    inventory = {
        "all": {
            "children": {
                "sites": {"hosts": {"kubu": hosts["kubu"], "bangko": dead}},
                "data_centre": {"hosts": {"pusat": hosts["pusat"]}},
            }
        }
    }
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    tasks = CHECKOUT / "playbooks/tasks/compare_records.yml"
    (tmp_path / "play.yml").write_text(PLAY.format(tasks=tasks))

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, playbook, "-i", tmp_path / "hosts.json", tmp_path / "play.yml"],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
                "PYTHONPATH": str(CHECKOUT),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        return done.returncode, done.stdout

    return run


def _shell(tmp_path: Path, host: str, path: str) -> str:
    """A shell whose PATH finds this host's `rekamatan` first."""
    shell = tmp_path / f"{host}-sh"
    shell.write_text(f'#!/bin/sh\nPATH={path}\nexport PATH\nexec /bin/sh "$@"\n')
    shell.chmod(0o755)
    return str(shell)


def test_district_is_compared_and_every_record_in_question_is_named(
    district: District, play: Callable[[], tuple[int, str]]
) -> None:
    gone, altered = district.capture(2)
    status, output = play()
    assert status == 0, output
    assert "kubu                         agree    0 waiting" in output
    assert "bangko                       waiting" in output

    district.link.service.stop()
    stranger, nobody = Record.of_size(10), Record.of_size(10)
    district.data_centre.client().upload(stranger)
    district.data_centre.client("palsu").upload(nobody)
    district.postgres.execute(f"DELETE FROM record WHERE id = '{gone.record_id}'")  # noqa: S608 - a UUID
    (path,) = district.data_centre.directory.glob(f"store/*/*/*/{altered.record_id}*")
    path.write_bytes(b"z" * 10)
    status, output = play()
    assert status != 0
    assert f"missing: {gone.record_id}" in output
    assert f"altered: {altered.record_id}" in output
    assert f"unknown: {stranger.record_id}" in output
    assert "palsu" in output
