"""A recording server with two plain routers, in network namespaces of the test's own."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, ConfigError, DeviceError, NotSupportedError
from rekamatan.models import (
    DataCentre,
    Rollback,
    Site,
)
from rekamatan.modems import plain_router_plan as plans
from rekamatan.modems.base import ModemDriver
from rekamatan.modems.base_config import BaseChange, BaseConfig, BaseSecrets
from rekamatan.modems.plain_router import PlainRouterDriver, restore
from rekamatan.modems.plain_router_base import configure_base
from rekamatan.modems.registry import open_driver
from tests.contract.uplinks import ACCESS, FIBRE, POSSIBLE, VSAT, Office, ip, profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

needs_root = pytest.mark.skipif(not POSSIBLE, reason="needs root, iproute2 and ping")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "not-yet-there")
    yield made
    made.close()


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
    chosen.power_cut()
    assert driver.read_state().profile is None
    assert chosen.reaches() == "fibre"  # the machine's own
    assert chosen.restore()
    assert driver.read_state().profile == "vsat"
    assert not chosen.restore()
    chosen.power_cut()
    driver.revert(plan)  # as the journal's recovery does, with no rules left
    assert driver.read_state().profile == "fibre"


@needs_root
def test_uplink_whose_cable_is_out_leaves_the_machines_own(chosen: Office) -> None:
    driver = chosen.driver()
    driver.apply(driver.render(VSAT, driver.read_state(), "run-1"))
    ip("-n", chosen.server, "link", "set", "to-vsat", "down")
    state = driver.read_state()
    assert (state.profile, state.wan_ip) == (None, None)
    assert chosen.reaches() == "fibre"
    ip("-n", chosen.server, "link", "set", "to-vsat", "up")
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
    chosen.faults.ignore = ["route replace"]
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
def test_a_way_beside_carries_what_is_sent_from_its_address_and_nothing_else(
    chosen: Office,
) -> None:
    driver, before = chosen.driver(), chosen.shown()
    source = driver.open_path(VSAT)
    assert source == "192.168.102.10"
    assert (chosen.reaches(source), chosen.reaches()) == ("vsat", "fibre")
    assert driver.read_state().profile == "fibre"
    again = chosen.shown()
    driver.open_path(VSAT)
    assert chosen.shown() == again  # nothing is stacked
    for _ in range(2):
        driver.close_path()
        assert chosen.shown() == before
    assert chosen.reaches() == "fibre"


@needs_root
def test_a_way_beside_is_not_opened_without_a_cable_or_next_hop(chosen: Office) -> None:
    before, driver = chosen.shown(), chosen.driver()
    with pytest.raises(DeviceError, match="route replace"):
        driver.open_path(profile("vsat", "172.20.0.1@to-vsat"))
    assert chosen.shown() == before
    ip("-n", chosen.server, "link", "set", "to-vsat", "down")
    with pytest.raises(DeviceError, match="its cable is out"):
        driver.open_path(VSAT)


@needs_root
def test_two_uplinks_on_one_interface_are_not_told_apart(chosen: Office) -> None:
    with pytest.raises(NotSupportedError, match="both uplinks are on to-fibre"):
        chosen.driver().open_path(profile("vsat", "192.168.101.2"))


@needs_root
def test_a_way_beside_that_is_accepted_and_not_opened(chosen: Office) -> None:
    before = chosen.shown()
    chosen.faults.ignore = ["rule add"]
    with pytest.raises(DeviceError, match=r"accepted but not applied: from 192\.168\.102\.10"):
        chosen.driver().open_path(VSAT)
    assert chosen.shown() == before


@needs_root
def test_backup_tells_choice_and_routes(chosen: Office) -> None:
    text = chosen.driver().backup()
    assert '"profile": "fibre"' in text
    assert "192.168.102.10" in text
    assert chosen.driver().backup() == text


@needs_root
def test_damaged_choice_is_an_error(chosen: Office) -> None:
    for content in ("{", json.dumps({"profile": "fibre"})):
        (chosen.directory / "uplink.json").write_text(content, encoding="utf-8")
        with pytest.raises(DeviceError, match=r"uplink\.json"):
            chosen.driver().read_state()


@needs_root
def test_base_chooses_the_initial_uplink_once(office: Office) -> None:
    def configure(initial: str, *, check: bool = False) -> BaseChange:
        desired = BaseConfig("kubu", "192.168.101.1/24", "", "", (FIBRE, VSAT), initial)
        return configure_base(
            ACCESS, "", desired, BaseSecrets(""), check=check,
            directory=office.directory, runner=office.run,
        )  # fmt: skip

    assert configure("vsat", check=True).changed
    assert office.driver().read_state().profile is None
    first = configure("vsat")
    assert (first.before, office.reaches()) == ("active profile: none\n", "vsat")
    assert not configure("fibre").changed
    assert office.driver().read_state().profile == "vsat"


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
