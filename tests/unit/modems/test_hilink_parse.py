"""Parsers of HiLink answers: cases, and captures of real devices where they are at hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekamatan.modems import hilink_parse as parse
from rekamatan.modems.json_sections import from_text

CASES = Path(__file__).parents[2] / "cases" / "hilink"
CAPTURES = Path(__file__).parents[4] / "shared/reference/modem-samples/huawei-hilink"
real_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="captures are not at hand")
PARSERS = {"signal": parse.parse_signal, "profiles": parse.parse_profiles}


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    if case["parser"] == "state":
        answers = {name: parse.parse_document(text) for name, text in case["text"].items()}
        found = dataclasses.asdict(parse.parse_state(answers))
    else:
        answer = parse.parse_document(case["text"])
        found = dataclasses.asdict(PARSERS[case["parser"]](answer))
    assert json.loads(json.dumps(found)) == case["expected"]


def capture(name: str) -> parse.Answer:
    return parse.parse_document((CAPTURES / name).read_text(encoding="utf-8"))


@real_captures
def test_captured_reading() -> None:
    answers = {
        "monitoring/status": capture("monitoring_status.xml"),
        "device/signal": capture("device_signal_B525.xml"),
        "dialup/profiles": capture("dialup_profiles.xml"),
    }
    state = parse.parse_state(answers)
    assert (state.registered, state.roaming, state.rat) == (True, False, "LTE")
    assert (state.wan_ip, state.plmn) == ("10.37.162.23", "26003")
    assert (state.profile, state.apn) == ("ChinaUnicom", "3gnet")
    assert dataclasses.astuple(state.signal) == (-61.0, -86.0, -14.0, 10.0)
    assert (state.iccid, state.imsi, state.operator, state.sim_slot) == (None, None, None, None)


@real_captures
def test_captured_network_pin_error_and_ok() -> None:
    state = parse.parse_state({"net/current-plmn": capture("net_current-plmn.xml")})
    assert (state.operator, state.plmn) == ("Orange F", "20801")
    assert parse.sim_trouble(capture("pin_status.xml"), {}) is None
    assert parse.error_code(capture("error_125002.xml")) == 125002
    assert capture("ok.xml") == {"response": "OK"}
    assert capture("webserver_SesTokInfo.xml")["TokInfo"] == "tok-1"


@pytest.mark.parametrize(
    ("pin", "status", "reason"),
    [
        ({"SimState": "255"}, {}, "no SIM card"),
        ({"SimState": "260"}, {}, "asks for its PIN"),
        ({"SimState": "261"}, {}, "asks for its PUK"),
        ({}, {"SimStatus": "255"}, "no SIM card"),
        ({"SimState": "257"}, {"SimStatus": "0"}, ""),
    ],
)
def test_sim_trouble(pin: parse.Answer, status: parse.Answer, reason: str) -> None:
    found = parse.sim_trouble(pin, status)
    assert reason in (found[0] if found else "")
    assert bool(found) == bool(reason)


@pytest.mark.parametrize("text", ["", "<html><body>login", "OK", '{"error": 1}', "<a/><b/>"])
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(ValueError, match="not an XML document"):
        parse.parse_document(text)


@pytest.mark.parametrize("answer", [{}, {"response": "OK"}, {"CurrentNetworkType": "19"}])
def test_what_is_no_list_of_profiles(answer: parse.Answer) -> None:
    with pytest.raises(ValueError, match="no list of dial-up profiles"):
        parse.parse_profiles(answer)


def test_raw_reads_back_without_passwords() -> None:
    row = {"Name": "wap", "Username": "wap", "Password": "wap", "ApnName": "wap"}
    answers = {
        "dialup/profiles": {"CurrentProfile": "1", "Profiles": {"Profile": [row]}},
        "pin/status": {"SimState": "257", "SimPinTimes": "3", "PinOptState": "258"},
    }
    text = parse.to_raw(answers)
    row["Password"] = "***"  # noqa: S105
    assert from_text(text) == answers


@given(st.dictionaries(st.text(), st.none() | st.text() | st.lists(st.text())))
def test_parsers_never_fail_on_odd_values(answer: dict[str, object]) -> None:
    parse.parse_signal(answer)
    parse.parse_state({"monitoring/status": answer, "device/information": answer})
    parse.sim_trouble(answer, answer)
    from_text(parse.to_raw({"x": answer}))


@given(st.text())
def test_text_is_a_document_or_a_value_error(text: str) -> None:
    try:
        parse.parse_document(text)
    except ValueError:
        return
