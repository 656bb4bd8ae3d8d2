"""Parsers of IOS text: cases, and captures of real devices where they are at hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekamatan.modems import ios_config, ios_parse, ios_revert
from rekamatan.modems.ios_console import _ENTERED, config_difference, steps_of

CASES = Path(__file__).parents[2] / "cases" / "ios"
CAPTURES = Path(__file__).parents[4] / "shared/reference/modem-samples/cisco-ios"
real_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="captures are not at hand")
BLANK: dict[str, Any] = {
    "sim_slot": None,
    "iccid": None,
    "imsi": None,
    "plmn": None,
    "operator": None,
    "registered": None,
    "roaming": None,
    "rat": None,
    "profile": None,
    "apn": None,
    "wan_ip": None,
}
NO_SIGNAL = {"rssi_dbm": None, "rsrp_dbm": None, "rsrq_db": None, "sinr_db": None}


def record(text: str) -> dict[str, Any]:
    """A reading as the cases write it."""
    found = dataclasses.asdict(ios_parse.parse_state(text))
    for absent in ("platform", "raw", "wan_if", "default_route_via"):
        del found[absent]
    return found


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert record(case["text"]) == case["expected"]


def capture(name: str) -> str:
    return (CAPTURES / name).read_bytes().decode()


@real_captures
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("show_cellular_0_2_0_hardware_c1111.txt", {}),
        ("show_cellular_0_profile_1_887.txt", {"profile": "1", "apn": "a_wrong_apn"}),
        ("show_cellular_0_security_887.txt", {"sim_slot": "0"}),
        (
            "show_cellular_radio_lte.txt",
            {
                "rat": "LTE",
                "signal": {
                    "rssi_dbm": -80.0,
                    "rsrp_dbm": -110.0,
                    "rsrq_db": -10.0,
                    "sinr_db": 4.4,
                },
            },
        ),
    ],
)
def test_captured_cellular(name: str, expected: dict[str, Any]) -> None:
    assert record(capture(name)) == {**BLANK, "signal": NO_SIGNAL, **expected}


@real_captures
def test_captured_password_is_not_in_the_evidence() -> None:
    raw = ios_parse.parse_state(capture("show_cellular_0_profile_1_887.txt")).raw
    assert "some_pass" not in raw
    assert "a_wrong_username" in raw
    (profile,) = ios_parse.parse_profiles(capture("show_cellular_0_profile_1_887.txt"))
    assert (profile.auth, profile.username) == ("pap", "a_wrong_username")


@real_captures
def test_captured_messages() -> None:
    lines = capture("archive_messages.txt").splitlines()
    fine = {line for line in lines if ios_parse.error_in(line) is None}
    assert fine == {" Archive feature not enabled", "Timer value: 3 min"}
    assert ios_revert.parse_revert_timer("\n".join(lines[3:4])) is not None
    assert ios_revert.parse_revert_timer(lines[1]) is None


@real_captures
def test_captured_rollback_warnings_are_no_answer() -> None:
    text = capture("revert_timer_session.txt")
    behind = text.split("Router(config)#", 1)[1]
    assert all(not line.strip() or ios_parse.is_noise(line) for line in behind.splitlines())


@real_captures
def test_captured_profile_dialog_is_no_error() -> None:
    assert ios_parse.error_in(capture("cellular_profile_create_dialog_887.txt")) is None


@pytest.mark.parametrize(
    ("line", "noise"),
    [
        ("*Nov 24 04:11:02.000: %SYS-5-CONFIG_I: Configured from console by x on vty0", True),
        ("%SYS-5-CONFIG_I: Configured from console by x on vty0", True),
        ("000123: Nov 24 04:11:02.000: %CELLWAN-2-MODEM_DOWN: Cellular0/2/0 modem is DOWN", True),
        (
            "%CELLWAN-2-POWER_SAVE_MODE: [Cellular0/2/0]: is in Power save mode. Command ignored.",
            False,
        ),
        ("% Invalid input detected at '^' marker.", False),
        ("Profile 1 written to modem", False),
    ],
)
def test_noise(line: str, *, noise: bool) -> None:
    assert ios_parse.is_noise(line) is noise


@pytest.mark.parametrize(
    "text",
    [
        "     ^\n% Invalid input detected at '^' marker.\n",
        "% Incomplete command.",
        '% Ambiguous command:  "x"',
        "%Please turn config archive on before using Rollback Confirmed Change",
        "Command authorization failed.",
        "Configuration mode is locked by process '105' user 'a' from terminal 'vty1'.",
        "%CELLWAN-2-POWER_SAVE_MODE: [Cellular0/2/0]: is in Power save mode. Command ignored.",
    ],
)
def test_error_texts(text: str) -> None:
    assert ios_parse.error_in(text)


def test_secrets_are_redacted() -> None:
    text = (
        "username a privilege 15 secret 9 $9$abc\n"
        "cellular 0/2/0 lte profile create 2 internet pap wap wap123 ipv4\n"
        " profile id 2 apn x authentication pap username u password 0 hidden1 pdn-type ipv4\n"
        "snmp-server community public RO\nUsername: u, Password: hidden2\nand geheim\n"
    )
    shown = ios_parse.redact(text, ("geheim", ""))
    for secret in ("$9$abc", "wap123", "hidden1", "public", "hidden2", "geheim"):
        assert secret not in shown
    assert "create 2 internet pap wap *** ipv4" in shown


CONFIG = """controller Cellular 0/2/0
 lte sim data-profile 2 attach-profile 1 slot 0
 lte sim data-profile 3 attach-profile 3 slot 1
 lte sim primary slot 1
 profile id 3 apn internet authentication pap username u password 7 0822455D0A pdn-type ipv4
