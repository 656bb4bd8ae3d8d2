from __future__ import annotations

from dataclasses import replace

import pytest

from rekamatan.models import ModemState, PendingRollback
from rekamatan.wan.plan import (
    MARGIN_S,
    arm_seconds,
    attached,
    no_go,
    same_iccid,
    server_seconds,
    sim_mismatches,
)
from rekamatan.wan.preflight import Found, no_go_reasons, preflight
from tests.unit.wan import simulation as sim

SITE = sim.make_site()
INDOSAT, TELKOMSEL = SITE.profiles["indosat"], SITE.profiles["telkomsel"]
OLD = ModemState(
    "x", sim_slot="up", iccid=INDOSAT.sim.iccid, imsi=INDOSAT.sim.imsi, profile="indosat"
)
NEW = ModemState(
    "x",
    sim_slot="down",
    iccid=TELKOMSEL.sim.iccid,
    imsi=TELKOMSEL.sim.imsi,
    plmn="51010",
    profile="telkomsel",
    wan_ip="10.1.0.5",
    registered=True,
)
FOUND = Found(OLD, pending=None, captures=0, free_bytes=10**9)


def codes(reasons: object) -> list[str]:
    return [reason.code for reason in reasons]  # type: ignore[attr-defined]


def test_desired_state_alone_can_refuse() -> None:
    assert no_go(SITE, "telkomsel", "470/12") == ()
    assert codes(no_go(SITE, "smartfren", " ")) == ["unknown_profile", "no_change_order"]
    assert no_go(replace(SITE, change_order_required=False), "telkomsel", "") == ()
    same_slot = replace(TELKOMSEL, sim=replace(TELKOMSEL.sim, slot="up"))
    twice = replace(SITE, profiles={"indosat": INDOSAT, "telkomsel": same_slot})
    assert codes(no_go(twice, "telkomsel", "470/12")) == ["slot_planned_twice"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"captures": 2}, ["capture_in_progress"]),
        ({"pending": PendingRollback("w0", 120.0)}, ["pending_on_modem"]),
        ({"pending": PendingRollback("w0", None, fired=True)}, []),
        ({"free_bytes": 5_000_000}, ["disk_full"]),
        ({"journal_damage": "line 3 cannot be read"}, ["journal_damaged"]),
        ({"state": replace(OLD, profile="default")}, ["unknown_active_profile"]),
        ({"state": replace(OLD, iccid=TELKOMSEL.sim.iccid)}, ["wrong_iccid"]),
        ({"state": replace(OLD, iccid=None, imsi="510019999999999")}, ["wrong_imsi"]),
    ],
)
def test_what_preflight_found_can_refuse(change: dict[str, object], expected: list[str]) -> None:
    found = replace(FOUND, **change)  # type: ignore[arg-type]
    assert codes(no_go_reasons(preflight(SITE, TELKOMSEL, found))) == expected


def test_swapped_cards_are_named_by_the_profile_they_belong_to() -> None:
    found = replace(FOUND, state=replace(OLD, iccid=TELKOMSEL.sim.iccid))
    reasons = no_go_reasons(preflight(SITE, TELKOMSEL, found))
    assert "the card planned for telkomsel" in reasons[0].detail


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"plmn": None, "imsi": None, "iccid": None}, []),
        ({"plmn": "51001"}, ["wrong_plmn"]),
        ({"iccid": INDOSAT.sim.iccid, "imsi": INDOSAT.sim.imsi}, ["wrong_iccid", "wrong_imsi"]),
    ],
)
def test_sim_interlock_after_attaching(change: dict[str, object], expected: list[str]) -> None:
    state = replace(NEW, **change)  # type: ignore[arg-type]
    assert codes(sim_mismatches(SITE, TELKOMSEL, state)) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("8962100012345678901", "8962100012345678901", True),
        ("8962100012345678901F", "8962100012345678901", True),
        ("8962100012345678901", "896210001234567890", True),  # without its check digit
        ("8962100012345678901", "8962100012345678902", False),
        ("8962100012345678901", "", False),
    ],
)
def test_same_iccid(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a case
    assert same_iccid(one, other) is same


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"registered": None}, True),  # MBIM modems do not say
        ({"registered": False}, False),
        ({"wan_ip": None}, False),
        ({"profile": "indosat"}, False),
    ],
)
def test_attached(change: dict[str, object], expected: bool) -> None:  # noqa: FBT001 - a case
    assert attached(replace(NEW, **change), TELKOMSEL) is expected  # type: ignore[arg-type]


def test_the_server_gives_up_before_the_modem_and_leaves_time_to_attach_and_gate() -> None:
    assert server_seconds(TELKOMSEL) == arm_seconds(TELKOMSEL) - MARGIN_S
    assert server_seconds(TELKOMSEL) >= TELKOMSEL.attach_timeout_s + 40
