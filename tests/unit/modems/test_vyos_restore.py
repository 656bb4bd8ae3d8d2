"""From one VyOS configuration to another: every line through the twin's candidate."""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.twins.vyos.settings import Settings, VyosError
from rekamatan.errors import NotSupportedError
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.vyos_restore import difference, lines_of, restore_plan

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan

WWAN = "interfaces wwan wwan0"
MARK = f"{WWAN} description 'rekamatan:indosat sim:1 run:w-1'"
BASE = (f"{WWAN} address dhcp", f"{WWAN} apn indosatgprs", MARK)
KEY = "interfaces wireguard wg0 private-key"

settings = st.sampled_from(
    [
        "system host-name kubu",
        "system host-name tanah-putih",
        "system name-server 192.0.2.1",
        "system name-server 192.0.2.2",
        "system name-server 192.0.2.3",
        "interfaces ethernet eth1 description 'Ruang rekam'",
        "interfaces ethernet eth1 address 192.0.2.1/24",
        "interfaces ethernet eth10",
        "nat source rule 9 outbound-interface name wwan0",
        "nat source rule 9 translation address masquerade",
        "nat source rule 200 source address 192.0.2.0/24",
        "interfaces wwan wwan0 apn internet",
    ]
)
configurations = st.lists(settings, unique=True, max_size=9)


def configured(*lines: str) -> Settings:
    found = Settings([])
    for line in (*BASE, *lines):
        found.put(shlex.split(line))
    return found


def plan_from(kept: str, current: str) -> ChangePlan:
    return restore_plan(kept, current, "indosat", "run-1", "wwan0", "modem 192.168.1.1")


def apply(found: Settings, commands: tuple[str, ...]) -> None:
    for line in commands:
        verb, *words = shlex.split(line)
        if verb == "delete":
            found.take(words)
        else:
            with contextlib.suppress(VyosError):  # it may be there, as a node without settings
                found.put(words)


@given(configurations, configurations)
def test_commands_lead_from_any_configuration_to_any_other(then: list[str], now: list[str]) -> None:
    kept, found = configured(*then), configured(*now)
    before = found.commands()
    plan = plan_from(kept.commands(), before)
    apply(found, plan.commands[:-1])
    assert found.commands() == kept.commands()
    assert not difference(plan.commands[:-1], found.commands(), SECRET)
    assert plan.empty is (kept.commands() == before)
    apply(found, plan.undo[:-1])
    assert found.commands() == before


def shown(*lines: str) -> str:
    return "\n".join(f"set {line}" for line in lines)


@pytest.mark.parametrize(
    ("kept", "now", "named"),
    [
        ((*BASE, f"{KEY} ***"), BASE, f"{KEY}: a secret"),
        (BASE, (*BASE, f"{KEY} ***"), f"{KEY}: a secret"),
        ((*BASE, "system host-name '***gprs'"), BASE, "system host-name: a secret"),
        (('system host-name "a\'b"', *BASE), BASE, "a character the console cannot take"),
        (BASE[:0], BASE, "the office's way out is not in that backup"),
        (BASE, BASE[:2], "provision it first"),
    ],
)
def test_what_a_backup_cannot_give_is_named(
    kept: tuple[str, ...], now: tuple[str, ...], named: str
) -> None:
    with pytest.raises(NotSupportedError, match="by hand") as caught:
        plan_from(shown(*kept), shown(*now))
    assert named in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "system login user budi authentication encrypted-password ***",
        "service ssh port 2222",
        "system config-management commit-confirm action reboot",
        f"{WWAN} disable",
    ],
)
def test_what_nobody_restores_stays(line: str) -> None:
    assert plan_from(shown(*BASE, line), shown(*BASE)).empty
    assert plan_from(shown(*BASE), shown(*BASE, line)).empty


def test_one_more_secret_that_looks_alike_is_a_difference() -> None:
    one = "service snmp community *** authorization ro"
    assert plan_from(shown(*BASE, one), shown(*BASE, one)).empty
    with pytest.raises(NotSupportedError, match="a secret"):
        plan_from(shown(*BASE, one), shown(*BASE, one, one))


def test_carrier_of_now_stays() -> None:
    away = MARK.replace("indosat sim:1", "telkomsel sim:2")
    now = (
        f"{WWAN} address dhcp",
        f"{WWAN} apn internet",
        away,
        f"{WWAN} authentication password ***",
    )
    assert plan_from(shown(*BASE), shown(*now)).empty


def test_same_carrier_goes_back_and_the_mark_names_the_trial() -> None:
    plan = plan_from(shown(*BASE), shown(BASE[0], f"{WWAN} apn wrong.example", MARK))
    assert plan.commands == (
        f"delete {WWAN} apn wrong.example",
        f"set {WWAN} apn indosatgprs",
        f"set {WWAN} description 'rekamatan:indosat sim:1 trial:run-1 was:indosat'",
    )
    assert plan.undo[-1] == f"set {MARK}"


def test_what_is_left_is_named_without_its_value() -> None:
    left = difference(["delete system host-name"], shown("system host-name kubu"), SECRET)
    assert left == "system host-name is still there"
    assert lines_of("vyos@kubu:~$ show\nset system host-name 'kubu'\n[edit]") == [
        ("system", "host-name", "kubu")
    ]
