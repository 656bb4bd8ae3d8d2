"""Parsers of RouterOS text: cases."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from rekamatan.models import ModemState, Signal
from rekamatan.modems import routeros_checks, routeros_state, routeros_text, routeros_values
from rekamatan.modems import routeros_parse as parse

CASES = Path(__file__).parents[2] / "cases" / "routeros"


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    if case["parser"] == "monitor":
        assert parse.parse_monitor(case["text"]) == case["expected"]
    elif case["parser"] == "state":
        reading = routeros_state.state_of("routeros7", "lte1", {"monitor": case["text"]})
        found = dataclasses.asdict(reading)
        assert {key: found[key] for key in case["expected"]} == case["expected"]
    else:
        rows = [dataclasses.asdict(row) for row in parse.parse_print(case["text"])]
        assert rows == case["expected"]


@pytest.mark.parametrize(
    "stamp", ["04:11:02", "2026-11-24 04:11:02", "nov/24 04:11:02", "nov/24/2026 04:11:02"]
)
def test_log_line_after_a_silent_command_is_no_output(stamp: str) -> None:
    assert routeros_text.clean(f"{stamp} echo: lte,async lte1: connection lost\r\n") == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("1m30s", 90), ("0s", 0), ("1d2h", 93600), ("00:05:00", 300), ("soon", None)],
)
def test_duration(text: str, seconds: int | None) -> None:
    assert routeros_values.parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("next_run", "date", "remaining"),
    [
        ("2026-11-24 10:05:00", "2026-11-24", 300.0),
        ("nov/24/2026 10:05:00", "nov/24/2026", 300.0),
        ("10:05:00", "2026-11-24", 300.0),
        ("09:00:00", "2026-11-24", 82800.0),  # tomorrow
        ("2026-11-24 09:00:00", "2026-11-24", 0.0),  # overdue
        ("never", "2026-11-24", None),
    ],
)
def test_remaining(next_run: str, date: str, remaining: float | None) -> None:
    assert routeros_values.remaining_seconds(next_run, date, "10:00:00") == remaining


def test_secrets_are_redacted() -> None:
    text = 'name="x" password="a \\"b\\" c" user=u password=plain and s3cret'
    assert (
        routeros_text.redact(text, ("s3cret", ""))
        == 'name="x" password=*** user=u password=*** and ***'
    )


@pytest.mark.parametrize(
    ("command", "checks"),
    [
        (
            '/interface lte set [find name="lte1"] apn-profiles="x"',
            [('/interface lte get [find name="lte1"] apn-profiles', "x")],
        ),
        (
            '/interface lte settings set sim-slot="up"',
            [("/interface lte settings get sim-slot", "up")],
        ),
        (
            '/interface lte apn add name="x" apn="a b" password={{secret}}',
            [('/interface lte apn get [find name="x"] apn', "a b")],
        ),
        (
            '/ip firewall nat add comment="rekamatan: m" chain="srcnat"',
            [('/ip firewall nat get [find comment="rekamatan: m"] chain', "srcnat")],
        ),
        ("/system script run x", []),
    ],
)
def test_what_must_read_back(command: str, checks: list[tuple[str, str]]) -> None:
    assert [(check.query, check.expected) for check in routeros_checks.checks_of(command)] == checks


@pytest.mark.parametrize(
    ("shown", "wanted", "same"),
    [
        ("true", "yes", True),
        ("false", "yes", False),
        ("ssh;read;!write;test", "ssh,read,test", True),
        ("ssh;read;write", "ssh,read", False),
        ("", "internet", False),
    ],
)
def test_same_value(shown: str, wanted: str, *, same: bool) -> None:
    assert routeros_values.same_value(shown, wanted) is same


def test_a_line_without_a_key_goes_on_with_the_one_before() -> None:
    text = "  ca-band: B3@20Mhz\n           B1@10Mhz\n     cqi: 0\n-- [Q quit|D dump|C-z pause]\n"
    assert parse.parse_monitor(text) == {"ca-band": ["B3@20Mhz", "B1@10Mhz"], "cqi": ["0"]}


def test_modems_side_by_side_are_told_apart_even_when_one_tells_less() -> None:
    text = (
        "       status: connected   searching\n"
        "        model: EG18-EA     R11e\n"
        "   data-class: LTE\n"
        "         imei: 356         359\n"
        "         rssi: -93dBm\n"
    )
    one, other = parse.parse_monitors(text)
    assert (one["model"], other["model"]) == (["EG18-EA"], ["R11e"])
    assert (one["rssi"], other["rssi"]) == (["-93dBm"], [""])
    assert parse.parse_monitor(text) == {}


def state(text: str, platform: str = "routeros7") -> ModemState:
    return routeros_state.state_of(platform, "lte1", {"monitor": text})


def test_a_modem_in_a_call_that_spells_its_signal_its_own_way() -> None:
    # as MikroTik's manual shows a Huawei ME909u in RouterOS 6
    found = state(
        "status: call in progress\npin-status: no password required\nfunctionality: full\n"
        "current-operator: vodafone ES\naccess-technology: Evolved 3G (LTE)\n"
        "signal-strengh: -79 dBm\nframe-error-rate: n/a\nimsi: 234012555034981\nuicc: n/a\n"
        "rsrp: -109dBm\nrsrq: -13dB\nsinr: -1dB\n",
        "routeros6",
    )
    assert (found.registered, found.roaming, found.iccid) == (True, None, None)
    assert (found.plmn, found.rat) == ("23401", "Evolved 3G (LTE)")
    assert found.signal == Signal(-79.0, -109.0, -13.0, -1.0)


def test_a_5g_router_tells_both_radios_and_several_bands() -> None:
    text = (
        "            status: running\n  current-operator: 51010\n        data-class: 5G NSA\n"
        "           ca-band: n78@100Mhz earfcn: 636000 phy-cellid: 472\n"
        "                    n78@40Mhz earfcn: 631296 phy-cellid: 472\n"
        "              rsrp: -83dBm\n           nr-rsrp: -90dBm\n           nr-sinr: 14dB\n"
    )
    found = state(text)
    assert (found.registered, found.plmn, found.rat) == (True, "51010", "5G NSA")
    assert (found.signal.rsrp_dbm, found.signal.sinr_db) == (-83.0, 14.0)
    assert len(parse.parse_monitor(text)["ca-band"]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "status: SIM not inserted",
        "status: searching",
        "registration-status: not registered",
        "registration-status: denied",
        "registration-status: unknown\nstatus: connected",
        "status: connecting",
    ],
)
def test_other_words_than_the_known_ones_are_not_attached(text: str) -> None:
    assert state(text).registered is False


def test_roaming_is_registered_and_told() -> None:
    found = state("registration-status: registered (roaming)\ncurrent-operator: 52505")
    assert (found.registered, found.roaming, found.plmn) == (True, True, "52505")


@pytest.mark.parametrize("text", ["", "no such item", "status:", "rsrp: n/a\nstatus: n/a"])
def test_what_is_not_told_is_unknown(text: str) -> None:
    found = state(text)
    assert (found.registered, found.plmn, found.signal) == (None, None, Signal())
