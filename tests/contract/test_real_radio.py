"""The twin on a real packet core: two OsmoGGSN in namespaces, bearers by sgsnemu. Needs root."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.topology import Carrier
from lab.twins.engine.ssh_server import write_host_key
from lab.twins.harness import DEFAULTS, SIMS
from tests.contract.packet_core import (
    MODEM,
    NEEDS,
    POSSIBLE,
    answers,
    in_namespace,
    namespace,
    start_carrier,
    until,
)
from tests.contract.twin_case import PASSWORD, TELKOMSEL, profile

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.lab, pytest.mark.skipif(not POSSIBLE, reason=NEEDS)]
ROOT = Path(__file__).parents[2]
INDOSAT_CORE = Carrier("indosat", 1, ("indosatgprs",), "51001")
TELKOMSEL_CORE = Carrier("telkomsel", 2, ("internet",), "51010")
CARRIERS = (INDOSAT_CORE, TELKOMSEL_CORE)


def config(directory: Path) -> dict[str, object]:
    ports = {
        carrier.slug: {
            "interface": carrier.modem_port,
            "local": carrier.modem_address(1),
            "ggsn": carrier.gateway,
        }
        for carrier in CARRIERS
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
            start_carrier(stack, tmp_path, carrier, carrier.modem_address(1))
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


def default_route() -> str:
    command = ["ip", "-n", MODEM, "route", "show", "default"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def masquerades() -> bool:
    command = in_namespace(MODEM, "nft", "list", "table", "ip", "twin-wwan0")
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return 'oifname "wwan0" masquerade' in shown


@pytest.mark.usefixtures("modem")
def test_profile_and_slot_move_the_real_bearer() -> None:
    until(lambda: "wwan0" in default_route(), "indosat did not attach")
    until(lambda: answers(MODEM, INDOSAT_CORE.public_address), "no packets through indosat")
    assert masquerades()

    console("/interface lte apn add name=telkomsel apn=internet use-network-apn=no")
    console("/interface lte set lte1 apn-profiles=telkomsel")
    console("/interface lte settings set sim-slot=down")
    until(lambda: "100.80." in console("/ip address print terse"), "telkomsel did not attach")
    until(lambda: answers(MODEM, TELKOMSEL_CORE.public_address), "no packets through telkomsel")
    assert TELKOMSEL.sim.imsi in console("/interface lte monitor lte1 once")

    wrong = profile("telkomsel", "nope", "down").apn
    console(f"/interface lte apn set telkomsel apn={wrong}")
    until(lambda: "cause 219" in console("/log print where topics=lte,error"), "not refused")
    assert default_route() == ""
    assert "status: registered" in console("/interface lte monitor lte1 once")

    console("/interface lte apn set telkomsel apn=internet")
    until(lambda: "wwan0" in default_route(), "did not come back")

    console("/ip firewall nat remove [find chain=srcnat]")
    console("/interface lte apn set telkomsel add-default-route=no")
    until(lambda: "100.80." in console("/ip address print terse"), "no bearer without a route")
    assert default_route() == "", "a default route that nobody asked for"
    console("/interface lte apn set telkomsel add-default-route=yes")
    until(lambda: "wwan0" in default_route(), "the default route that is asked for again")
    assert not masquerades(), "the LAN is masqueraded without a rule"
