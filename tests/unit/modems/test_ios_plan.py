"""Plans for IOS: pure, from a reading's text."""

from __future__ import annotations

import dataclasses

import pytest

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Limits, ModemState, Sim, WanProfile
from rekamatan.modems.ios_plan import PROFILES, render

LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
AWAY = WanProfile("telkomsel", "telkomsel", "internet", ("51010",), Sim("1", "", ""), LIMITS)
PAID = dataclasses.replace(AWAY, auth="pap", username="kubu")
FULL = "% Incomplete command."
REFUSED = "          ^\n% Invalid input detected at '^' marker."


def profiles(**apns: str) -> str:
    """`show cellular` profiles; p1 is the default one."""
    blocks = []
    for name, apn in apns.items():
        stars = "*" if name == "p1" else ""
        head = f"Profile {name[1:]} = INACTIVE{stars}\n--------\nPDP Type = IPv4"
        blocks.append(f"{head}\nAccess Point Name (APN) = {apn}")
    return "\n\n".join(blocks)


def reading(shown: str, config: str = "", *, account: str = FULL, keeps: str = FULL) -> ModemState:
    """A reading in slot 0 on indosat, profile 1."""
    mark = "No.  Name             Value\n1    rekamatan_wan    indosat slot=0 apn=indosatgprs"
    controller = f"controller Cellular 0/2/0\n{config}"
    raw = (
        f"### cellular\n{shown}\n### config\n{controller}\n### marks\n{mark}\n"
        f"### probe-account\n{account}\n### probe-profiles\n{keeps}\n"
    )
    return ModemState("ios", sim_slot="0", profile="indosat", apn="indosatgprs", raw=raw)


HOME = " lte sim data-profile 1 attach-profile 1 slot 0\n lte sim primary slot 0\n"


def plan_lines(state: ModemState, wanted: WanProfile = AWAY) -> tuple[str, ...]:
    plan = render(wanted, state, "run-1", interface="Cellular0/2/0", subject="modem x")
    return plan.commands


def test_new_carrier_gets_a_free_number() -> None:
    assert plan_lines(reading(profiles(p1="indosatgprs", p2="other"), HOME)) == (
        "do cellular 0/2/0 lte profile create 3 internet none ipv4",
        "controller Cellular 0/2/0",
        "lte sim data-profile 3 attach-profile 3 slot 1",
        "lte sim primary slot 1",
        "exit",
        "event manager environment rekamatan_wan telkomsel slot=1 apn=internet",
        "do cellular 0/2/0 lte sim activate slot 1",
    )


def test_profile_that_is_there_is_used() -> None:
    commands = plan_lines(reading(profiles(p1="indosatgprs", p7="internet"), HOME))
    assert commands[0] == "controller Cellular 0/2/0"
    assert "lte sim data-profile 7 attach-profile 7 slot 1" in commands


@pytest.mark.parametrize("config", [HOME, " lte sim primary slot 0\n"])
def test_full_modem_loses_no_profile_that_is_dialled_with(config: str) -> None:
    # without a data-profile line the modem dials with its default profile, here 1
    full = {f"p{number}": f"apn{number}" for number in PROFILES} | {"p1": "indosatgprs"}
    commands = plan_lines(reading(profiles(**full), config))
    assert commands[0] == "do cellular 0/2/0 lte profile create 2 internet none ipv4"


def test_no_number_left() -> None:
    full = {f"p{number}": f"apn{number}" for number in PROFILES}
    lines = "".join(
        f" lte sim data-profile {number} attach-profile {number} slot {number}\n"
        for number in PROFILES
    )
    with pytest.raises(DeviceError, match="every data profile"):
        plan_lines(reading(profiles(**full), lines))


def test_password_of_a_profile_in_use_is_not_written_over() -> None:
    state = reading(profiles(p1="indosatgprs"), HOME)
    assert any("{{secret}}" in line for line in plan_lines(state, PAID))


@pytest.mark.parametrize(
    ("account", "keeps", "where"),
    [
        (FULL, FULL, "do cellular 0/2/0 lte profile create 2"),
        (FULL, REFUSED, "profile id 2 apn internet authentication none pdn-type ipv4"),
        (REFUSED, REFUSED, "do cellular 0/2/0 lte profile create 2"),  # who only reads cannot tell
    ],
)
def test_where_profiles_are_kept(account: str, keeps: str, where: str) -> None:
    state = reading(profiles(p1="indosatgprs"), HOME, account=account, keeps=keeps)
    assert any(line.startswith(where) for line in plan_lines(state))


def test_undo_names_everything_that_was_changed() -> None:
    state = reading(profiles(p1="indosatgprs"), HOME)
    plan = render(AWAY, state, "run-1", interface="Cellular0/2/0", subject="modem x")
    assert plan.undo == (
        "controller Cellular 0/2/0",
        "no lte sim data-profile 2 attach-profile 2 slot 1",
        "lte sim primary slot 0",
        "exit",
        "event manager environment rekamatan_wan indosat slot=0 apn=indosatgprs",
        "do cellular 0/2/0 lte sim activate slot 0",
    )


def test_account_that_sees_no_configuration_plans_nothing_where_nothing_differs() -> None:
    shown = f"Active SIM = 0\n{profiles(p1='indosatgprs')}"
    state = reading(shown, account=REFUSED, keeps=REFUSED)
    state = dataclasses.replace(state, raw=state.raw.replace("controller Cellular 0/2/0\n", ""))
    home = dataclasses.replace(AWAY, name="indosat", apn="indosatgprs", sim=Sim("0", "", ""))
    assert plan_lines(state, home) == ()
    assert plan_lines(state)


def test_modem_without_slots() -> None:
    state = dataclasses.replace(reading(profiles(p1="indosatgprs"), HOME), sim_slot=None)
    with pytest.raises(NotSupportedError, match="no SIM slot"):
        plan_lines(state)
