"""The operator's own commands, as typed on the controller, and the environment they run in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.paths import INVENTORY, ROOT, VAULT_PASSWORD

_BIN = Path(sys.executable).parent


def playbook(name: str, *arguments: str) -> list[str]:
    """The argv of `playbooks/NAME.yml` on the lab's inventory."""
    argv = [str(_BIN / "ansible-playbook"), "-i", str(INVENTORY / "hosts.yml")]
    argv += ["--vault-password-file", str(VAULT_PASSWORD), f"playbooks/{name}.yml"]
    return [*argv, *arguments]


def environment() -> dict[str, str]:
    """This process's environment, for programs of this tree."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "PATH": f"{_BIN}:{os.environ['PATH']}",
    }
