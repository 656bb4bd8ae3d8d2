"""Go or no-go as data: every check with its value, its limit and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekamatan.agent.sentences import explained, say_checks
from rekamatan.agent.surroundings import on_mains
from rekamatan.models import (
    GateResult,
    ModemState,
    PendingRollback,
    PreflightCheck,
    Probe,
    Signal,
    Sim,
    SwitchState,
    Verdict,
)
from rekamatan.plain import to_plain
from rekamatan.wan.outcome import outcome_from_dict, outcome_to_dict
from rekamatan.wan.preflight import Found, SecondPath, Surroundings, no_go_reasons, preflight
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.wan.ports import Ports

SITE = sim.make_site()
INDOSAT, TELKOMSEL = SITE.profiles["indosat"], SITE.profiles["telkomsel"]
STATE = ModemState(
    "x",
    sim_slot="up",
    iccid=INDOSAT.sim.iccid,
    imsi=INDOSAT.sim.imsi,
    plmn="51001",
    registered=True,
    profile="indosat",
    signal=Signal(rsrp_dbm=-95.0),
)
FOUND = Found(STATE, pending=None, captures=0, free_bytes=10**9)


def row(name: str, **change: object) -> PreflightCheck:
    found = replace(FOUND, **change)  # type: ignore[arg-type]
    return next(c for c in preflight(SITE, TELKOMSEL, found) if c.name == name)


def state(**change: object) -> ModemState:
    return replace(STATE, **change)  # type: ignore[arg-type]


def test_good_site_goes_and_every_check_is_there() -> None:
    checks = preflight(SITE, TELKOMSEL, FOUND)
    assert no_go_reasons(checks) == ()
    assert {check.name for check in checks} == {
        *("journal", "pending", "active_profile", "sim.iccid", "sim.imsi", "sim.active", "plmn"),
        *("signal", "capture", "power", "disk", "clock", "backlog", "second_path"),
    }


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("journal", {"journal_damage": "line 3 cannot be read"}, "journal_damaged"),
        ("pending", {"pending": PendingRollback("w0", 120.0)}, "pending_on_modem"),
        ("active_profile", {"state": state(profile="default")}, "unknown_active_profile"),
        ("sim.iccid", {"state": state(iccid="8962119999999999999")}, "wrong_iccid"),
        ("sim.imsi", {"state": state(imsi="510019999999999")}, "wrong_imsi"),
        ("plmn", {"state": state(plmn="51011")}, "wrong_plmn"),
        ("capture", {"captures": 2}, "capture_in_progress"),
        ("power", {"surroundings": Surroundings(mains=False)}, "on_battery"),
        ("disk", {"free_bytes": 5_000_000}, "disk_full"),
    ],
)
def test_what_forbids_the_switch(name: str, change: dict[str, object], code: str) -> None:
    found = row(name, **change)
    assert (found.ok, found.blocking, found.code) == (False, True, code)
    assert found.detail
    reasons = no_go_reasons(preflight(SITE, TELKOMSEL, replace(FOUND, **change)))  # type: ignore[arg-type]
    assert [reason.code for reason in reasons] == [code]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("signal", {"state": state(signal=Signal(rsrp_dbm=-120.0))}),
        ("signal", {"state": state(signal=Signal(rssi_dbm=-105.0))}),
        ("sim.active", {"state": state(registered=False)}),
        ("backlog", {"surroundings": Surroundings(backlog_bytes=10**9)}),
    ],
)
def test_what_is_told_but_forbids_nothing(name: str, change: dict[str, object]) -> None:
    assert (row(name, **change).ok, row(name, **change).blocking) == (False, False)
    assert no_go_reasons(preflight(SITE, TELKOMSEL, replace(FOUND, **change))) == ()  # type: ignore[arg-type]


def gate(verdict: Verdict, *reasons: str) -> GateResult:
    return GateResult(verdict, (), "telkomsel", "", 1.0, reasons)


@pytest.mark.parametrize(
    ("second", "ok", "value", "said"),
    [
        (None, None, 180, "one radio: the office is without a link for up to 180 s"),
        (SecondPath(), None, 0, "no outage planned"),
        (SecondPath(why_not="one interface"), None, 180, "beforehand: one interface; if it fails"),
        (SecondPath(broken="its cable is out"), False, None, "its cable is out"),
        (SecondPath(gate(Verdict.PASS)), True, "pass", "tested beside"),
        (SecondPath(gate(Verdict.DEGRADED, "slow")), True, "degraded", "slow"),
        (SecondPath(gate(Verdict.FAIL, "no answer")), False, "fail", "active bearer: no answer"),
    ],
)
def test_second_path(
    second: SecondPath | None,
    ok: bool | None,  # noqa: FBT001 - a case
    value: object,
    said: str,
) -> None:
    found = row("second_path", second=second)
    assert (found.ok, found.value) == (ok, value)
    assert said in found.detail
    reasons = no_go_reasons(preflight(SITE, TELKOMSEL, replace(FOUND, second=second)))
    assert [reason.code for reason in reasons] == ([] if ok is not False else [found.code])


def test_what_cannot_be_known_is_not_held_against_the_site() -> None:
    blind = ModemState("x", sim_slot="up", profile="indosat")
    checks = preflight(SITE, TELKOMSEL, replace(FOUND, state=blind))
    unknown = {check.name for check in checks if check.ok is None}
    assert {"sim.iccid", "sim.imsi", "plmn", "signal", "power", "clock", "backlog"} <= unknown
    assert no_go_reasons(checks) == ()


def test_clock_comes_from_the_baseline() -> None:
    probe = Probe("clock", ok=False, value=86_400_000.0, unit="ms", limit=1000.0, essential=False)
    baseline = GateResult(Verdict.DEGRADED, (probe,), "indosat", "", 1.0)
    found = row("clock", baseline=baseline)
    assert (found.ok, found.value, found.limit, found.blocking) == (
        *(False, 86_400_000.0, 1000.0),
        False,
    )


def test_cards_swapped_between_two_offices_are_named() -> None:
    other = Sim("up", "8962119999999999999", "510019999999999")
    district = {"kubu": {"indosat": INDOSAT.sim}, "bangko": {"indosat": other}}
    site = replace(SITE, district_sims=district)
    found = replace(FOUND, state=state(iccid=other.iccid, imsi=other.imsi))
    reasons = no_go_reasons(preflight(site, TELKOMSEL, found))
    assert [reason.code for reason in reasons] == ["wrong_iccid", "wrong_imsi"]
    for reason in reasons:
        assert "the card planned for indosat at bangko" in reason.detail


def test_next_steps_are_told_in_both_languages() -> None:
    found = replace(FOUND, captures=1, surroundings=Surroundings(mains=False))
    plain = to_plain(preflight(SITE, TELKOMSEL, found))
    for lang, said in (("id", "Server memakai baterai"), ("en", "The server runs on its battery")):
        lines = say_checks(explained(plain, lang))  # type: ignore[arg-type]
        assert any(line.startswith("!!  power battery (mains)") and said in line for line in lines)
        assert any(line.startswith("ok  disk 1000 MB (20)") for line in lines)
    blocking = [c for c in explained(plain, "id") if c["ok"] is False]
    assert all(check["next_step"] for check in blocking)


def test_refusal_carries_its_checks_and_touches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = sim.World()
    original = sim.World.ports

    def ports(self: sim.World) -> Ports:
        return replace(original(self), surroundings=lambda: Surroundings(mains=False))

    monkeypatch.setattr(sim.World, "ports", ports)
    last = sim.attempt(world, sim.filed(world))
    assert last is not None
    assert (last.state, last.reason.partition(":")[0]) == (SwitchState.REFUSED, "on_battery")
    assert world.modem.acts == []
    assert [check.name for check in last.checks if check.ok is False] == ["power"]
    captures = next(check for check in last.checks if check.name == "capture")
    assert (captures.ok, captures.value) == (None, None)  # refused before anybody asked for it
    assert outcome_from_dict(outcome_to_dict(last)) == last


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({}, None),
        ({"AC": {"type": "Mains", "online": "1"}}, True),
        ({"AC": {"type": "Mains", "online": "0"}}, False),
        ({"UPS": {"type": "UPS", "status": "Discharging"}}, False),
        ({"UPS": {"type": "UPS", "status": "Full"}}, True),
        (
            {
                "AC": {"type": "Mains", "online": "1"},
                "BAT": {"type": "Battery", "status": "Discharging"},
            },
            True,
        ),
        ({"mouse": {"type": "Battery", "scope": "Device", "status": "Discharging"}}, None),
    ],
)
def test_mains_or_battery(
    supplies: dict[str, dict[str, str]],
    expected: bool | None,  # noqa: FBT001 - a case
    tmp_path: Path,
) -> None:
    for name, files in supplies.items():
        (tmp_path / "supply" / name).mkdir(parents=True)
        for file, text in files.items():
            (tmp_path / "supply" / name / file).write_text(f"{text}\n")
    assert on_mains(tmp_path / "supply", tmp_path / "none") is expected
    (tmp_path / "container").write_text("podman")
    assert on_mains(tmp_path / "supply", tmp_path / "container") is None
