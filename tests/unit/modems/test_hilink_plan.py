"""What a HiLink modem is told: a pure difference between a reading and a profile."""

from __future__ import annotations

import dataclasses

import pytest

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import ChangePlan, Limits, ModemState, Sim, WanProfile
from rekamatan.modems import hilink_plan as plans
from rekamatan.modems.hilink_parse import Answer, parse_profiles, parse_state, to_raw

LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
PROFILE = WanProfile("ktp", "telkomsel", "ktp.telkomsel", ("51010",), Sim("", "", ""), LIMITS)
OFF = "POST dialup/mobile-dataswitch <request><dataswitch>0</dataswitch></request>"
ON = OFF.replace(">0<", ">1<")


def row(index: int, name: str, apn: str, **more: str) -> Answer:
    values = {"Index": str(index), "Name": name, "ApnIsStatic": "1", "ApnName": apn, "iptype": "0"}
    return {**values, "Username": "", "AuthMode": "0", "ReadOnly": "0", **more}


def reading(*rows: Answer, current: int = 1, switch: str = "1", pin: str = "257") -> ModemState:
    answers = {
        "dialup/profiles": {"CurrentProfile": str(current), "Profiles": {"Profile": list(rows)}},
        "dialup/mobile-dataswitch": {"dataswitch": switch},
        "pin/status": {"SimState": pin},
    }
    return parse_state(answers, to_raw(answers))


def plan(state: ModemState, profile: WanProfile = PROFILE) -> ChangePlan:
    return plans.render(profile, state, "run-1", subject="modem 192.168.8.1")


INTERNET = row(1, "internet", "internet")


def test_nothing_differs() -> None:
    found = plan(reading(INTERNET, row(2, "ktp", "ktp.telkomsel"), current=2))
    assert found.empty
    assert found.undo == ()
    assert found.before == found.after


def test_new_profile_goes_between_data_off_and_data_on() -> None:
    found = plan(reading(INTERNET))
    assert found.commands[0] == OFF
    assert found.commands[-1] == ON
    made, chosen = map(plans.parse_command, found.commands[1:3])
    assert made.profile is not None
    assert (made.profile["Name"], made.profile["ApnName"]) == ("ktp", "ktp.telkomsel")
    assert made.body["Modify"] == "1"
    assert chosen.makes_active == "ktp"
    assert (found.previous, found.target) == ("internet", "ktp")


def test_way_back_chooses_the_old_profile_and_leaves_its_values() -> None:
    undo = plan(reading(INTERNET)).undo
    assert (undo[0], undo[-1]) == (OFF, ON)
    assert [plans.parse_command(line).makes_active for line in undo] == [
        None, "internet", None,
    ]  # fmt: skip


def test_profile_that_is_there_is_only_chosen() -> None:
    found = plan(reading(INTERNET, row(2, "ktp", "ktp.telkomsel")))
    assert len(found.commands) == 3


def test_correcting_the_profile_in_use_can_be_undone() -> None:
    found = plan(reading(row(1, "ktp", "old.apn", Username="u", AuthMode="1")))
    back = plans.parse_command(found.undo[1]).profile
    assert back is not None
    assert (back["ApnName"], back["Username"], back["AuthMode"]) == ("old.apn", "u", "1")
    assert "Password" not in back  # the modem keeps its own


def test_data_that_is_off_is_a_difference() -> None:
    state = reading(row(1, "ktp", "ktp.telkomsel"), switch="0")
    assert not plan(state).empty


def test_password_is_a_marker() -> None:
    wanted = dataclasses.replace(PROFILE, auth="chap", username="kubu & co")
    made = plans.parse_command(plan(reading(INTERNET), wanted).commands[1])
    assert made.secret
    assert made.profile is not None
    assert (made.profile["Password"], made.profile["AuthMode"]) == (plans.SECRET, "2")
    sent = plans.filled(made, parse_profiles({"Profiles": None}), "<geheim>")
    assert sent["Profile"]["Password"] == "<geheim>"  # noqa: S105
    assert sent["Profile"]["Username"] == "kubu & co"


def test_profile_of_the_modem_itself_cannot_be_corrected() -> None:
    fixed = row(2, "ktp", "other", ReadOnly="2")
    with pytest.raises(NotSupportedError, match="cannot be changed"):
        plan(reading(INTERNET, fixed))
    right = row(2, "ktp", "ktp.telkomsel", ReadOnly="2")
    assert len(plan(reading(INTERNET, right)).commands) == 3


@pytest.mark.parametrize(("pin", "reason"), [("255", "no SIM card"), ("260", "its PIN")])
def test_card_that_is_not_ready_refuses(pin: str, reason: str) -> None:
    with pytest.raises(DeviceError, match=reason):
        plan(reading(INTERNET, pin=pin))


def test_slot_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="one SIM card"):
        plan(reading(INTERNET), dataclasses.replace(PROFILE, sim=Sim("2", "", "")))


def test_nothing_in_use_is_nothing_to_come_back_to() -> None:
    with pytest.raises(DeviceError, match="no dial-up profile is in use"):
        plan(reading(INTERNET, current=0))


def test_index_of_a_profile_that_is_gone() -> None:
    chosen = plans.parse_command(plan(reading(INTERNET)).commands[2])
    with pytest.raises(LookupError, match="named ktp"):
        plans.filled(chosen, parse_profiles({"Profiles": None}), "")


def test_what_is_no_command() -> None:
    with pytest.raises(ValueError, match="not a request"):
        plans.parse_command("GET dialup/profiles")


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ({"AuthMode": "4"}, True),  # a clone's number, without a user name
        ({"iptype": "2"}, False),
        ({"ApnIsStatic": "0"}, False),
        ({"Username": "u"}, False),
    ],
)
def test_what_counts_as_a_difference(shown: dict[str, str], *, same: bool) -> None:
    assert plan(reading(row(1, "ktp", "ktp.telkomsel", **shown))).empty is same


def test_ip_type_that_is_not_shown_cannot_differ() -> None:
    listed = row(1, "ktp", "ktp.telkomsel")
    del listed["iptype"]
    assert plan(reading(listed)).empty
