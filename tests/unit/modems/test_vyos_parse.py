"""Parsers of VyOS text: cases, and captures of real devices where they are at hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekamatan.modems import vyos, vyos_deadman, vyos_parse, vyos_restore
from rekamatan.modems.apn_passwords import SECRET

CASES = Path(__file__).parents[2] / "cases" / "vyos"
SAMPLES = Path(__file__).parents[4] / "shared/reference/modem-samples"
real_captures = pytest.mark.skipif(not SAMPLES.is_dir(), reason="captures are not at hand")


def record(text: str) -> dict[str, Any]:
    """A reading as the cases write it."""
    found = dataclasses.asdict(vyos_parse.parse_state(text))
    for absent in ("platform", "raw", "wan_if", "default_route_via"):
        del found[absent]
    return found


def parsed(parser: str, text: str) -> Any:  # noqa: ANN401 - whatever the parser gives
    if parser == "signal":
        return dataclasses.asdict(vyos_parse.parse_signal(text))
    if parser == "interfaces":
        return vyos_parse.parse_interfaces(text)
    return record(text)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert parsed(case["parser"], case["text"]) == case["expected"]


def capture(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode()


@real_captures
def test_captured_interfaces() -> None:
    found = vyos_parse.parse_interfaces(capture("vyos/vyatta_vyos_show_interfaces.raw"))
    assert found["eth0"] == []
    assert found["eth1.269"] == ["172.18.32.14/28", "123.123.123.123/32"]
    assert found["lo"] == ["127.0.0.1/8", "172.18.255.110/32", "::1/128"]
    assert found["vtun2"] == ["192.168.80.6"]
    assert len(found) == 12


@real_captures
def test_captured_summary_is_what_vyos_prints() -> None:
    state = vyos_parse.parse_state(capture("linux-mm/mmcli_-m_any.txt"))
    assert (state.sim_slot, state.plmn, state.operator) == ("1", "51001", "INDOSATOOREDOO")
    assert (state.registered, state.roaming, state.rat) == (True, False, "lte")
    assert state.imsi is None
    assert vyos_parse.parse_state(capture("linux-mm/mmcli_-m_any_-K.txt")).plmn == "51001"
    assert vyos_parse.error_in(capture("linux-mm/mmcli_-m_0_error.txt"))
    assert vyos_parse.error_in(capture("linux-mm/mmcli_set-primary-sim-slot.txt")) is None


@real_captures
def test_captured_signal() -> None:
    signal = vyos_parse.parse_signal(capture("openwrt/qmicli_outputs.txt"))
    assert dataclasses.astuple(signal) == (-63.0, -89.0, -9.0, 11.4)


@real_captures
def test_captured_commit_confirm_texts() -> None:
    lines = capture("vyos/commit_confirm_strings.txt").splitlines()
    assert [line for line in lines if vyos_parse.error_in(line)] == ["Another confirm is pending"]


@real_captures
@pytest.mark.parametrize(
    "name", ["vyatta_vyos_show_arp.raw", "vyatta_vyos_show_ip_bgp_summary.raw"]
)
def test_captured_outputs_of_other_things_are_no_state(name: str) -> None:
    text = capture(f"vyos/{name}")
    assert vyos_parse.error_in(text) is None
    state = vyos_parse.parse_state(text)
    assert (state.registered, state.sim_slot, state.plmn) == (None, None, None)


CONFIG = """set interfaces wwan wwan0 address 'dhcp'
set interfaces wwan wwan0 apn 'indosatgprs'
set interfaces wwan wwan0 authentication password 'geheim'
set interfaces wwan wwan0 authentication username 'indosat'
set interfaces wwan wwan0 description 'rekamatan:indosat sim:1'
set interfaces wwan wwan1 apn 'other'
"""


def test_config() -> None:
    config = vyos_parse.parse_config(CONFIG, "wwan0")
    assert (config.apn, config.username) == ("indosatgprs", "indosat")
    assert vyos_parse.parse_config(CONFIG, "wwan2").apn is None
    assert "geheim" not in vyos_parse.redact(CONFIG)


@pytest.mark.parametrize(
    "mark",
    [
        vyos_parse.Mark("indosat", "1"),
        vyos_parse.Mark("telkomsel", "2", trial="run-1", was="indosat"),
        vyos_parse.Mark("telkomsel", "2", run="run-1"),
        vyos_parse.Mark("vsat"),
    ],
)
def test_mark_reads_back(mark: vyos_parse.Mark) -> None:
    assert vyos_parse.parse_mark(str(mark)) == mark


@pytest.mark.parametrize("text", ["", "LTE uplink", "see ticket: 42", "sim:1 trial:x"])
def test_description_of_somebody_else_is_no_mark(text: str) -> None:
    assert vyos_parse.parse_mark(text) == vyos_parse.Mark()


@pytest.mark.parametrize(
    ("line", "difference"),
    [
        ("set interfaces wwan wwan0 apn 'indosatgprs'", ""),
        ("set interfaces wwan wwan0 apn 'internet'", "apn internet is not set"),
        ("set interfaces wwan wwan0 authentication username 'u'", "username u is not set"),
        ("delete interfaces wwan wwan0 authentication", "authentication is still there"),
        ("set interfaces wwan wwan0 description 'x'", "description x is not set"),
        ("set interfaces wwan wwan0 authentication password {{secret}}", ""),
    ],
)
def test_what_is_not_applied(line: str, difference: str) -> None:
    found = vyos_restore.difference([line], CONFIG, SECRET)
    assert difference in found
    assert bool(found) == bool(difference)


@pytest.mark.parametrize(
    "text",
    [
        "\n  Invalid command: [foo]\n",
        "  Configuration path: [interfaces wwan wwan0 foo] is not valid\n  Set failed\n",
        'No APN configured for "wwan0"!',
        "[[interfaces wwan wwan0]] failed\nCommit failed",
        "Another confirm is pending",
        "error: couldn't find modem",
        "Configuration system temporarily locked due to another commit in progress",
        "sudo: a password is required",
        "mmcli: command not found",
    ],
)
def test_error_texts(text: str) -> None:
    assert vyos_parse.error_in(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h 2min 3.5s", 3723.5),
        ("10min 250ms", 600.25),
        ("2d 1s", 172801.0),
        ("infinity", None),
        ("", None),
    ],
)
def test_span(text: str, seconds: float | None) -> None:
    assert vyos_parse.parse_span(text) == seconds


def test_timer() -> None:
    timer = vyos_deadman.parse_timer("ActiveState=active\nNextElapseUSecMonotonic=1min 2s\n")
    assert timer == vyos_deadman.ConfirmTimer(active=True, next_s=62.0)
    assert vyos_deadman.parse_timer("") is None


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (600, 10)])
def test_minutes_are_never_less_than_asked_for(seconds: int, minutes: int) -> None:
    assert vyos_deadman.minutes_for(seconds) == minutes


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ("Routing entry for 0.0.0.0/0\n  * directly connected, wwan0, weight 1\n", "wwan0"),
        ("  * 192.0.2.1, via eth0, weight 1\n", "192.0.2.1"),
        ("S>* 0.0.0.0/0 [210/0] via 10.1.2.3, wwan0, weight 1, 00:01:02\n", "10.1.2.3"),
        ("% Network not in table\n", None),
    ],
)
def test_default_route(text: str, via: str | None) -> None:
    assert vyos_parse.default_route(text) == via


@given(st.text())
def test_parsers_never_fail(text: str) -> None:
    vyos_parse.parse_state(text)
    vyos_parse.parse_config(text, "wwan0")
    vyos_parse.parse_interfaces(text)
    vyos_parse.parse_mark(text)
    vyos_parse.default_route(text)
    vyos_parse.error_in(text)


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ("1.4.0", True),
        ("1.5-rolling-202410210007", True),
        ("2025.11", True),
        ("1.3.8", False),
        ("1.2.9-S1", False),
        ("999", False),
    ],
)
def test_supported_releases(version: str, *, supported: bool) -> None:
    assert vyos._supported(version) is supported
