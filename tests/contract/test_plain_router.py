"""A recording server with two plain routers, in network namespaces of the test's own."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, ConfigError, DeviceError, NotSupportedError
from rekamatan.models import (
    DataCentre,
    Limits,
    ModemAccess,
    Rollback,
    Sim,
    Site,
    WanProfile,
)
from rekamatan.modems import plain_router_plan as plans
from rekamatan.modems.base import ModemDriver
from rekamatan.modems.plain_router import PlainRouterDriver, restore
from rekamatan.modems.registry import open_driver
from rekamatan.verify.command import Completed, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip"), reason="needs root and iproute2"
)
LIMITS = Limits(loss_percent=5, rtt_ms=900, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
SERVER = f"rk-server-{os.getpid()}"
# router -> its address on the server's side
ROUTERS = {"fibre": "192.168.101.1", "vsat": "192.168.102.1"}
ACCESS = ModemAccess("plain_router", "192.168.101.1", "", interface="to-fibre")


def profile(name: str, slot: str) -> WanProfile:
    return WanProfile(name, name, "", (), Sim(slot, "", ""), LIMITS)


FIBRE = profile("fibre", "192.168.101.1")
VSAT = profile("vsat", "192.168.102.1@to-vsat")


def ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


class Office:
    """The server's namespace, with `ip` run inside it, and the directory of its choice."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ignored = ""  # commands with this text are accepted and not done

    def run(self, argv: Sequence[str], timeout_s: float) -> Completed:
        if self.ignored and self.ignored in " ".join(argv):
            return Completed(0, "")
        return run(["ip", "netns", "exec", SERVER, *argv], timeout_s)

    def driver(self) -> PlainRouterDriver:
        return PlainRouterDriver(ACCESS, "", {}, directory=self.directory, runner=self.run)

    def restore(self, initial: str = "fibre") -> bool:
        """What the unit does at boot and every minute."""
        centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
        profiles = {"fibre": FIBRE, "vsat": VSAT}
        lan = "192.168.101.0/24"
        site = Site("kubu", "14.07.01", "Kubu", lan, ACCESS, profiles, centre, initial)
        return restore(site, self.directory, self.run)

    def reaches(self) -> str:
        """Which router answers for an address far away: each has it, as its own internet."""
        for name in ROUTERS:
            before = _received(name)
            done = self.run(["ping", "-c", "1", "-W", "2", plans.FAR], 10.0)
            if done.code == 0 and _received(name) > before:
                return name
        return "nobody"

    def reboot(self) -> None:
        """What a restart leaves: the machine's own configuration, none of our routes and rules."""
        for pref in (plans.PREF, plans.PREF + 1):
            self.run(["ip", "-4", "rule", "del", "pref", str(pref)], 5.0)
        self.run(["ip", "-4", "route", "flush", "table", str(plans.TABLE)], 5.0)


def _received(router: str) -> int:
    """ICMP echoes that arrived at a router."""
    text = ip("netns", "exec", _namespace(router), "cat", "/proc/net/snmp")
    names, values = [line.split()[1:] for line in text.splitlines() if line.startswith("Icmp:")]
    return int(dict(zip(names, values, strict=True))["InEchos"])


def _namespace(router: str) -> str:
    return f"rk-{router}-{os.getpid()}"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        for name in (SERVER, *map(_namespace, ROUTERS)):
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
            ip("-n", name, "link", "set", "lo", "up")
        for name, address in ROUTERS.items():
            inside, dev = _namespace(name), f"to-{name}"
            ip("link", "add", dev, "netns", SERVER, "type", "veth", "peer", "lan", "netns", inside)
            ip("-n", SERVER, "addr", "add", address[:-1] + "10/24", "dev", dev)
            ip("-n", inside, "addr", "add", f"{address}/24", "dev", "lan")
            ip("-n", inside, "addr", "add", f"{plans.FAR}/32", "dev", "lo")
            ip("-n", SERVER, "link", "set", dev, "up")
            ip("-n", inside, "link", "set", "lan", "up")
        # the machine's own configuration: fibre, as its installer left it, without a metric
        ip("-n", SERVER, "route", "add", "default", "via", ROUTERS["fibre"])
        yield Office(tmp_path)


