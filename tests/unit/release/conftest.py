from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rekamatan.fleet import deliver as delivering
from rekamatan.fleet import receiver


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with a role, and a wheelhouse with wheels for two Pythons."""
    root = tmp_path / "checkout"
    for name, text in {
        "playbooks/local.yml": "- hosts: localhost\n",
        "playbooks/local.cfg": "[defaults]\n",
        "plugins/callback/rekamatan_events.py": "# callback\n",
        "rekamatan/fleet/receiver.py": Path(receiver.__file__).read_text(encoding="utf-8"),
        "rekamatan/fleet/secrets.py": "# stays at the controller\n",
        "roles/vpn/tasks/main.yml": "---\n",
        "roles/vpn/tasks/__pycache__/x.pyc": "stale",
        "roles/wan_profile/action_plugins/wan_profile.py": "# controller\n",
        "scripts/pasang": "#!/bin/bash\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    house = root / "build/wheelhouse"
    house.mkdir(parents=True)
    for wheel in (
        "rekamatan-0.1.0-py3-none-any.whl",
        "ansible_core-2.19.14-py3-none-any.whl",
        "pip-26.3-py3-none-any.whl",
        "cryptography-50.0.2-cp311-abi3-manylinux_2_34_x86_64.whl",
        "yarl-1.25.1-cp311-cp311-manylinux_2_17_x86_64.whl",
        "yarl-1.25.1-cp313-cp313-manylinux_2_17_x86_64.whl",
    ):
        (house / wheel).write_bytes(wheel.encode() * 20_000)
    return root


@pytest.fixture
def site_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`/opt/rekamatan` and `/run/rekamatan-apply` of a site, with a systemd that only says yes."""
    root, runs = tmp_path / "opt", tmp_path / "run"
    root.mkdir()
    runs.mkdir()
    monkeypatch.setattr(receiver, "RUNS", runs)
    monkeypatch.setattr(delivering, "RUNS", runs)
    monkeypatch.setattr(delivering, "ROOT", str(root))
    started: list[list[str]] = []

    def systemd(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if argv[0] == "systemd-run":
            started.append(argv)
        code = {"systemctl": 3, "systemd-run": 0, "journalctl": 0}[argv[0]]
        return subprocess.CompletedProcess(argv, code, "the last line of the log\n", "")

    monkeypatch.setattr(receiver.subprocess, "run", systemd)
    monkeypatch.setattr(receiver.os, "geteuid", lambda: 0)
    monkeypatch.setattr(receiver, "STARTED", started, raising=False)
    return root
