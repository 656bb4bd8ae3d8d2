"""Parsers of RouterOS text: cases, and captures of real devices where they are at hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekamatan.modems import routeros7_parse as parse
from rekamatan.modems.templates import quoted

CASES = Path(__file__).parents[2] / "cases" / "routeros7"
CAPTURES = Path(__file__).parents[4] / "shared/reference/modem-samples/mikrotik-routeros"
real_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="captures are not at hand")


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    if case["parser"] == "monitor":
        assert parse.parse_monitor(case["text"]) == case["expected"]
    else:
        rows = [dataclasses.asdict(row) for row in parse.parse_print(case["text"])]
        assert rows == case["expected"]


def capture(name: str) -> str:
    return (CAPTURES / name).read_bytes().decode()


@real_captures
@pytest.mark.parametrize(
    ("name", "rsrp", "key"),
    [
        ("lte_monitor_v7.22_R11e-LTE_registered.txt", -113.0, "registration-status"),
        ("lte_monitor_v7.24_ATL18_running.txt", -97.0, "status"),
        ("lte_info_v6_R11e-LTE_MegaFon.txt", -96.0, "registration-status"),
    ],
)
def test_captured_monitor(name: str, rsrp: float, key: str) -> None:
    figures = parse.parse_monitor(capture(name))
    assert parse.number(parse.first(figures, "rsrp")) == rsrp
    assert parse.first(figures, key)


@real_captures
def test_captured_profiles_and_interface() -> None:
    (profile,) = parse.parse_print(capture("mikrotik_routeros_interface_lte_apn_print_terse.raw"))
    assert (profile.flags, profile.values["apn"]) == ("*", "telstra.internet")
    assert profile.values["authentication"] == "none"
    (interface,) = parse.parse_print(capture("lte_print_detail_v7.24.txt"))
    assert interface.values["apn-profiles"] == "default"
    assert interface.values["band"] == "1,3,7"


@real_captures
def test_captured_error_lines_are_errors() -> None:
    lines = capture("error_strings.txt").splitlines()
    fine = {line for line in lines if not parse.error_in(line)}
    assert fine == {
        "Cannot open import file, file does not exist (:import; line 1)",
        "Script file loaded and executed successfully",
    }


@real_captures
def test_captured_prompt_is_no_output() -> None:
    assert parse.clean(capture("prompt_repaint_raw.txt")) == ""


@pytest.mark.parametrize("stamp", ["04:11:02", "2026-11-24 04:11:02"])
def test_log_line_after_a_silent_command_is_no_output(stamp: str) -> None:
    assert parse.clean(f"{stamp} echo: lte,async lte1: connection lost\r\n") == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("1m30s", 90), ("0s", 0), ("1d2h", 93600), ("00:05:00", 300), ("soon", None)],
)
def test_duration(text: str, seconds: int | None) -> None:
    assert parse.parse_duration(text) == seconds


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
    clock = {"time": ["10:00:00"], "date": [date]}
    assert parse.remaining_seconds(next_run, clock) == remaining


def test_secrets_are_redacted() -> None:
    text = 'name="x" password="a \\"b\\" c" user=u password=plain and s3cret'
    assert parse.redact(text, ("s3cret", "")) == 'name="x" password=*** user=u password=*** and ***'


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
    assert [(check.query, check.expected) for check in parse.checks_of(command)] == checks


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
    assert parse.same_value(shown, wanted) is same


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_quoted_text_reads_back(text: str) -> None:
    assert parse.unquote(quoted(text)) == text


@given(st.text())
def test_parsers_never_fail(text: str) -> None:
    parse.parse_monitor(text)
    parse.parse_print(text)
    parse.error_in(text)