@pytest.fixture
def chosen(office: Office) -> Office:
    """Provisioned: fibre is the chosen uplink."""
    assert office.restore()
    return office


def test_driver_keeps_the_contract() -> None:
    opened = open_driver(ACCESS, "", {})
    assert isinstance(opened, ModemDriver)
    assert opened.rollback is Rollback.SERVER
    opened.close()


@needs_root
def test_unprovisioned_server_has_nothing_to_come_back_to(office: Office) -> None:
    state = office.driver().read_state()
    assert (state.profile, state.wan_ip, state.default_route_via) == (None, None, "192.168.101.1")
    with pytest.raises(DeviceError, match="no uplink of ours"):
        office.driver().render(VSAT, state, "run-1")


@needs_root
def test_read_state(chosen: Office) -> None:
    state = chosen.driver().read_state()
    assert (state.profile, state.wan_if, state.wan_ip) == ("fibre", "to-fibre", "192.168.101.10")
    assert state.default_route_via == "192.168.101.1"
    assert (state.registered, state.plmn, state.iccid, state.apn) == (None, None, None, None)
    assert chosen.driver().identify().version.startswith("ip utility")
    assert chosen.driver().render(FIBRE, state, "run-1").empty


@needs_root
def test_switch_and_way_back_move_the_packets(chosen: Office) -> None:
    driver = chosen.driver()
    plan = driver.render(VSAT, driver.read_state(), "run-1")
    assert (plan.previous, plan.target) == ("fibre", "vsat")
    assert "via 192.168.102.1 dev to-vsat" in plan.after
    assert chosen.reaches() == "fibre"
    driver.apply(plan)
    state = driver.read_state()
    assert (state.profile, state.wan_ip) == ("vsat", "192.168.102.10")
    assert chosen.reaches() == "vsat"
    assert driver.render(VSAT, state, "run-2").empty
    for _ in range(2):
        driver.revert(plan)
        assert driver.read_state().profile == "fibre"
    assert chosen.reaches() == "fibre"


@needs_root
def test_the_machines_own_route_is_not_touched(chosen: Office) -> None:
    before = chosen.run(["ip", "-4", "route", "show"], 5.0).out
    driver = chosen.driver()
    driver.apply(driver.render(VSAT, driver.read_state(), "run-1"))
    assert chosen.run(["ip", "-4", "route", "show"], 5.0).out == before
    assert "default via 192.168.101.1" in before


@needs_root
def test_choice_is_there_again_after_a_restart(chosen: Office) -> None:
    driver = chosen.driver()
    plan = driver.render(VSAT, driver.read_state(), "run-1")
    driver.apply(plan)
    chosen.reboot()
    assert driver.read_state().profile is None
    assert chosen.reaches() == "fibre"  # the machine's own
    assert chosen.restore()
    assert driver.read_state().profile == "vsat"
    assert not chosen.restore()
    chosen.reboot()
    driver.revert(plan)  # as the journal's recovery does, with no rules left
    assert driver.read_state().profile == "fibre"


@needs_root
def test_uplink_whose_cable_is_out_leaves_the_machines_own(chosen: Office) -> None:
    driver = chosen.driver()
    driver.apply(driver.render(VSAT, driver.read_state(), "run-1"))
    ip("-n", SERVER, "link", "set", "to-vsat", "down")
    state = driver.read_state()
    assert (state.profile, state.wan_ip) == (None, None)
    assert chosen.reaches() == "fibre"
    ip("-n", SERVER, "link", "set", "to-vsat", "up")
    assert chosen.restore()
    assert chosen.reaches() == "vsat"


