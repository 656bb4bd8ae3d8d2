"""A gateway that refuses, or only seems to do what it was told, and a stick in trouble."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.modems.linux_change import ModemSlots
from rekamatan.modems.linux_state import trouble
from rekamatan.modems.openwrt_parse import answers
from tests.contract.bench import settled, until
from tests.contract.linux_machines import HOME_UUID, INDOSAT, OTHER, connected_as
from tests.contract.platforms.linux import BENCH
from tests.contract.suite import LONG_S, RUN, switch

if TYPE_CHECKING:
    from rekamatan.modems.linux import LinuxDriver
    from tests.contract.linux_twin import LinuxTwin


def test_refused_apn_is_told_with_its_cause(gateway: LinuxTwin, driver: LinuxDriver) -> None:
    wrong = dataclasses.replace(OTHER, apn="no-such-apn")
    driver.apply(driver.render(wrong, driver.read_state(), RUN))

    def cause() -> str:
        return trouble(answers(driver.read_state().raw))

    until(lambda: cause() == "Missing or unknown APN", "the cause", 60)
    assert not gateway.attached


def test_mask_on_the_service_is_replaced_by_arming(gateway: LinuxTwin, driver: LinuxDriver) -> None:
    gateway.gateway.inside("systemctl", "mask", "rekamatan-wan.service")
    driver.arm(switch(BENCH, driver), LONG_S)
    loaded = gateway.gateway.inside("systemctl", "show", "-P", "LoadState", "rekamatan-wan.service")
    assert loaded.strip() == "loaded"
    assert driver.pending() is not None


def test_slot_on_a_modem_without_slots(driver: LinuxDriver) -> None:
    elsewhere = dataclasses.replace(OTHER, sim=dataclasses.replace(OTHER.sim, slot="2"))
    with pytest.raises(NotSupportedError) as planned:
        driver.render(elsewhere, driver.read_state(), RUN)
    assert planned.value.hint
    with pytest.raises(NotSupportedError, match="Cannot switch sim"):
        ModemSlots(driver.console).choose("2")


def test_two_connections_that_want_the_modem(gateway: LinuxTwin, driver: LinuxDriver) -> None:
    """One that a person made by hand: it is turned off by the switch, and back on by its undo."""
    gateway.put(
        "/etc/NetworkManager/system-connections/kantor.nmconnection",
        connected_as("kantor", "corrected"),
    )
    gateway.gateway.inside("nmcli", "connection", "reload")
    state = driver.read_state()
    assert state.profile == INDOSAT.name, "the active one of the two"
    plan = driver.render(OTHER, state, RUN)
    driver.apply(plan)
    settled(gateway, OTHER)
    driver.revert(plan)
    until(lambda: driver.read_state().wan_ip is not None, "connected", 30)
    shown = gateway.gateway.inside("nmcli", "-t", "-f", "UUID,AUTOCONNECT,TYPE", "con", "show")
    assert shown.count(":yes:gsm") == 2
    assert HOME_UUID in gateway.gateway.inside("nmcli", "con", "show", "--active")


def test_nmcli_that_is_not_running_is_named(gateway: LinuxTwin, driver: LinuxDriver) -> None:
    gateway.gateway.inside("systemctl", "stop", "NetworkManager")
    with pytest.raises(DeviceError, match="not running") as caught:
        driver.read_state()
    assert "systemctl status NetworkManager" in str(caught.value.hint)


def test_card_taken_out_while_in_use(gateway: LinuxTwin, driver: LinuxDriver) -> None:
    gateway.gateway.stick("out")
    gateway.gateway.inside("systemctl", "restart", "ModemManager")
    until(gateway.has_modem, "the modem", 60)
    state = driver.read_state()
    assert (state.registered, state.iccid, state.imsi, state.wan_ip) == (False, None, None, None)
    gateway.restore()  # ModemManager has given the modem up: the card back in is not enough
    state = driver.read_state()
    assert (state.profile, state.iccid) == (INDOSAT.name, INDOSAT.sim.iccid)
    assert gateway.attached