event manager environment rekamatan_wan telkomsel slot=1 apn=internet
"""


def test_config() -> None:
    config = ios_config.parse_config(CONFIG)
    assert (config.number_for("0"), config.number_for("1"), config.primary) == (2, 3, "1")
    assert config.numbers_in_use == {1, 2, 3}
    assert ios_config.named_profile(config, "1", "internet") == "telkomsel"


@pytest.mark.parametrize(("slot", "apn"), [("0", "internet"), ("1", "other"), (None, None)])
def test_name_is_not_believed_when_the_modem_says_otherwise(
    slot: str | None, apn: str | None
) -> None:
    assert ios_config.named_profile(ios_config.parse_config(CONFIG), slot, apn) is None


@pytest.mark.parametrize(
    ("line", "difference"),
    [
        ("lte sim primary slot 1", ""),
        ("lte sim primary slot 0", "the primary slot is 1"),
        ("lte sim data-profile 4 attach-profile 4 slot 1", "the data profile of slot 1 is 3"),
        ("event manager environment rekamatan_wan x slot=1 apn=y", "rekamatan_wan is telkomsel"),
        ("no event manager environment rekamatan_wan", "is still there"),
        ("no event manager environment rekamatan_trial", ""),
        (
            (
                "profile id 3 apn internet authentication pap username u password 0 {{secret}} "
                "pdn-type ipv4"
            ),
            "",
        ),
        ("profile id 3 apn other authentication none pdn-type ipv4", "profile id 3 is another"),
    ],
)
def test_what_is_not_applied(line: str, difference: str) -> None:
    found = config_difference(["controller Cellular 0/2/0", line, "exit"], CONFIG)
    assert difference in found
    assert bool(found) == bool(difference)


def test_steps_keep_the_order() -> None:
    steps = steps_of(["do a", "controller x", "line", "exit", "do b"])
    assert [step.lines for step in steps] == [
        ("do a",),
        ("controller x", "line", "exit"),
        ("do b",),
    ]


def test_applet_reads_back() -> None:
    text = (
        "event manager applet wanrb-run-1 authorization bypass\n"
        " event timer countdown time 300\n"
        ' action 050  syslog msg "x"\n'
        "event manager applet other\n event none\n"
    )
    (applet,) = ios_config.parse_applets(text).values()
    assert (applet.name, applet.seconds) == ("wanrb-run-1", 300)
    assert 'action 050 syslog msg "x"' in applet.lines


def test_revert_timer() -> None:
    text = (
        "Time configured(or reconfigured): 22:50:48 UTC Sat Jul 31 2021\n"
        "Timer type: absolute timer\nTimer value: 5 min\nUser: admin(Priv: 15, View: 0)\n"
    )
    timer = ios_revert.parse_revert_timer(text)
    assert timer is not None
    assert (timer.minutes, timer.user) == (5, "admin")
    now = ios_revert.parse_clock("*22:51:48.123 UTC Sat Jul 31 2021")
    assert now is not None
    assert timer.since is not None
    assert (now - timer.since).total_seconds() == 60


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (59, 1), (60, 2), (300, 6), (301, 6)])
def test_revert_timer_is_later_than_the_applet(seconds: int, minutes: int) -> None:
    assert ios_revert.minutes_for(seconds) == minutes
    assert minutes * 60 > seconds


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ('  Known via "static"\n  * directly connected, via Cellular0/2/0\n', "Cellular0/2/0"),
        (
            "  * 192.0.2.1, from 192.0.2.1, 00:01:02 ago, via GigabitEthernet0/0/0\n",
            "GigabitEthernet0/0/0",
        ),
        ("  * 192.0.2.1\n", "192.0.2.1"),
        ("% Network not in table", None),
    ],
)
def test_default_route(text: str, via: str | None) -> None:
    assert ios_parse.default_route(text) == via


def test_address() -> None:
    text = (
        "Interface   IP-Address  OK? Method Status Protocol\n"
        "Cellular0/2/0  unassigned YES IPCP down down\nVlan1 192.0.2.1 YES NVRAM up up"
    )
    assert ios_parse.interface_address(text, "Cellular0/2/0") is None
    assert ios_parse.interface_address(text, "vlan1") == "192.0.2.1"


@given(st.text())
def test_parsers_never_fail(text: str) -> None:
    ios_parse.parse_state(text)
    ios_parse.error_in(text)
    ios_config.parse_config(text)
    ios_config.parse_applets(text)
    ios_revert.parse_revert_timer(text)


@pytest.mark.parametrize(
    "text",
    [
        "Enter configuration commands, one per line.  End with CNTL/Z.",
        (
            "Rollback Confirmed Change: Backing up current running config to flash:archive-1\n\n"
            "Enter configuration commands, one per line.  End with CNTL/Z."
        ),
        "Rollback Confirmed Change: Backing up current running config to\n flash:/rollback_1.cfg",
    ],
)
def test_what_entering_configuration_mode_may_say(text: str) -> None:
    assert all(_ENTERED.match(line.strip()) for line in text.splitlines() if line.strip())


def test_other_words_on_entering_are_a_refusal() -> None:
    assert not _ENTERED.match("Configuration mode is locked by process '105'")
    assert not _ENTERED.match("%Error opening flash:archive-1 (No space left on device)")
