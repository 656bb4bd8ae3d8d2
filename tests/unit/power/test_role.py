"""Role power in check mode on this machine, which it does not change: with a UPS and without."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TREE = Path(__file__).parents[3]
PLAYBOOK = shutil.which("ansible-playbook", path=Path(sys.executable).parent)
UPS = {"name": "kantor", "driver": "usbhid-ups"}

pytestmark = pytest.mark.skipif(
    PLAYBOOK is None or shutil.which("dpkg-query") is None or os.geteuid() != 0,
    reason="needs ansible-playbook, a Debian and root",
)


def check(tmp_path: Path, **variables: Any) -> tuple[int, dict[str, str], str]:  # noqa: ANN401 - of the role
    """Exit code, task -> `ok`, `changed`, `skipping` or `fatal`, and all that was said."""
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables}
    tasks = [{"ansible.builtin.include_role": {"name": "power"}}]
    (tmp_path / "play.yml").write_text(json.dumps([play | {"tasks": tasks}]))
    environment = os.environ | {
        "ANSIBLE_ROLES_PATH": str(TREE / "roles"),
        "ANSIBLE_CONFIG": str(TREE / "ansible.cfg"),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "1",
        "ANSIBLE_NOCOLOR": "1",
    }
    argv = [
        sys.executable,
        str(PLAYBOOK),
        "-i",
        "localhost,",
        "--check",
        str(tmp_path / "play.yml"),
    ]
    argv += ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    outcome = r"TASK \[power : (.+?)\] \*+\n(?:(?!TASK).*\n)*?(ok|changed|skipping|fatal):"
    found = dict(re.findall(outcome, done.stdout))
    return done.returncode, found, done.stdout + done.stderr


def test_without_a_ups_there_is_a_watchdog_and_no_nut(tmp_path: Path) -> None:
    code, tasks, said = check(tmp_path)
    assert code == 0, said
    assert tasks["Rekamatan asks no UPS"] in {"ok", "changed"}
    assert tasks["Nothing watches a UPS that is not there"] == "skipping", "nobody's NUT is ended"
    assert tasks["Watchdog"] in {"ok", "changed"}
    assert tasks["Restart after a panic"] in {"ok", "changed"}
    for of_a_ups in ("Settings of NUT", "Which UPS Rekamatan asks"):
        assert tasks[of_a_ups] == "skipping"
    assert "nut-client" not in said


def test_with_a_ups_the_switch_learns_whom_to_ask(tmp_path: Path) -> None:
    code, tasks, said = check(tmp_path, power_ups=UPS)
    assert code == 0, said
    assert tasks["Which UPS Rekamatan asks"] in {"ok", "changed"}
    assert tasks["Rekamatan asks no UPS"] == "skipping"
    assert tasks["Watchdog"] in {"ok", "changed"}


def test_a_ups_that_would_stay_off_is_refused(tmp_path: Path) -> None:
    code, tasks, said = check(tmp_path, power_ups=UPS, power_on_delay_s=30, power_off_delay_s=60)
    assert (code, tasks["The UPS comes back after it went off"]) == (2, "fatal")
    assert "stays off" in " ".join(said.split())