@needs_root
def test_gateway_that_is_not_on_the_line_is_refused(chosen: Office) -> None:
    driver = chosen.driver()
    wrong = profile("vsat", "172.20.0.1@to-vsat")
    plan = driver.render(wrong, driver.read_state(), "run-1")
    with pytest.raises(ApplyError, match="ip -4 route replace"):
        driver.apply(plan)
    driver.revert(plan)
    assert chosen.reaches() == "fibre"


@needs_root
def test_route_that_is_accepted_and_not_set(chosen: Office) -> None:
    driver = chosen.driver()
    plan = driver.render(VSAT, driver.read_state(), "run-1")
    chosen.ignored = "route replace"
    with pytest.raises(ApplyError, match=r"accepted but not applied: .* 192\.168\.101\.1"):
        driver.apply(plan)


@needs_root
def test_rule_of_somebody_else_that_comes_first(chosen: Office) -> None:
    driver = chosen.driver()
    plan = driver.render(VSAT, driver.read_state(), "run-1")
    chosen.run(["ip", "-4", "rule", "add", "pref", "100", "lookup", "main"], 5.0)
    with pytest.raises(ApplyError, match=r"packets leave through 192\.168\.101\.1"):
        driver.apply(plan)


@needs_root
def test_backup_tells_choice_and_routes(chosen: Office) -> None:
    text = chosen.driver().backup()
    assert '"profile": "fibre"' in text
    assert "192.168.102.10" in text


@needs_root
def test_damaged_choice_is_an_error(chosen: Office) -> None:
    for content in ("{", json.dumps({"profile": "fibre"})):
        (chosen.directory / "uplink.json").write_text(content, encoding="utf-8")
        with pytest.raises(DeviceError, match=r"uplink\.json"):
            chosen.driver().read_state()


def test_other_platforms_have_no_uplinks(tmp_path: Path) -> None:
    access = dataclasses.replace(ACCESS, platform="routeros7")
    centre = DataCentre("10.77.0.1", (), "https://x.example", "", "x.example")
    site = Site("kubu", "14.07.01", "Kubu", "192.168.101.0/24", access, {}, centre, "fibre")
    with pytest.raises(ConfigError, match="only plain routers"):
        restore(site, tmp_path)


def test_no_timer_and_no_signal(tmp_path: Path) -> None:
    driver = PlainRouterDriver(ACCESS, "", {}, directory=tmp_path)
    plan = _plan()
    with pytest.raises(NotSupportedError, match="its journal is the way back"):
        driver.arm(plan, 600)
    with pytest.raises(NotSupportedError):
        driver.confirm("run-1")
    with pytest.raises(NotSupportedError):
        driver.signal()
    assert driver.pending() is None


def _plan() -> plans.ChangePlan:
    commands = plans.commands_for(plans.Preference("vsat", plans.Hop("ppp0")), ruled=False)
    return plans.ChangePlan("run-1", "vsat", "fibre", commands, commands)


def test_pppoe_needs_no_gateway() -> None:
    assert _plan().commands[1] == "ip -4 route replace default dev ppp0 table 201 proto 201"
    assert plans.parse_prefer(_plan().commands[0]) == plans.Preference("vsat", plans.Hop("ppp0"))


@pytest.mark.parametrize(
    ("slot", "hop"),
    [
        ("192.168.101.2", plans.Hop("eth0", "192.168.101.2")),
        ("192.168.101.2@eth1.7", plans.Hop("eth1.7", "192.168.101.2")),
        ("ppp0", plans.Hop("ppp0")),
    ],
)
def test_slot_names_the_next_hop(slot: str, hop: plans.Hop) -> None:
    assert plans.hop_of(slot, "eth0") == hop


@pytest.mark.parametrize("slot", ["", "1.2.3", "192.168.101.2@eth0; reboot", "a b", "@eth0", "::1"])
def test_what_is_no_next_hop(slot: str) -> None:
    with pytest.raises(ConfigError, match="no next hop"):
        plans.hop_of(slot, "eth0")
