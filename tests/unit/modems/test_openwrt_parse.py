"""Parsers of OpenWrt and RutOS text: cases, and captures of real devices where they are at hand."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekamatan.models import Signal
from rekamatan.modems import gsmctl_parse, mmcli_parse, openwrt_parse, qmi_parse
from rekamatan.modems.openwrt_console import unquoted, wanted_of
from rekamatan.modems.radio import Radio, home_network, plmn_of
from rekamatan.modems.templates import shell_quoted
from tests.uci_transcripts import PLACE, steps

ROOT = Path(__file__).parents[2] / "cases"
CASES = sorted([*(ROOT / "openwrt").glob("*.json"), *(ROOT / "rutos").glob("*.json")])
REFERENCE = Path(__file__).parents[4] / "shared/reference"
CAPTURES = REFERENCE / "modem-samples"
real_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="captures are not at hand")

PARSERS: dict[str, Any] = {
    "uci_show": openwrt_parse.parse_uci_show,
    "uci_changes": openwrt_parse.parse_uci_changes,
    "interface": openwrt_parse.parse_interface,
    "default_route": openwrt_parse.parse_default_route,
    "ping": openwrt_parse.parse_ping,
    "mwan3": openwrt_parse.parse_mwan3,
    "board": openwrt_parse.parse_board,
    "mmcli_modem": lambda text: mmcli_parse.radio_of(mmcli_parse.parse(text), {}, {}),
    "mmcli_signal": lambda text: mmcli_parse.signal_of(mmcli_parse.parse(text)),
    "uqmi_signal": qmi_parse.uqmi_signal,
    "uqmi_radio": lambda text: qmi_parse.uqmi_radio(text, "", "", "", ""),
    "qmicli_radio": qmi_parse.qmicli_radio,
    "qmicli_slots": qmi_parse.qmicli_slots,
    "info": gsmctl_parse.parse_information,
    "signal": gsmctl_parse.parse_signal,
    "slot": gsmctl_parse.parse_slot,
}


def plain(value: object) -> object:
    """Data as JSON has it."""

    def default(item: Any) -> dict[str, Any]:  # noqa: ANN401 - any record
        return dataclasses.asdict(item)

    return json.loads(json.dumps(value, default=default))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert plain(PARSERS[case["parser"]](case["text"])) == case["expected"]


def test_every_case_has_its_expectation_on_other_text_refused() -> None:
    # a case whose expectation holds for an empty text as well would prove nothing
    empty = [
        path.stem
        for path in CASES
        for case in [json.loads(path.read_text(encoding="utf-8"))]
        if plain(PARSERS[case["parser"]]("")) == case["expected"]
    ]
    refusals = {
        "uci_show_error", "interface_not_found", "default_route_none", "ping_unreachable",
        "mmcli_not_there", "mmcli_signal_none", "uqmi_signal_error", "qmicli_not_installed",
        "info_modem_gone", "signal_none", "slot_error", "qmicli_error", "uqmi_service_timeout",
    }  # fmt: skip
    assert set(empty) == refusals


def capture(name: str) -> str:
    return (CAPTURES / name).read_bytes().decode()


@real_captures
def test_captured_interface_status() -> None:
    status = openwrt_parse.parse_interface(capture("openwrt/ifstatus_modemmanager.json"))
    assert (status.up, status.device, status.proto) == (True, "wwan0", "modemmanager")
    assert (status.address, status.default_route) == ("10.146.53.39", None)
    minimal = openwrt_parse.parse_interface(capture("openwrt/interface_status_minimal.json"))
    assert (minimal.up, minimal.pending, minimal.uptime_s) == (True, False, 42)
    assert (minimal.address, minimal.default_route, minimal.errors) == (None, False, ())


@real_captures
def test_captured_ping() -> None:
    result = openwrt_parse.parse_ping(capture("openwrt/ping_busybox.txt"))
    assert result == openwrt_parse.PingResult(3, 3, 59.010, 78.425, 88.617)


@real_captures
def test_captured_qmi() -> None:
    radio = qmi_parse.qmicli_radio(capture("openwrt/qmicli_outputs.txt"))
    assert radio == Radio(
        plmn="405861",
        operator="JIO 4G",
        registered=True,
        rat="lte",
        signal=Signal(rssi_dbm=-63, rsrp_dbm=-89, rsrq_db=-9, sinr_db=11.4),
    )
    assert qmi_parse.uqmi_text(capture("openwrt/uqmi_get-data-status.txt")) == "disconnected"
    signal = qmi_parse.uqmi_signal(capture("openwrt/uqmi_get-signal-info.json"))
    assert signal == Signal(rssi_dbm=-71, rsrp_dbm=-94, rsrq_db=-9, sinr_db=7.0)


@real_captures
def test_captured_rutos() -> None:
    radio = gsmctl_parse.parse_information(capture("teltonika-rutos/gsmctl_--info.json"))
    assert radio == Radio(
        sim_slot="2",
        iccid="89148000000000000000",
        plmn="311480",
        operator="Verizon Wireless",
        registered=True,
        roaming=False,
        rat="LTE",
        signal=Signal(rssi_dbm=-63, rsrp_dbm=-90, rsrq_db=-8, sinr_db=18),
    )
    assert gsmctl_parse.parse_signal(capture("teltonika-rutos/gsmctl_-q.txt")) == Signal(
        rssi_dbm=-44, rsrp_dbm=-75, rsrq_db=-7, sinr_db=23
    )
    interfaces = openwrt_parse.parse_mwan3(capture("teltonika-rutos/mwan3_interfaces.txt"))
    assert interfaces == {
        "wan": "online",
        "mob1s1a1": "online",
        "mob1s2a1": "offline",
        "wan6": "offline",
        "wg_klara": "disabled",
    }


@real_captures
def test_captured_rutos_bundle() -> None:
    text = capture("teltonika-rutos/ssh_bundle_modem_and_iface.json")
    radio = gsmctl_parse.parse_information(text)
    assert radio == Radio(
        operator="Telia",
        registered=True,
        roaming=False,
        rat="LTE",
        signal=Signal(rsrp_dbm=-99, rsrq_db=-15, sinr_db=15),
    )
    status = openwrt_parse.parse_interface(json.dumps(json.loads(text)["interface"]))
    assert (status.device, status.address, status.default_route) == ("qmimux0", "10.52.176.1", True)


@real_captures
@pytest.mark.parametrize(
    "name", ["mmcli_-m_any_-J.json", "mmcli_-m_any_-K.txt", "mmcli_-m_any.txt"]
)
def test_captured_modem_in_all_layouts(name: str) -> None:
    modem = mmcli_parse.parse(capture(f"linux-mm/{name}"))
    assert mmcli_parse.radio_of(modem, {}, {}) == Radio(
        sim_slot="1",
        plmn="51001",
        operator="INDOSATOOREDOO",
        registered=True,
        roaming=False,
        rat="lte",
    )
    wanted = {
        "modem.generic.state": ["connected"],
        "modem.generic.primary-port": ["cdc-wdm0"],
        "modem.generic.sim": ["/org/freedesktop/ModemManager1/SIM/2"],
        "modem.generic.bearers": ["/org/freedesktop/ModemManager1/Bearer/1"],
    }
    assert {key: modem.get(key) for key in wanted} == wanted


@real_captures
def test_captured_modem_on_the_other_slot() -> None:
    modem = mmcli_parse.parse(capture("linux-mm/mmcli_-m_any_-J_after_slot2.json"))
    assert mmcli_parse.slot_of(modem) == "2"


@real_captures
@pytest.mark.parametrize("name", ["mmcli_--signal-get_-J.json", "mmcli_--signal-get.txt"])
def test_captured_signal_in_both_layouts(name: str) -> None:
    figures = mmcli_parse.parse(capture(f"linux-mm/{name}"))
    assert mmcli_parse.signal_of(figures) == Signal(-67.0, -98.0, -11.0, 8.4)


@real_captures
def test_captured_sim_bearer_and_errors() -> None:
    sim = mmcli_parse.parse(capture("linux-mm/mmcli_-i_any_-J.json"))
    assert mmcli_parse.first(sim, "sim.properties.imsi") == "510010000000000"
    assert mmcli_parse.first(sim, "sim.properties.iccid") == "8962000000000000000"
    bearer = mmcli_parse.parse(capture("linux-mm/mmcli_-b_1.txt"))
    assert bearer["bearer.properties.apn"] == ["indosatgprs"]
    assert bearer["bearer.ipv4-config.address"] == ["10.153.22.7"]
    assert mmcli_parse.error_in(capture("linux-mm/mmcli_-m_0_error.txt")) == "couldn't find modem"
    modems = mmcli_parse.parse(capture("linux-mm/mmcli_-L_-J.json"))
    assert modems["modem-list"] == ["/org/freedesktop/ModemManager1/Modems/8"]
    for name in ("set-primary-sim-slot", "simple-connect", "simple-disconnect", "signal-setup"):
        text = capture(f"linux-mm/mmcli_{name}.txt")
        assert mmcli_parse.error_in(text) is None
        assert "successfully" in text.lower()


@real_captures
def test_recorded_show() -> None:
    shown = {c: openwrt_parse.parse_uci_show(out) for c, out, _, _ in steps("01-show.txt")}
    network = shown["uci show network"]
    assert list(network) == ["loopback", "globals", "@device[0]", "lan", "wwan"]
    assert network["@device[0]"].options["ports"] == ("lan1", "lan2")
    assert network["wwan"].type == "interface"
    assert network["wwan"].options == {
        "proto": "modemmanager",
        "device": "/sys/devices/platform/soc/usb1/1-1",
        "apn": "internet",
        "iptype": "ipv4",
        "auth": "none",
    }
    assert shown["uci show network.@interface[-1]"] == {"wwan": network["wwan"]}
    assert shown["uci show nosuch"] == {}
    (everything,) = (out for command, out, _, _ in steps("01-show.txt") if command == "uci show")
    assert openwrt_parse.parse_uci_show(everything, "network") == network
    assert openwrt_parse.parse_uci_show(everything, "mwan3")["wan"].options == {
        "enabled": "1",
        "track_ip": ("8.8.4.4", "1.1.1.1"),
        "family": "ipv4",
    }
    assert list(shown["uci -X show network"])[2] == "cfg030f15"


@real_captures
@pytest.mark.parametrize("path", sorted(PLACE.glob("*.txt")), ids=lambda path: path.stem)
def test_recorded_sessions_lose_no_value(path: Path) -> None:
    """Every value that uci printed is in the record."""
    for command, out, _, _ in steps(path.name):
        if re.fullmatch(r"uci (?:-X |-N )?show [\w.@\[\]-]+", command):
            sections = openwrt_parse.parse_uci_show(out)
            lines = re.findall(r"^[\w-]+\.[^=\s]+=", out, re.MULTILINE)
            values = sum(bool(s.type) + len(s.options) for s in sections.values())
            assert len(lines) == values, command
            for section in sections.values():
                for value in section.options.values():
                    items = value if isinstance(value, tuple) else (value,)
                    assert all(item.replace("'", "'\\''") in out for item in items)
        if re.fullmatch(r"uci changes(?: \w+)?", command):
            places = openwrt_parse.parse_uci_changes(out)
            assert len(places) == len(
                re.findall(r"^-?\w+\.\w+(?:\.\w+)?(?:[+-]?='|$)", out, re.MULTILINE)
            )


@real_captures
def test_recorded_changes() -> None:
    outputs = {c: out for c, out, _, _ in steps("03-set.txt")}
    places = openwrt_parse.parse_uci_changes(outputs["uci changes network"])
    assert places[0] == ("wwan", "apn")
    assert ("wwan", "nl") in places
    assert ("newif", "") in places
    assert len(places) == 20


# what parsers stand on


def test_answers_survive_being_stored() -> None:
    text = "line\r\n\x1b[32mgreen\x1b[0m\n### modem 0\n\nerror: no\n### sim 1\n"
    found = openwrt_parse.answers(text)
    assert found["modem"] == openwrt_parse.Answer(0, "line\ngreen")
    assert (found["sim"].status, found["sim"].usable) == (1, "")
    assert openwrt_parse.answers(openwrt_parse.raw(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "network.wwan.password='pw-in-clear'",
        "network.wwan.pincode='pw-in-clear'",
        "network.@wireguard_x[0].preshared_key='pw-in-clear'",
        "network.wg.private_key='pw'\\''-in-clear'",
        "wifi.key='a' 'pw-in-clear'",
    ],
)
def test_redaction(text: str) -> None:
    assert "in-clear" not in openwrt_parse.redact(text)
    assert "***" in openwrt_parse.redact(text)


@pytest.mark.parametrize(
    ("mcc", "mnc", "plmn"),
    [
        (510, 10, "51010"),
        (510, 1, "51001"),
        ("510", "1", "51001"),
        ("311", "480", "311480"),
        (310, 26, "310026"),
        (None, 1, None),
        ("N/A", "10", None),
    ],
)
def test_plmn(mcc: object, mnc: object, plmn: str | None) -> None:
    assert plmn_of(mcc, mnc) == plmn


def test_home_network() -> None:
    assert home_network("510100000000025") == "51010"
    assert home_network(None) is None


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_quoting_is_undone(text: str) -> None:
    assert unquoted(shell_quoted(text)) == text
    shown = f"network.wwan=interface\nnetwork.wwan.x={shell_quoted(text)}"
    sections = openwrt_parse.parse_uci_show(shown)
    if openwrt_parse.clean(shown) == shown:
        assert sections["wwan"].options["x"] == text


@given(st.text(max_size=400))
def test_no_text_breaks_a_parser(text: str) -> None:
    for parser in PARSERS.values():
        parser(text)


def test_what_must_read_back() -> None:
    lines = (
        "uci set network.wwan.apn='it'\\''s'",
        "uci delete network.wwan.allowedauth",
        "uci add_list network.wwan.allowedauth='pap'",
        "uci delete network.wwan.username",
        "uci commit network",
    )
    assert wanted_of(lines) == {
        ("wwan", "apn"): "it's",
        ("wwan", "allowedauth"): ("pap",),
        ("wwan", "username"): None,
    }
