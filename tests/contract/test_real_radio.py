"""The twin on a real packet core: two OsmoGGSN in namespaces, bearers by sgsnemu. Needs root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.ssh_server import write_host_key
from lab.twins.harness import DEFAULTS, SIMS
from tests.contract.twin_case import PASSWORD, TELKOMSEL, profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("osmo-ggsn") or not shutil.which("sgsnemu"),
        reason="needs root, osmo-ggsn and sgsnemu",
    ),
]
ROOT = Path(__file__).parents[2]
MODEM = f"rk-modem-{os.getpid()}"
GGSN = """\
log stderr
ggsn ggsn0
 gtp state-dir {directory}
 gtp bind-ip {address}
 apn {apn}
  gtpu-mode tun
  tun-device tun-core
  type-support v4
  ip prefix dynamic {pool}.0/24
  ip dns 0 198.51.100.10
  ip ifconfig {pool}.1/24
  no shutdown
 no shutdown ggsn
"""
# carrier -> APN, GTP network, subscriber pool
CARRIERS = {
    "indosat": ("indosatgprs", "10.200.1", "10.64.0"),
    "telkomsel": ("internet", "10.200.2", "10.65.0"),
}


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def in_namespace(name: str, *command: str) -> list[str]:
    return ["ip", "netns", "exec", name, *command]


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(timeout=5)


def namespace(stack: ExitStack, name: str) -> None:
    ip("netns", "add", name)
    stack.callback(ip, "netns", "del", name)
    ip("-n", name, "link", "set", "lo", "up")


def start_carrier(stack: ExitStack, directory: Path, carrier: str) -> None:
    apn, network, pool = CARRIERS[carrier]
    core = f"rk-{carrier}-{os.getpid()}"
    namespace(stack, core)
    ip("link", "add", f"gn-{carrier}", "netns", MODEM, "type", "veth", "peer", "gn", "netns", core)
    ip("-n", MODEM, "addr", "add", f"{network}.2/24", "dev", f"gn-{carrier}")
    ip("-n", MODEM, "link", "set", f"gn-{carrier}", "up")
    ip("-n", core, "addr", "add", f"{network}.1/24", "dev", "gn")
    ip("-n", core, "link", "set", "gn", "up")
    state = directory / carrier
    state.mkdir()
    text = GGSN.format(directory=state, address=f"{network}.1", apn=apn, pool=pool)
    (state / "ggsn.cfg").write_text(text, encoding="ascii")
    command = in_namespace(core, "osmo-ggsn", "-c", str(state / "ggsn.cfg"))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(end, process)


def config(directory: Path) -> dict[str, object]:
    ports = {
        carrier: {"interface": f"gn-{carrier}", "local": f"{network}.2", "ggsn": f"{network}.1"}
        for carrier, (_, network, _) in CARRIERS.items()
    }
    own = {"listen_port": 2222, "retry_seconds": 1, "attach_seconds": 0.2, "carriers": ports}
    files = {"flash": str(directory), "host_key_file": str(directory / "host_key")}
    return {**DEFAULTS, "sims": SIMS, **own, **files}


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[Path]:
    """A twin with two carriers, in its own namespace."""
    write_host_key(tmp_path / "host_key")
    (tmp_path / "twin.json").write_text(json.dumps(config(tmp_path)), encoding="utf-8")
    with ExitStack() as stack:
        namespace(stack, MODEM)
        for carrier in CARRIERS:
            start_carrier(stack, tmp_path, carrier)
        twin = [sys.executable, "-m", "lab.twins.routeros7", "--config", tmp_path / "twin.json"]
        with subprocess.Popen(in_namespace(MODEM, *map(str, twin)), cwd=ROOT) as process:
            yield tmp_path
            process.terminate()
            process.wait(timeout=20)


def console(line: str) -> str:
    """One line at the modem, over its own SSH from inside the namespace."""
    program = (
        "import sys, netmiko; c = netmiko.ConnectHandler(device_type='mikrotik_routeros',"
        "host='127.0.0.1', port=2222, username='rekamatan', password=sys.argv[1]);"
        "print(c.send_command(sys.argv[2])); c.disconnect()"
    )
    command = in_namespace(MODEM, sys.executable, "-c", program, PASSWORD, line)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def until(condition: Callable[[], bool], what: str, within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def default_route() -> str:
    command = ["ip", "-n", MODEM, "route", "show", "default"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def pings(address: str) -> bool:
    command = in_namespace(MODEM, "nft", "list", "table", "ip", "twin")
    masquerades = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert 'oifname "wwan0" masquerade' in masquerades
    probe = f"import socket; s = socket.create_connection(({address!r}, 9), 2)"
    done = subprocess.run(
        in_namespace(MODEM, sys.executable, "-c", probe), capture_output=True, check=False
    )
    # refused by the far end means the packet went there and back
    return b"ConnectionRefusedError" in done.stderr


@pytest.mark.usefixtures("modem")
def test_profile_and_slot_move_the_real_bearer() -> None:
    until(lambda: "wwan0" in default_route(), "indosat did not attach")
    until(lambda: pings("10.64.0.1"), "no packets through indosat")

    console("/interface lte apn add name=telkomsel apn=internet use-network-apn=no")
    console("/interface lte set lte1 apn-profiles=telkomsel")
    console("/interface lte settings set sim-slot=down")
    until(lambda: "10.65.0." in console("/ip address print terse"), "telkomsel did not attach")
    until(lambda: pings("10.65.0.1"), "no packets through telkomsel")
    assert TELKOMSEL.sim.imsi in console("/interface lte monitor lte1 once")

    wrong = profile("telkomsel", "nope", "down").apn
    console(f"/interface lte apn set telkomsel apn={wrong}")
    until(lambda: "cause 219" in console("/log print where topics=lte,error"), "not refused")
    assert default_route() == ""
    assert "status: registered" in console("/interface lte monitor lte1 once")

    console("/interface lte apn set telkomsel apn=internet")
    until(lambda: "wwan0" in default_route(), "did not come back")
