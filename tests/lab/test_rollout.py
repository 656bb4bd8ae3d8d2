"""The promises of a rollout, each broken on purpose in the raised lab.

The offices must end on a working link.

Starts with the district on telkomsel, as `tools/demo` leaves it, and leaves it there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.district import (
    CHECKOUT,
    SERIES,
    console,
    environment,
    fault,
    playbook,
    playbook_argv,
    run,
    status,
    switch,
    ways,
)
from tests.lab.test_reachability import becomes_reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.lab

GOOD_LINK = "telkomsel_good_4g"
PATIENCE = 420.0  # seconds; a bound against hanging, not a promise


@pytest.fixture(scope="module")
def sites() -> list[str]:
    done = run("rekamatan-lab", "status", "--json")
    if done.status != 0:
        pytest.skip("no lab is raised: run `make demo SITES=2` first")
    found: list[str] = list(json.loads(done.output)["sites"])
    return found


@pytest.fixture
def site(sites: list[str]) -> Iterator[str]:
    """One office; whatever the test did to the carriers is mended afterwards."""
    yield sites[-1]
    for name in ("wrong-apn", "dead-path", "cut-carrier", "slow-link"):
        fault(name, "indosat", "--restore")


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(1)  # between looks; the deadline is above


def last_outcome(site: str) -> dict[str, Any]:
    argv = ("sh", "-c", "ls -t /var/lib/rekamatan/wan/outcomes/*.json | head -n1 | xargs cat")
    found: dict[str, Any] = json.loads(console(f"server-{site}", *argv).output)
    return found


def active(site: str) -> str:
    """The profile the modem itself says it uses, read over the LAN by the site."""
    done = console(f"server-{site}", "rekamatan", "verify", "--no-canary", "--json")
    found: str = json.loads(done.output[done.output.index("{") :])["profile"]
    return found


def configuration(site: str) -> str:
    """Everything a switch or a provisioning run could have touched."""
    flash = "cat /flash/*.json 2>/dev/null | grep -v run-count | sha256sum"
    files = "find /etc /opt/rekamatan -xdev -type f -newer /etc/rekamatan/site.json | sort"
    return console(f"modem-{site}", "sh", "-c", flash).output + (
        console(f"server-{site}", "sh", "-c", files).output
    )


def test_a_second_provisioning_changes_nothing(sites: list[str]) -> None:
    for site in sites:  # other tests cut them off: how long they may take to be back is theirs
        assert becomes_reachable(site, PATIENCE), ways(sites)
    done = playbook("provision")
    assert done.status == 0, done.output + ways(sites)
    assert {host: counts["changed"] for host, counts in done.recap().items()} == dict.fromkeys(
        done.recap(), 0
    ), done.output


def test_a_second_switch_changes_nothing(site: str) -> None:
    before = last_outcome(site)["run_id"]
    done = switch("telkomsel", site, order=f"470/199/UJI-{SERIES}")
    assert done.status == 0, done.output
    assert done.recap()[site]["changed"] == 0, done.output
    after = last_outcome(site)
    assert after["run_id"] == before or not after["changed"]


def test_check_mode_shows_the_change_and_touches_nothing(site: str) -> None:
    before = configuration(site)
    done = switch("indosat", site, "--check", "--diff")
    assert done.status == 0, done.output
    assert "indosat" in done.output
    assert playbook("provision", "-l", site, "--check", "--diff").status == 0
    assert configuration(site) == before
    assert active(site) == "telkomsel"


def test_a_refused_apn_brings_the_office_back(site: str) -> None:
    fault("wrong-apn", "indosat")
    done = switch("indosat", site, order=f"470/201/UJI-{SERIES}")
    assert done.status != 0, done.output
    outcome = last_outcome(site)
    assert (outcome["state"], outcome["active"]) == ("reverted", "telkomsel"), outcome
    assert "rolled_back" in done.output
    assert active(site) == "telkomsel"


def test_a_carrier_that_does_not_reach_the_data_centre_is_not_kept(site: str) -> None:
    fault("dead-path", "indosat")
    done = switch("indosat", site, order=f"470/202/UJI-{SERIES}")
    assert done.status != 0, done.output
    outcome = last_outcome(site)
    assert (outcome["state"], outcome["active"]) == ("reverted", "telkomsel"), outcome
    assert active(site) == "telkomsel"


def test_killing_the_controller_changes_nothing_at_the_site(site: str) -> None:
    fault("slow-link", "indosat", "--profile", GOOD_LINK)
    order = f"470/203/UJI-{SERIES}"
    before = last_outcome(site)["run_id"]
    inputs = ("-e", "wan_profile=indosat", "-e", f"change_order={order}", "-l", site)
    with subprocess.Popen(
        playbook_argv("switch_wan", *inputs),
        cwd=CHECKOUT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as controller:
        until(lambda: status(site)["pending"] is not None, "the switch to begin at the site")
        os.killpg(controller.pid, signal.SIGKILL)
    until(lambda: last_outcome(site)["run_id"] != before, "the site to finish by itself")
    outcome = last_outcome(site)
    assert (outcome["state"], outcome["active"]) == ("committed", "indosat"), outcome
    assert outcome["changed"], "the switch that was interrupted is not the one that ended"

    again = playbook("switch_wan", *inputs)
    assert again.status == 0, again.output
    assert not last_outcome(site)["changed"], "the switch was repeated"

    back = playbook("rollback_wan", "-e", f"change_order=470/204/UJI-{SERIES}", "-l", site)
    assert back.status == 0, back.output
    assert active(site) == "telkomsel"


def test_the_technician_needs_no_controller(site: str) -> None:
    fault("slow-link", "indosat", "--profile", GOOD_LINK)
    node = f"server-{site}"
    scripts = "/opt/rekamatan/release/scripts"
    steps = (
        (f"{scripts}/periksa",),
        (f"{scripts}/ganti-wan", "indosat", "--change-order", f"470/205/UJI-{SERIES}"),
        (f"{scripts}/pulihkan", "--change-order", f"470/206/UJI-{SERIES}"),
        (f"{scripts}/lapor",),
    )
    for argv in steps:
        done = console(node, *argv)
        assert done.status == 0, done.output
        last = done.output.strip().splitlines()[-1]
        assert last.endswith("."), f"{argv[0]} does not end in a sentence: {last!r}"
    assert active(site) == "telkomsel"
