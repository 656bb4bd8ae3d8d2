"""What the lab tests say to the district: the operator, and the technician at a console."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
INVENTORY = CHECKOUT / "build/lab/inventory/hosts.yml"
VAULT_PASSWORD = CHECKOUT / "build/lab/vault-password"
# Change orders of this test run only: a rollout of an order that is done is, rightly, not repeated.
SERIES = int(time.time())
ORDER = f"470/112/UJI-{SERIES}"


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command."""

    status: int
    output: str  # stdout and stderr, as a person saw them

    def recap(self) -> dict[str, dict[str, int]]:
        """Ansible's last table: {host: {"ok": 3, "changed": 0, ...}}."""
        table = {}
        for line in self.output.splitlines():
            host, colon, counts = line.partition(" : ")
            if colon and "unreachable=" in counts:
                pairs = (pair.split("=") for pair in counts.split())
                table[host.strip()] = {name: int(value) for name, value in pairs}
        return table


def run(*argv: str, timeout: int = 900, env: dict[str, str] | None = None) -> Ran:
    """Run to the end; the timeout is a generous bound, not a measurement."""
    done = subprocess.run(
        argv,
        cwd=CHECKOUT,
        env={**environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout)


def environment() -> dict[str, str]:
    """This process's environment with the project's programs first on PATH."""
    path = f"{CHECKOUT / '.venv/bin'}:{os.environ['PATH']}"
    return {
        **os.environ,
        "PATH": path,
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
    }


def playbook_argv(name: str, *arguments: str, vault: Path = VAULT_PASSWORD) -> list[str]:
    """The operator's command line."""
    return [
        "ansible-playbook",
        "-i",
        str(INVENTORY),
        "--vault-password-file",
        str(vault),
        f"playbooks/{name}.yml",
        *arguments,
    ]


def playbook(name: str, *arguments: str, vault: Path = VAULT_PASSWORD) -> Ran:
    """What the operator runs."""
    return run(*playbook_argv(name, *arguments, vault=vault))


def switch(profile: str, site: str, *arguments: str, order: str = ORDER) -> Ran:
    """One site to a profile, by the operator."""
    inputs = ("-e", f"wan_profile={profile}", "-e", f"change_order={order}", "-l", site)
    return playbook("switch_wan", *inputs, *arguments)


def console(node: str, *argv: str) -> Ran:
    """At the machine's own console: works with no controller and no network."""
    return run("rekamatan-lab", "exec", node, "--", *argv)


def ways(sites: list[str]) -> str:
    """Both ends of every tunnel, for the message of a test in which an office did not answer."""
    seen = [console("pusat", "wg", "show").output]
    for site in sites:
        look = "ip -4 route; wg show; ping -c 3 -W 5 10.77.0.1; ss -tn; uptime"
        seen.append(f"{site}\n{console(f'server-{site}', 'sh', '-c', look).output}")
    return "\n".join(seen)


def fault(*arguments: str) -> None:
    """Do harm, or undo it with `--restore`."""
    done = run("rekamatan-lab", "fault", *arguments)
    assert done.status == 0, done.output


def status(site: str) -> dict[str, Any]:
    """What the recording server itself says, read at its console."""
    done = console(f"server-{site}", "rekamatan", "status", "--json")
    assert done.status == 0, done.output
    answer: dict[str, Any] = json.loads(done.output[done.output.index("{") :])
    return answer
