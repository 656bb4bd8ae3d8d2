"""A survey hears the other carrier and leaves the office as it was, whatever strikes meanwhile."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ConfigError
from rekamatan.models import ModemState, Rollback, Signal, SwitchState
from rekamatan.modems.abilities import TIMER_AND_SLOTS
from rekamatan.wan import request
from rekamatan.wan.known_good import known_good
from rekamatan.wan.plan import arm_seconds
from rekamatan.wan.preflight import Found, preflight
from rekamatan.wan.sightings import (
    FRESH,
    SURVEY,
    fresh_sighting,
    keep_sighting,
    sighting_of,
    sightings,
)
from rekamatan.wan.window import read_window, window_reasons
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import PreflightCheck
    from rekamatan.wan.request import Filed

TONIGHT = "2026-02-28T20:00+00:00/2026-03-01T04:00+00:00"  # the simulated clock starts at midnight
UNTOUCHED: list[str] = []


def world_heard(**more: object) -> sim.World:
    world = sim.World(**more)  # type: ignore[arg-type]
    world.links["indosat"].rsrp_dbm = -91.0
    world.links["telkomsel"].rsrp_dbm = -104.0
    return world


def asked(world: sim.World, window: str = TONIGHT, profile: str = "telkomsel") -> Filed:
    filed = sim.filed(world)
    request = replace(filed.request, kind="survey", profile=profile, change_order="", window=window)
    return replace(filed, request=request)


def test_other_carrier_is_heard_and_nothing_is_left_changed() -> None:
    world = world_heard()
    last = sim.attempt(world, asked(world))
    assert last is not None
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    assert last.reason == "surveyed: telkomsel"
    heard = sightings(world.disk)["telkomsel"]
    assert (heard.how, heard.registered, heard.signal.rsrp_dbm) == ("moved", True, -104.0)
    assert world.modem.acts == ["arm", "apply", "revert"]
    assert known_good(world.disk, world.site).profile == "indosat"
    sim.check_end(world, last)
    assert world.violations == []


def test_way_back_is_armed_before_the_card_is_moved_and_journalled_before_that() -> None:
    world = world_heard()
    last = sim.attempt(world, asked(world))
    assert last is not None
    states = [state for state, _ in last.steps]
    assert states == ["planned", "preflight", "armed", "applied", "reverting", "reverted"]
    assert world.points.index("modem.armed") < world.points.index("modem.apply")


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ("", "no_window"),
        ("tonight", "no_window"),
        ("2026-03-01T00:00+00:00/2026-03-02T00:00+00:00", "no_window"),  # a day long
        ("2026-03-01T02:00+00:00/2026-03-01T04:00+00:00", "window_not_yet"),
        ("2026-02-28T22:00+00:00/2026-03-01T00:18+00:00", "window_over"),  # 80 s are left
    ],
)
def test_outside_a_window_it_is_refused_untouched(window: str, code: str) -> None:
    world = world_heard()
    last = sim.attempt(world, asked(world, window))
    assert last is not None
    assert last.state is SwitchState.REFUSED
    assert last.reason.startswith(code)
    assert world.modem.acts == UNTOUCHED
    assert sightings(world.disk) == {}


def test_recording_refuses_it() -> None:
    world = world_heard(captures_until=9999.0)
    last = sim.attempt(world, asked(world))
    assert last is not None
    assert last.reason.startswith("capture_in_progress")
    assert world.modem.acts == UNTOUCHED


@pytest.mark.parametrize("why", ["one card", "same slot", "no slots"])
def test_modem_that_hears_nothing_new_is_not_moved(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_heard()
    if why == "one card":
        unable = dataclasses.replace(TIMER_AND_SLOTS, survey=False)
        monkeypatch.setattr(type(world.modem), "abilities", unable)
    else:
        there, here = (world.site.profiles[name] for name in ("telkomsel", "indosat"))
        card = here.sim if why == "same slot" else replace(there.sim, slot="")
        world.site.profiles["telkomsel"] = replace(there, sim=card)
    last = sim.attempt(world, asked(world))
    assert last is not None
    assert last.state is SwitchState.REFUSED
    assert last.reason.startswith("not_supported")
    assert world.modem.acts == UNTOUCHED


def test_active_profile_is_heard_without_moving() -> None:
    world = world_heard()
    last = sim.attempt(world, asked(world, profile="indosat"))
    assert last is not None
    assert (last.state, last.changed) == (SwitchState.COMMITTED, False)
    assert sightings(world.disk)["indosat"].how == "active"
    assert world.modem.acts == UNTOUCHED


def test_network_that_does_not_let_the_card_in_is_told_and_preflight_knows_it() -> None:
    world = world_heard()
    world.links["telkomsel"].lets_in = False
    last = sim.attempt(world, asked(world))
    assert last is not None
    assert last.reason.startswith("survey_silent")
    assert (last.state, last.active) == (SwitchState.REVERTED, "indosat")
    heard = sightings(world.disk)["telkomsel"]
    assert (heard.registered, heard.heard) == (False, False)
    check = signal_check(world)
    assert (check.ok, check.blocking) == (False, False)
    assert "did not let its card in" in check.detail


def test_swapped_card_is_told_with_the_sighting() -> None:
    world = world_heard()
    world.links["telkomsel"].card = replace(world.links["telkomsel"].card, iccid="89621" * 4)
    sim.attempt(world, asked(world))
    assert "wrong_iccid" in sightings(world.disk)["telkomsel"].detail


def signal_check(world: sim.World) -> PreflightCheck:
    state = world.modem.read_state()
    heard = fresh_sighting(world.disk, "telkomsel", world.clock.wall())
    found = Found(state, None, 0, 10**9, heard=heard)
    checks = preflight(world.site, world.site.profiles["telkomsel"], found)
    return next(check for check in checks if check.name == "signal")


def test_preflight_takes_the_targets_own_signal_once_it_was_heard() -> None:
    world = world_heard()
    before = signal_check(world)
    assert (before.value, before.ok) == (-91.0, True)
    assert "of the active SIM" in before.detail
    world.links["telkomsel"].rsrp_dbm = -121.0
    sim.attempt(world, asked(world))
    after = signal_check(world)
    assert (after.value, after.ok) == (-121.0, False)
    assert "telkomsel, heard at" in after.detail


def test_old_or_future_or_torn_sighting_counts_as_none() -> None:
    world = world_heard()
    now = datetime(2026, 3, 1, tzinfo=UTC)
    reading = ModemState("x", registered=True, signal=Signal(rsrp_dbm=-90))
    keep_sighting(world.disk, sighting_of(reading, "telkomsel", now, "moved"))
    assert fresh_sighting(world.disk, "telkomsel", now + FRESH) is not None
    assert fresh_sighting(world.disk, "telkomsel", now + FRESH + timedelta(seconds=1)) is None
    assert fresh_sighting(world.disk, "telkomsel", now - timedelta(days=1)) is None
    for torn in (b'{"telkomsel": {"at"', b'{"telkomsel": 3}', b"[]"):
        world.disk.write(SURVEY, torn)
        assert sightings(world.disk) == {}


@pytest.mark.parametrize("rollback", list(Rollback))
@pytest.mark.parametrize("fault", sim.FAULTS)
def test_interrupted_anywhere_the_office_is_back(fault: sim.Fault, rollback: Rollback) -> None:
    whole = world_heard(rollback=rollback)
    sim.attempt(whole, asked(whole))
    assert len(whole.points) > 20
    for at in range(1, len(whole.points) + 1):
        world = world_heard(rollback=rollback, fault=fault, fault_at=at)
        last = sim.live_through(world, asked(world))
        sim.check_end(world, last)
        assert world.violations == [], (fault, at)
        assert world.modem.profile == "indosat", (fault, at)
        assert world.modem.timer is None, (fault, at)


def test_survey_ends_before_the_modem_acts_by_itself() -> None:
    """The card is never let in: the longest survey there is."""
    world = world_heard()
    world.links["telkomsel"].attach_s = None
    world.links["telkomsel"].lets_in = False
    target = world.site.profiles["telkomsel"]
    last = sim.attempt(world, asked(world))
    assert last is not None
    assert dict(last.steps)["reverting"] - dict(last.steps)["applied"] < arm_seconds(target)
    assert world.violations == []


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-01T20:00/2026-03-01T22:00", "2026-03-01T22:00+07:00/2026-03-01T20:00+07:00"],
)
def test_no_window(text: str) -> None:
    with pytest.raises(ConfigError):
        read_window(text)


def test_window_counts_what_the_survey_needs() -> None:
    end = datetime(2026, 3, 1, 4, tzinfo=UTC)
    assert window_reasons(TONIGHT, end - timedelta(seconds=300), 300) == ()
    assert window_reasons(TONIGHT, end - timedelta(seconds=299), 300)[0].code == "window_over"


def test_request_file_carries_the_window(tmp_path: Path) -> None:
    request.submit("survey", "telkomsel", "", window=TONIGHT, root=tmp_path, start=lambda: None)
    found = request.filed(tmp_path)
    assert found is not None
    assert (found.request.kind, found.request.window) == ("survey", TONIGHT)
    assert json.loads((tmp_path / "request.json").read_text())["window"] == TONIGHT
