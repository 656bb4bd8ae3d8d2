"""Every capture of a real RouterOS device that is at hand parses to what a person reads in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rekamatan.models import ModemState, Signal
from rekamatan.modems.routeros_parse import (
    PingResult,
    first,
    parse_monitor,
    parse_monitors,
    parse_ping,
    parse_print,
)
from rekamatan.modems.routeros_state import default_route, state_of
from rekamatan.modems.routeros_tables import parse_columns
from rekamatan.modems.routeros_text import clean, error_in
from rekamatan.modems.routeros_values import parse_moment

CAPTURES = Path(__file__).parents[4] / "shared/reference/modem-samples/mikrotik-routeros"
pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="captures are not at hand")


def capture(name: str) -> str:
    return (CAPTURES / name).read_bytes().decode()


def reading(platform: str, **said: object) -> ModemState:
    radio = {key: said.pop(key) for key in tuple(said) if key.endswith(("_dbm", "_db"))}
    return ModemState(platform=platform, signal=Signal(**radio), **said)  # type: ignore[arg-type]


LTE = {
    "lte_info_v6_R11e-LTE-US_ATT.txt": reading(
        "routeros6",
        operator="AT&T",
        registered=True,
        roaming=False,
        rat="Evolved 3G (LTE)",
        rssi_dbm=-71.0,
        rsrp_dbm=-108.0,
        rsrq_db=-14.0,
    ),
    "lte_info_v6_R11e-LTE_LMT.txt": reading(
        "routeros6",
        operator="LV LMT",
        registered=True,
        roaming=False,
        rat="Evolved 3G (LTE)",
        imsi="247010000000000",
        iccid="8937100000000000000",
        plmn="24701",
        rsrp_dbm=-91.0,
        rsrq_db=-12.0,
        sinr_db=5.0,
    ),
    "lte_info_v6_R11e-LTE_MegaFon.txt": reading(
        "routeros6",
        operator="MegaFon",
        registered=True,
        roaming=False,
        rat="Evolved 3G (LTE)",
        imsi="250020000000000",
        iccid="897010000000000000",
        plmn="25002",
        rsrp_dbm=-96.0,
        rsrq_db=-5.5,
        sinr_db=17.0,
    ),
    "lte_monitor_v7.22_R11e-LTE_registered.txt": reading(
        "routeros7",
        operator="REGLO Mobile",
        registered=True,
        roaming=False,
        rat="LTE",
        rsrp_dbm=-113.0,
        rsrq_db=-19.5,
        sinr_db=-13.0,
    ),
    "lte_monitor_v7.24_ATL18_running.txt": reading(
        "routeros7",
        operator="VIVACOM",
        registered=True,
        rat="LTE",
        imsi="x" * 15,  # masked by whoever captured it
        iccid="x" * 20,
        rssi_dbm=-69.0,
        rsrp_dbm=-97.0,
        rsrq_db=-9.0,
        sinr_db=17.0,
    ),
    # side by side: which of the two is ours cannot be known, so nothing is
    "lte_monitor_v7_two_modems_columns.txt": reading("routeros7"),
}


@pytest.mark.parametrize(("name", "expected"), LTE.items(), ids=LTE)
def test_lte(name: str, expected: ModemState) -> None:
    found = state_of(expected.platform, "lte1", {"monitor": capture(name)})
    assert {field: getattr(found, field) for field in FIELDS} == {
        field: getattr(expected, field) for field in FIELDS
    }


FIELDS = tuple(name for name in ModemState.__dataclass_fields__ if name != "raw")


def test_repeated_and_zero_values_are_kept() -> None:
    figures = parse_monitor(capture("lte_monitor_v7.24_ATL18_running.txt"))
    assert figures["ca-band"] == ["B3@20Mhz earfcn: 1800 phy-cellid: 190"]
    assert figures["session-uptime"] == ["3d7h17m59s"]
    assert first(parse_monitor(capture("lte_monitor_v7.22_R11e-LTE_registered.txt")), "cqi") == "0"


def test_two_modems_side_by_side() -> None:
    one, other = parse_monitors(capture("lte_monitor_v7_two_modems_columns.txt"))
    assert (one["current-operator"], one["rssi"]) == (["AT&T"], ["-93dBm"])
    assert (other["current-operator"], other["rssi"]) == (["Verizon"], ["-75dBm"])
    assert other["uicc"] == ["89148000000000000000"]


def test_interfaces_and_profiles() -> None:
    (lte,) = parse_print(capture("lte_print_detail_v7.24.txt"))
    assert (lte.flags, lte.values["apn-profiles"], lte.values["band"]) == ("R", "default", "1,3,7")
    assert (lte.values["default-name"], lte.values["network-mode"]) == ("lte1", "lte")
    old_lte, old_profile = capture("lte_print_and_apn_print_v6.txt").split("----\n")
    (row,) = parse_print(old_lte)
    assert (row.flags, row.values["name"], row.values["apn-profiles"]) == ("R", "lte1", "att")
    assert row.values["network-mode"] == "gsm,3g,lte"
    (row,) = parse_print(old_profile)
    assert (row.flags, row.values) == (
        "*",
        {
            "name": "att",
            "apn": "broadband",
            "use-peer-dns": "yes",
            "add-default-route": "yes",
            "default-route-distance": "2",
        },
    )
    (row,) = parse_print(capture("mikrotik_routeros_interface_lte_apn_print_terse.raw"))
    assert (row.flags, row.values["apn"]) == ("*", "telstra.internet")
    assert (row.values["use-network-apn"], row.values["authentication"]) == ("no", "none")


def test_interface_details() -> None:
    rows = parse_print(capture("mikrotik_routeros_interface_print_detail.raw"))
    assert [row.flags for row in rows[:9]] == ["", "D", "R", "S", "DR", "RS", "DS", "DRS", "RS"]
    assert rows[6].values["name"] == "lte1"
    assert rows[6].values["last-link-up-time"] == "jul/21/2023 07:47:46"
    assert rows[7].values["name"] == "pptp-out1"
    assert rows[7].values["comment"] == "very very long multiline description"
    assert rows[8].values["comment"] == "Free Wi-Fi HTTPS"
    rows = parse_print(capture("mikrotik_routeros_interface_print_detail_01.raw"))
    assert rows[0].values["comment"] == "Management Port - 4G OOB"
    assert (rows[0].values["name"], rows[1].values["name"]) == ("ether1", "sfp-sfpplus1")
    assert [row.flags for row in rows[:4]] == ["R", "R", "X", "X"]


def test_interfaces_as_a_table() -> None:
    rows = parse_columns(capture("mikrotik_routeros_interface_print_brief.raw"))
    assert [row.flags for row in rows] == ["", "D", "R", "S", "DR", "RS", "DS", "DRS"]
    assert rows[0].values == {
        "name": "ether1",
        "type": "ether",
        "actual-mtu": "1500",
        "l2mtu": "1598",
        "max-l2mtu": "2028",
        "mac-address": "12:34:56:78:90:AA",
    }
    assert rows[1].values["mac-address"] == "12:34:56:78:90:AB"
    assert "max-l2mtu" not in rows[1].values
    assert rows[2].values["mac-address"] == "12:34:56:78:90:AC"
    assert "l2mtu" not in rows[2].values
    assert rows[6].values["name"] == "lte1"


ADDRESSES = {
    "": (4, 2, {"address": "192.168.1.53/24", "network": "192.168.1.0", "interface": "lte1"}),
    "_1": (4, 2, {"address": "192.168.1.53/24", "network": "192.168.1.0", "interface": "lte1"}),
    "_2": (
        4,
        3,
        {"address": "10.100.3.200/27", "network": "10.100.3.192", "interface": "bridge70"},
    ),
    "_3": (
        10,
        9,
        {"address": "100.64.247.75/32", "network": "100.64.1.248", "interface": "pppoe-out1"},
    ),
    "_4": (
        6,
        2,
        {
            "comment": "MGMT Loopback",
            "address": "100.64.1.135/32",
            "network": "100.64.1.135",
            "interface": "Lo0",
        },
    ),
    "_5": (
        5,
        1,
        {
            "comment": "BACKHAUL DISABLED",
            "address": "1.1.1.1/29",
            "network": "1.1.1.0",
            "interface": "vlan4009@bond1",
        },
    ),
}


@pytest.mark.parametrize(("suffix", "expected"), ADDRESSES.items())
def test_addresses_as_a_table(suffix: str, expected: tuple[int, int, dict[str, str]]) -> None:
    rows = parse_columns(capture(f"mikrotik_routeros_ip_address_print{suffix}.raw"))
    count, at, values = expected
    assert (len(rows), rows[at].values) == (count, values)


def test_flags_and_comments_of_address_tables() -> None:
    rows = parse_columns(capture("mikrotik_routeros_ip_address_print_1.raw"))
    assert [row.flags for row in rows] == ["", "", "D", "X"]
    assert rows[1].values["comment"] == "test ip1"
    assert rows[3].values["address"] == "192.167.1.99/27"
    rows = parse_columns(capture("mikrotik_routeros_ip_address_print_2.raw"))
    assert rows[3].flags == "XI"
    rows = parse_columns(capture("mikrotik_routeros_ip_address_print_5.raw"))
    assert [row.flags for row in rows] == ["", "X", "X", "I", "D"]


def test_schedule_of_the_old_handbook() -> None:
    (row,) = parse_columns(capture("scheduler_print_v6_docs.txt"))
    assert row.values["name"] == "run-1h"
    assert (row.values["start-date"], row.values["interval"]) == ("mar/30/2004", "1h")


@pytest.mark.parametrize(
    ("name", "via"),
    [
        ("mikrotik_routeros_ip_route_print_detail.raw", "ether5"),
        ("mikrotik_routeros_ip_route_print_terse_without-paging.raw", "lte1"),
        ("mikrotik_routeros_ip_route_print_terseIPv4.raw", "pppoe-out1"),
        ("mikrotik_routeros_ip_route_print_terseIPv6.raw", None),
    ],
)
def test_default_route(name: str, via: str | None) -> None:
    assert default_route(capture(name)) == via


def test_routes_with_and_without_a_number_and_a_log_line_between() -> None:
    rows = parse_print(capture("mikrotik_routeros_ip_route_print_terseIPv4.raw"))
    assert [row.flags for row in rows[:4]] == ["AS", "Db", "DS", "ADC"]
    assert [row.flags for row in rows[-2:]] == ["DAv", "DAv"]
    assert all("dst-address" in row.values for row in rows)
    assert not any("echo" in value for row in rows for value in row.values.values())
    ipv6 = parse_print(capture("mikrotik_routeros_ip_route_print_terseIPv6.raw"))
    assert ipv6[0].values["dst-address"] == "::/0"


@pytest.mark.parametrize(
    ("name", "version", "board"),
    [
        ("1", "6.48.6 (long-term)", "hEX PoE lite"),
        ("2", "6.48.7 (long-term)", "hEX PoE lite"),
        ("3", "7.12.2 (stable)", "CHR"),
        ("4", "7.12.2 (stable)", "CCR2004-1G-12S+2XS"),
    ],
)
def test_resource(name: str, version: str, board: str) -> None:
    found = parse_monitor(capture(f"mikrotik_routeros_system_resource_print_{name}.raw"))
    assert (first(found, "version"), first(found, "board-name")) == (version, board)


@pytest.mark.parametrize(
    ("name", "model", "serial"),
    [
        ("print", "RB750Gr3", "CC210E592C82"),
        ("print2", "RBD53iG-5HacD2HnD", "HCQ08FX50J7"),
        ("print3", "RouterBOARD 750UP r2", "8B0208F4D5F9"),
    ],
)
def test_routerboard(name: str, model: str, serial: str) -> None:
    found = parse_monitor(capture(f"mikrotik_routeros_system_routerboard_{name}.raw"))
    assert (first(found, "model"), first(found, "serial-number")) == (model, serial)


def test_clock_identity_and_device_mode() -> None:
    clock = parse_monitor(capture("mikrotik_routeros_system_clock_print.raw"))
    moment = parse_moment(f"{first(clock, 'date')} {first(clock, 'time')}")
    assert moment is not None
    assert moment.isoformat() == "2023-07-21T10:00:47+00:00"
    identity = parse_monitor(capture("mikrotik_routeros_system_identity_print.raw"))
    assert first(identity, "name") == "Mikrotik-Device_Name"
    mode = parse_monitor(capture("device_mode_print_advanced_v7.19.txt"))
    assert (first(mode, "mode"), first(mode, "scheduler"), first(mode, "flagged")) == (
        "advanced",
        "yes",
        "no",
    )


PINGS = {
    "": PingResult(13, 13, 0.0, 55.0, 67.0, 157.0),
    "_mac": PingResult(2, 2, 0.0, 0.0, 0.0, 0.0),
    "_multicast": PingResult(1, 4, -300.0, 1.0, 1.0, 3.0),
    "_unreachable": PingResult(4, 0, 100.0),
}


@pytest.mark.parametrize(("suffix", "expected"), PINGS.items())
def test_ping(suffix: str, expected: PingResult) -> None:
    assert parse_ping(capture(f"mikrotik_routeros_ping_address{suffix}.raw")) == expected


def test_log() -> None:
    rows = parse_print(capture("mikrotik_routeros_log_print_detail_without-paging.raw"))
    assert rows[0].values["time"] == "jul/19 14:27:01"
    assert rows[0].values["topics"] == "script,info"
    assert rows[5].values["message"] == "lte1 link down"
    assert rows[7].values["message"] == "dhcp-client on lte1 got IP address 192.168.1.2"


def test_errors() -> None:
    lines = capture("error_strings.txt").splitlines()
    assert [line for line in lines if not error_in(line)] == [
        "Script file loaded and executed successfully"
    ]
    for name in ("poe_print_without-paging_no_poe", "poe_print_without-paging_no_poe_2"):
        assert error_in(capture(f"mikrotik_routeros_interface_ethernet_{name}.raw"))


def test_prompt_is_no_output() -> None:
    assert clean(capture("prompt_repaint_raw.txt")) == ""
