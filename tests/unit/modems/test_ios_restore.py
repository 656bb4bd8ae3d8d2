"""From one IOS configuration to another: which lines, and which differences need a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.twins.ios import config_tree
from rekamatan.errors import NotSupportedError
from rekamatan.models import ChangePlan
from rekamatan.modems.ios_restore import is_restore, lines_between, restore_plan, tree_of

HEAD = "Building configuration...\n\nCurrent configuration : 1234 bytes\n!\nversion 17.9\n"
CELLULAR = "controller Cellular 0/2/0\n lte sim data-profile 1 attach-profile 1 slot 0\n"
LAN = "interface Vlan1\n ip address 192.0.2.1 255.255.255.0\n ip nat inside\n"
USER = "username rekamatan privilege 15 secret 9 ***\n"
BASE = f"{HEAD}{USER}{CELLULAR}{LAN}"

tops = {
    "ip route 203.0.113.0 255.255.255.0 192.0.2.9": [],
    "ip name-server 192.0.2.53": [],
    "ntp server 192.0.2.123": [],
    "interface Vlan1": ["description a", "ip address 192.0.2.1 255.255.255.0", "ip nat inside"],
    "interface Loopback9": ["description b", "ip address 192.0.2.9 255.255.255.255"],
    "interface Vlan20": ["ip mtu 1400"],
}
trees = st.fixed_dictionaries(
    {"interface Vlan1": st.lists(st.sampled_from(["ip nat inside", "description c"]), unique=True)},
    optional={top: st.lists(st.sampled_from(below), unique=True) if below else st.just([])
              for top, below in tops.items() if top != "interface Vlan1"},
)  # fmt: skip


def text_of(tree: config_tree.Tree) -> str:
    return config_tree.text_of(tree)


def typed(tree: config_tree.Tree, lines: tuple[str, ...]) -> config_tree.Tree:
    """As the twin's configuration mode takes them."""
    found = {top: list(below) for top, below in tree.items()}
    section = ""
    for line in lines:
        if line == "exit":
            section = ""
        elif line.startswith("no "):
            config_tree.take(found, section, line[3:])
        else:
            config_tree.put(found, section, line)
            section = line if config_tree.opens_mode(line) else section
    return found


@given(trees, trees)
def test_lines_lead_from_any_configuration_to_any_other(
    now: config_tree.Tree, wanted: config_tree.Tree
) -> None:
    lines = lines_between(text_of(now), text_of(wanted))
    there = typed(now, lines)
    assert {top: set(below) for top, below in there.items()} == {
        top: set(below) for top, below in wanted.items()
    }
    assert not lines_between(text_of(there), text_of(wanted))
    same = {top: set(below) for top, below in now.items()} == {
        top: set(below) for top, below in wanted.items()
    }
    assert bool(lines) is not same


def plan_from(kept: str, now: str) -> tuple[str, ...]:
    plan = restore_plan(kept, now, "indosat", "run-1", "modem 192.168.1.1")
    assert is_restore(plan) is not plan.empty
    assert not [line for line in plan.commands + plan.undo if "***" in line]
    return plan.commands


def test_address_changes_without_a_moment_without_one() -> None:
    now = BASE.replace("192.0.2.1 ", "192.0.2.7 ")
    assert plan_from(BASE, now) == (
        "interface Vlan1",
        "ip address 192.0.2.1 255.255.255.0",
        "exit",
    )


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("snmp-server community *** RO\n", "snmp-server community ***: a secret"),
        ("interface Tunnel5\n tunnel key ***\n", "interface Tunnel5: a secret"),
        ("access-list 10 permit any\n", "access-list 10 permit: the order"),
        ("ip access-list extended X\n permit ip any any\n", "ip access-list extended: the order"),
        ("router ospf 1\n network 0.0.0.0\n", "router ospf 1: the order"),
        ("no ip domain lookup\n", "no ip domain: a default that was switched off"),
        ("interface GigabitEthernet0/0\n", "GigabitEthernet0/0: it comes and goes"),
        ("hostname other\n", "hostname other: the order or the rest"),
        ("crypto pki certificate chain X\n certificate 01\n  3082\n", "crypto pki certificate"),
    ],
)
def test_what_needs_a_person_is_named_whichever_side_has_it(more: str, named: str) -> None:
    for kept, now in ((BASE, BASE + more), (BASE + more, BASE)):
        with pytest.raises(NotSupportedError, match="by hand") as caught:
            plan_from(kept, now)
        assert named in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        "username other privilege 1 secret 9 ***\n",
        "enable secret 9 ***\n",
        "line vty 0 4\n transport input telnet\n",
        "archive\n path flash:other\n",
        "event manager environment rekamatan_wan telkomsel slot=1 apn=internet\n",
        "event manager applet wanrb-run-1\n event timer countdown time 60\n",
        "ntp clock-period 17179869\n",
        "! Last configuration change at 10:00\n",
        f"{CELLULAR} lte sim primary slot 1\n profile id 2 apn x authentication pap password ***\n",
    ],
)
def test_accounts_timers_and_carrier_stay(more: str) -> None:
    assert plan_from(BASE + more, BASE) == ()
    assert plan_from(BASE, BASE + more) == ()


def test_one_more_secret_that_looks_alike_is_a_difference() -> None:
    one = "snmp-server community *** RO\n"
    assert plan_from(BASE + one, BASE + one) == ()
    for kept, now in ((one, one * 2), (one * 3, one * 2)):
        with pytest.raises(NotSupportedError, match="a secret"):
            plan_from(BASE + kept, BASE + now)


def test_switch_is_no_restore_also_when_it_has_nothing_to_do() -> None:
    """A restore makes the whole configuration that of its `after`, which a switch has none of."""
    mark = "event manager environment rekamatan_wan telkomsel slot=1 apn=internet"
    for lines in ((), (mark,)):
        plan = ChangePlan("run-1", "telkomsel", "indosat", lines, lines, "profile: a", "profile: b")
        assert not is_restore(plan)


def test_head_and_tail_of_a_configuration_are_no_lines() -> None:
    assert list(tree_of(f"{BASE}!\nend\n! data profiles in the modem\n! x\n")) == [
        "controller Cellular 0/2/0",
        "interface Vlan1",
    ]
