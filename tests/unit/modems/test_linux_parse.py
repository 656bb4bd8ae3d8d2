"""Parsers of a Linux gateway's tools: cases, and captures where they are at hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekamatan.modems import linux_parse, modemmanager_parse

CASES = Path(__file__).parents[2] / "cases" / "linux"
SAMPLES = Path(__file__).parents[4] / "shared/reference/modem-samples"
real_captures = pytest.mark.skipif(not SAMPLES.is_dir(), reason="captures are not at hand")


def parsed(case: dict[str, Any]) -> object:
    if case["parser"] == "mmcli":
        return modemmanager_parse.parse(case["text"])
    if case["parser"] == "terse":
        return list(linux_parse.parse_terse(case["text"], tuple(case["fields"])))
    return [dataclasses.asdict(route) for route in linux_parse.parse_routes(case["text"])]


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert json.loads(json.dumps(parsed(case))) == case["expected"]


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def facts(name: str) -> modemmanager_parse.Facts:
    return modemmanager_parse.parse(sample(f"linux-mm/{name}"))


@real_captures
def test_captured_reading() -> None:
    state = modemmanager_parse.parse_state(
        facts("mmcli_-m_any_-J.json"),
        facts("mmcli_-i_any_-J.json"),
        facts("mmcli_-b_1.txt"),
        facts("mmcli_--signal-get_-J.json"),
        platform="linux_mm",
        profile="indosat",
    )
    assert dataclasses.astuple(state.signal) == (-67.0, -98.0, -11.0, 8.4)
    assert (state.plmn, state.operator, state.rat) == ("51001", "INDOSATOOREDOO", "lte")
    assert (state.registered, state.roaming, state.sim_slot) == (True, False, "1")
    assert (state.iccid, state.imsi) == ("8962000000000000000", "510010000000000")
    assert (state.apn, state.wan_if, state.wan_ip) == ("indosatgprs", "wwan0", "10.153.22.7")


@real_captures
def test_captured_forms_say_the_same() -> None:
    by_json = facts("mmcli_-m_any_-J.json")
    by_pairs = facts("mmcli_-m_any_-K.txt")
    by_table = facts("mmcli_-m_any.txt")
    for path in (
        "generic.state", "generic.primary-sim-slot", "generic.sim", "3gpp.operator-code",
        "3gpp.registration-state", "generic.primary-port", "generic.revision",
    ):  # fmt: skip
        values = {modemmanager_parse.fact(form, path) for form in (by_json, by_pairs, by_table)}
        assert len(values) == 1, path
        assert values != {None}, path
    for path in ("generic.access-technologies", "generic.bearers", "generic.sim-slots"):
        assert (
            modemmanager_parse.facts_of(by_json, path)
            == modemmanager_parse.facts_of(by_pairs, path)
            == modemmanager_parse.facts_of(by_table, path)
        )
    after = facts("mmcli_-m_any_-J_after_slot2.json")
    assert modemmanager_parse.fact(after, "generic.primary-sim-slot") == "2"
    assert modemmanager_parse.parse_signal(facts("mmcli_--signal-get.txt")).sinr_db == 8.4


@real_captures
def test_captured_list_and_errors() -> None:
    listed = modemmanager_parse.parse_list(sample("linux-mm/mmcli_-L_-J.json"))
    assert listed == ("/org/freedesktop/ModemManager1/Modems/8",)
    with pytest.raises(ValueError, match="couldn't find modem"):
        facts("mmcli_-m_0_error.txt")
    silent = ("set-primary-sim-slot", "signal-setup", "simple-connect", "simple-disconnect")
    for name in silent:
        assert modemmanager_parse.error_in(sample(f"linux-mm/mmcli_{name}.txt")) is None
    text = sample("linux-nm/nmcli_not_running.txt")
    assert "Could not create NMClient" in str(linux_parse.nmcli_error(text))


@real_captures
def test_captured_connection_files() -> None:
    text = sample("linux-nm/nmcli_offline_add_wan-indosat.nmconnection")
    found = linux_parse.parse_keyfile(text)
    assert found["connection"]["id"] == "wan-indosat"
    assert (found["gsm"]["apn"], found["gsm"]["username"]) == ("indosatgprs", "indosat")
    redacted = linux_parse.parse_keyfile(linux_parse.redact(text))
    assert redacted["gsm"]["password"] == "***"  # noqa: S105
    other = sample("linux-nm/nmcli_offline_add_wan-telkomsel.nmconnection")
    assert linux_parse.parse_keyfile(other)["gsm"]["sim-operator-id"] == "51010"


@real_captures
def test_captured_connections_table() -> None:
    rows = linux_parse.parse_columns(sample("linux-generic/linux_nmcli_connection_show.raw"))
    assert [row.get("DEVICE") for row in rows] == ["eth0", "lo", "wlan0", None]
    assert rows[0]["NAME"] == "Wired connection 1"


@real_captures
@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("linux_ip_route_show.raw", ("10.0.0.4", "brblue", 0)),
        ("linux_ip_route_show2.raw", ("172.30.1.1", "eth0", 100)),
        ("linux_ip_route_show_linkdown.raw", ("192.168.1.1", "enp0s25", 100)),
    ],
)
def test_captured_routes(name: str, default: tuple[str, str, int]) -> None:
    routes = linux_parse.parse_routes(sample(f"linux-generic/{name}"))
    lines = sample(f"linux-generic/{name}").strip().splitlines()
    assert len(routes) == len([line for line in lines if line.strip()])
    best = linux_parse.best_default(tuple(r for r in routes if r.metric or "show.raw" in name))
    assert best is not None
    assert (best.via, best.dev, best.metric) == default


@real_captures
def test_captured_addresses() -> None:
    links = linux_parse.parse_addresses(sample("linux-generic/linux_ip_address_show.raw"))
    assert links["gpd0"].addresses == ("10.20.20.12/32",)
    assert not links["br-218f5e637867"].up
    assert links["brblue"].addresses == ("10.0.0.1/24", "192.168.0.1/25")
    busybox = linux_parse.parse_addresses(sample("linux-generic/busybox_ip_address_show.raw"))
    assert busybox["eth0"].addresses == ("192.168.1.1/24",)


def test_no_address_while_not_connected() -> None:
    bearer = {"status": {"connected": "no"}, "ipv4-config": {"address": "10.0.0.1"}}
    state = modemmanager_parse.parse_state({}, {}, bearer, {}, platform="linux_mm")
    assert (state.wan_ip, state.registered, state.roaming, state.sim_slot) == (None,) * 4


@pytest.mark.parametrize(
    ("word", "registered", "roaming"),
    [("home", True, False), ("roaming", True, True), ("searching", False, None),
     ("denied", False, None), ("unknown", None, None)],
)  # fmt: skip
def test_registration(word: str, *, registered: bool | None, roaming: bool | None) -> None:
    modem = {"3gpp": {"registration-state": word}}
    state = modemmanager_parse.parse_state(modem, {}, {}, {}, platform="linux_mm")
    assert (state.registered, state.roaming) == (registered, roaming)


def test_row_with_another_number_of_fields() -> None:
    with pytest.raises(ValueError, match="2 fields instead of 3"):
        linux_parse.parse_terse("a:b\n", ("A", "B", "C"))


@given(st.text())
def test_parsers_never_fail_otherwise(text: str) -> None:
    linux_parse.parse_routes(text)
    linux_parse.parse_addresses(text)
    for parser in (modemmanager_parse.parse, modemmanager_parse.parse_list):
        try:
            parser(text)
        except ValueError:
            continue
