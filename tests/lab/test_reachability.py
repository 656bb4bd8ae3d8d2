"""The controller has one way to a site: the data centre, then the site's active bearer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "build" / "lab" / "inventory"
LAB = [sys.executable, "-m", "lab"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


def lab(*arguments: str) -> str:
    done = subprocess.run(
        [*LAB, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def status() -> dict[str, Any]:
    state = ROOT / "build" / "lab" / "state.json"
    if not state.exists():
        pytest.skip("no lab is raised: rekamatan-lab up --sites 1")
    if os.geteuid() != 0:
        pytest.skip("faults and namespaces need root: sudo pytest -m lab")
    found: dict[str, Any] = json.loads(lab("status", "--json"))
    return found


@pytest.fixture
def site(status: dict[str, Any]) -> str:
    return next(iter(status["sites"]))


@pytest.fixture
def bearer(status: dict[str, Any], site: str) -> str:
    attached = status["sites"][site]["attached"]
    assert len(attached) == 1, f"{site} should have one bearer, has {attached}"
    return str(next(iter(attached)))


@pytest.fixture
def mend() -> Iterator[Callable[..., None]]:
    """Break something now; it is mended after the test, whatever happens."""
    broken: list[tuple[str, ...]] = []

    def fault(*words: str) -> None:
        broken.append(words)
        lab("fault", *words)

    yield fault
    for words in broken:
        lab("fault", *words, "--restore")


def reachable(host: str) -> bool:
    """Whether Ansible, with the inventory as a person uses it, can run something there."""
    password = str(ROOT / "build" / "lab" / "vault-password")
    argv = [str(Path(sys.executable).parent / "ansible"), "-i", str(INVENTORY / "hosts.yml")]
    argv += ["--vault-password-file", password, "-T", "12", host, "-m", "ansible.builtin.raw"]
    # A session left open by an earlier run must not answer for a new one.
    argv += ["-a", "true", "-e", "ansible_ssh_args='-o ControlMaster=no -o ControlPath=none'"]
    done = subprocess.run(
        argv, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=90
    )
    return done.returncode == 0


def becomes_reachable(host: str, seconds: float = 90) -> bool:
    deadline = time.monotonic() + seconds
    while not (up := reachable(host)) and time.monotonic() < deadline:
        time.sleep(1)
    return up


def test_a_site_is_reached_over_its_bearer_and_not_without_it(
    site: str, bearer: str, mend: Callable[..., None]
) -> None:
    assert becomes_reachable(site), "a healthy site must be reachable"
    mend("cut-carrier", bearer, "--site", site)
    assert not reachable(site)
    assert reachable("pusat"), "the data centre itself has its own uplink"


def test_a_site_comes_back_with_its_bearer(site: str) -> None:
    assert becomes_reachable(site)


def test_no_way_past_the_data_centre(site: str, mend: Callable[..., None]) -> None:
    assert becomes_reachable(site)
    mend("datacentre-down")
    assert not reachable("pusat")
    assert not reachable(site)


def lab_addresses(status: dict[str, Any]) -> dict[str, str]:
    """Every IPv4 address inside the lab's machines, by the node that has it."""
    found = {}
    for node in status["nodes"]:
        listing = json.loads(lab("exec", node, "--", "ip", "-json", "-4", "address"))
        for link in listing:
            for address in link.get("addr_info", []):
                if link["ifname"] != "lo" or not address["local"].startswith("127."):
                    found[address["local"]] = node
    return found


def test_the_host_has_one_address_on_one_link_of_the_lab(status: dict[str, Any]) -> None:
    inside = lab_addresses(status)
    assert len(inside) > len(status["nodes"]), "no addresses found: this test would prove nothing"
    table = json.loads(subprocess.check_output(["ip", "-json", "-4", "route", "show"]))
    default = {route["dev"] for route in table if route["dst"] == "default"}
    ways = {}
    for address in inside:
        answer = subprocess.run(
            ["ip", "-json", "route", "get", address], capture_output=True, text=True, check=False
        )
        way = json.loads(answer.stdout)[0]["dev"] if answer.returncode == 0 else ""
        if way and way not in default:
            ways[address] = way
    assert ways == {"198.18.0.2": "rk-uplink"}
