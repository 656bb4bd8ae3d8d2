"""A port that comes or goes leaves the address of a lab machine's bridge as it is."""

from __future__ import annotations

import os
import subprocess

import pytest

from lab import carrier, modem
from lab.topology import LabSite


def bridge_commands(unit: str) -> list[str]:
    lines = [line.removeprefix("ExecStart=") for line in unit.splitlines()]
    return [line for line in lines if line.startswith("ip link")]


@pytest.mark.parametrize("name", ["bridge", "br-gn"])
def test_the_address_stays(name: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    site = LabSite(1, "kubu", {"site_modem": {"platform": "routeros7"}})
    unit = {
        "bridge": modem.units(site)["rekamatan-ports.service"],
        "br-gn": carrier.UNITS["/etc/systemd/system/rekamatan-ports.service"],
    }[name]
    plug = [
        "ip link add ether1 address 00:00:00:00:00:0a type veth peer name far1",
        f"ip link set ether1 master {name}",
    ]
    look = f"cat /sys/class/net/{name}/address"
    # sysfs shows the namespace it was mounted in.
    script = ["mount -t sysfs none /sys", *bridge_commands(unit), look, *plug, look]
    argv = ["unshare", "--net", "--mount", "sh", "-ec", "\n".join(script)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    before, after = done.stdout.split()
    assert before == after, done.stderr
