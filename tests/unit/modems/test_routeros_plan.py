"""Plans and the dead man's script: pure text."""

from __future__ import annotations

import dataclasses

import pytest

from lab.twins.routeros7 import checking
from lab.twins.routeros7.editions import edition_of
from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import (
    ChangePlan,
    DataCentre,
    Limits,
    ModemAccess,
    ModemState,
    Sim,
    Site,
    WanProfile,
)
from rekamatan.modems import routeros_plan
from rekamatan.modems.base_config import base_of
from rekamatan.modems.routeros_deadman import script_lines
from rekamatan.modems.templates import command_lines, quoted

# netmiko asks for a terminal of 511 columns; a longer line would be repainted while it is typed
LONGEST_LINE = 480
RAW = (
    "### profiles\n"
    'Flags: * - DEFAULT\n 0 *  name="default" apn="internet"\n\n'
    ' 1    name="indosat" apn="indosatgprs" use-peer-dns=yes use-network-apn=no'
    " add-default-route=yes ip-type=ipv4 authentication=none\n"
    "### slot\nup\n### slot-menu\n/interface lte settings\n"
)
STATE = ModemState(platform="routeros7", sim_slot="up", profile="indosat", raw=RAW)
LIMITS = Limits(5, 300, 80, 512, 1400)
INDOSAT = WanProfile("indosat", "indosat", "indosatgprs", ("51001",), Sim("up", "1", "2"), LIMITS)
TELKOMSEL = WanProfile("telkomsel", "telkomsel", "internet", (), Sim("down", "3", "4"), LIMITS)


def render(profile: WanProfile, state: ModemState = STATE, plan_id: str = "r" * 24) -> ChangePlan:
    return routeros_plan.render(profile, state, plan_id, interface="lte1", subject="modem x")


def test_nothing_to_do() -> None:
    plan = render(INDOSAT)
    assert (plan.empty, plan.undo) == (True, ())


def test_profile_then_activation_then_slot() -> None:
    first, *rest = render(TELKOMSEL).commands
    assert first.startswith('/interface lte apn add name="telkomsel" apn="internet" use-network')
    assert 'use-network-apn="no"' in first
    assert rest == [
        '/interface lte set [find name="lte1"] apn-profiles="telkomsel"',
        '/interface lte settings set sim-slot="down"',
    ]


def test_undo_restores_profile_and_slot() -> None:
    assert render(TELKOMSEL).undo == (
        '/interface lte set [find name="lte1"] apn-profiles="indosat"',
        '/interface lte settings set sim-slot="up"',
    )


def test_only_what_differs_is_set() -> None:
    moved = dataclasses.replace(INDOSAT, apn="other")
    plan = render(moved)
    assert plan.commands == ('/interface lte apn set [find name="indosat"] apn="other"',)
    assert plan.undo[0] == '/interface lte apn set [find name="indosat"] apn="indosatgprs"'


def test_password_is_a_marker() -> None:
    profile = dataclasses.replace(TELKOMSEL, auth="pap", username="kubu")
    (add, *_) = render(profile).commands
    assert add.endswith(' user="kubu" password={{secret}}')


def test_password_is_sent_again_with_each_activation() -> None:
    profile = dataclasses.replace(INDOSAT, auth="pap", username="kubu")
    shown = RAW.replace("authentication=none", 'authentication=pap user="kubu"')
    state = dataclasses.replace(STATE, profile="default", raw=shown)
    (first, *_) = render(profile, state).commands
    assert first == (
        '/interface lte apn set [find name="indosat"] apn="indosatgprs" password={{secret}}'
    )


def test_board_without_slots() -> None:
    state = dataclasses.replace(STATE, sim_slot=None)
    with pytest.raises(NotSupportedError, match="no SIM slot"):
        render(TELKOMSEL, state)
    plan = render(dataclasses.replace(TELKOMSEL, sim=Sim("", "3", "4")), state)
    assert not any("sim-slot" in command for command in (*plan.commands, *plan.undo))


@pytest.mark.parametrize("profile", [INDOSAT, TELKOMSEL])
def test_profile_that_passes_its_address_through_is_left_alone(profile: WanProfile) -> None:
    passed = RAW.replace("authentication=none", "passthrough-interface=ether1")
    with pytest.raises(NotSupportedError, match=r"indosat hands its address to ether1") as caught:
        render(profile, dataclasses.replace(STATE, raw=passed))
    assert caught.value.hint
    none = RAW.replace("authentication=none", "authentication=none passthrough-interface=none")
    assert render(INDOSAT, dataclasses.replace(STATE, raw=none)).empty


def test_interface_away() -> None:
    with pytest.raises(DeviceError, match="lte1 is not there"):
        render(TELKOMSEL, dataclasses.replace(STATE, profile=None))


def test_deadman_script_parses_and_restores_both() -> None:
    lines = script_lines(render(TELKOMSEL))
    assert checking.valid("\n".join(lines), edition_of("7.24 (stable)"))
    text = "\n".join(lines)
    assert 'apn-profiles="indosat"' in text
    assert 'sim-slot="up"' in text
    assert lines[0].endswith('comment="fired"')
    assert lines[-1].startswith(":if ($done) do={/system scheduler remove")


def test_deadman_compares_booleans_as_get_gives_them() -> None:
    raw = RAW.replace("use-network-apn=no", "use-network-apn=yes")
    text = "\n".join(script_lines(render(INDOSAT, dataclasses.replace(STATE, raw=raw))))
    assert (
        '!="true") do={/interface lte apn set [find name="indosat"] use-network-apn="yes"' in text
    )


def test_no_line_is_longer_than_the_terminal() -> None:
    plan = render(dataclasses.replace(TELKOMSEL, auth="chap", username="u" * 40))
    lines = command_lines(
        "routeros", "arm", name="wanrb-" + "r" * 24, policy="read", lines=script_lines(plan)
    )
    assert max(map(len, (*lines, *plan.commands, *plan.undo))) < LONGEST_LINE


def test_quoting_keeps_the_console_from_interpreting() -> None:
    assert quoted('a"b\\c$d\ne') == '"a\\"b\\\\c\\$d\\ne"'


@pytest.mark.parametrize(
    ("lan", "modem", "pool"),
    [
        ("192.168.101.0/24", "192.168.101.1/24", ("192.168.101.128", "192.168.101.249")),
        ("10.0.0.0/28", "10.0.0.1/28", ("10.0.0.8", "10.0.0.14")),
    ],
)
def test_base_of_a_site(lan: str, modem: str, pool: tuple[str, str]) -> None:
    site = Site(
        slug="kubu",
        code="14.07.01",
        name="Kubu",
        lan=lan,
        modem=ModemAccess("routeros7", "192.168.101.1", "ssh-ed25519 AAAA"),
        profiles={"indosat": INDOSAT, "telkomsel": TELKOMSEL},
        data_centre=DataCentre("198.51.100.10", (), "https://x", "", "x"),
        initial_profile="indosat",
    )
    base = base_of(site)
    assert (base.lan, (base.dhcp_first, base.dhcp_last)) == (modem, pool)
    assert [profile.name for profile in base.profiles] == ["indosat", "telkomsel"]
