"""How long an office waits for its modem's timer: the figures in docs/architecture.md."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rekamatan.models import GateResult, Limits, Probe, Rollback, Verdict, WanProfile
from rekamatan.verify.gate import CANARY_BYTES, PROBES_S, patience_s, throughput_limit_kbps
from rekamatan.wan.plan import MARGIN_S, arm_seconds, server_seconds
from tests.unit.wan import simulation as sim
from tests.unit.wan.simulated_site import profile

ROOT = Path(__file__).parents[3]
VARIABLES = ROOT / "inventory/rokan_hilir/group_vars/all"
BACK_WITHIN_S = 180
ATTACH_S = 30  # what is left at least of it for the old profile to attach


def read(name: str) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = yaml.safe_load((VARIABLES / name).read_text())
    return found


LIMITS = {n: Limits(**v) for n, v in read("thresholds.yml")["thresholds"].items()}  # type: ignore[arg-type]
ATTACH = {int(str(p["attach_timeout_s"])) for p in read("carriers.yml")["wan_profiles"].values()}


def with_limits(name: str) -> WanProfile:
    return replace(profile("x", "up", "11", "51001"), limits=LIMITS[name], attach_timeout_s=60)


def measured(kbps: float, verdict: Verdict = Verdict.PASS) -> GateResult:
    probes = (Probe("canary.throughput", ok=verdict is not Verdict.FAIL, value=kbps),)
    return GateResult(verdict, probes, "old", "", 10.0)


def documented() -> dict[str, list[str]]:
    """The table's rows: limits -> cells."""
    text = (ROOT / "docs/architecture.md").read_text()
    text = text[text.index("## How long a switch may take") :].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row for row in rows}


def test_the_documented_times_are_the_ones_a_switch_takes() -> None:
    rows = documented()
    assert set(rows) == set(LIMITS)
    for name, (_, floor, server, modem, left, _) in rows.items():
        target = with_limits(name)
        assert float(floor) == LIMITS[name].throughput_floor_kbps
        assert (int(server), int(modem)) == (server_seconds(target), arm_seconds(target))
        rest = BACK_WITHIN_S - arm_seconds(target)
        assert left == (f"{rest} s" if rest > 0 else "no"), name
    links = {name for row in rows.values() for name in row[5].replace("`", "").split(", ")}
    profiles = set(json.loads((ROOT / "lab/link_profiles.json").read_text())["profiles"])
    assert links == profiles - {"bench_lossless"}  # no office has it


def test_the_carriers_of_the_district_are_back_within_180_s_with_the_server_dead() -> None:
    assert {60} == ATTACH
    assert {p["limits"] for p in read("carriers.yml")["wan_profiles"].values()} == {"cellular"}
    target = with_limits("cellular")
    for kbps in (60, 200, 1000, 4000, 40_000):
        for verdict in Verdict:
            assert arm_seconds(target, measured(kbps, verdict)) + ATTACH_S <= BACK_WITHIN_S
    assert arm_seconds(target, measured(200, Verdict.FAIL)) == arm_seconds(target)
    assert arm_seconds(target, measured(4000)) < arm_seconds(target)


@pytest.mark.parametrize("name", sorted(LIMITS))
@pytest.mark.parametrize("pace", [0.0, 0.5, 1.0, 3.0, 50.0])
def test_a_slow_attach_all_probes_and_a_canary_that_just_passes_fit_in(
    name: str, pace: float
) -> None:
    """`pace`: of the old link, in floors; 0: it had failed."""
    target, limits = with_limits(name), LIMITS[name]
    floor = limits.throughput_floor_kbps
    old = measured(pace * floor, Verdict.PASS if pace >= 1 else Verdict.FAIL)
    canary_s = CANARY_BYTES * 8 / 1000 / max(floor, throughput_limit_kbps(limits, old))
    assert server_seconds(target, old) >= target.attach_timeout_s + PROBES_S + canary_s
    assert arm_seconds(target, old) - server_seconds(target, old) == MARGIN_S >= 30


def test_where_nothing_is_armed_the_pace_of_a_link_half_as_fast_as_the_floor_is_told() -> None:
    for limits in LIMITS.values():
        half_s = CANARY_BYTES * 8 / 1000 / (limits.throughput_floor_kbps / 2)
        assert patience_s(limits) >= PROBES_S + half_s


def district_office(kind: Rollback) -> sim.World:
    """A switch to an APN that does not exist, with the district's own limits.

    The old carrier takes as long to attach again as the budget leaves it.
    """
    base = sim.make_site()
    profiles = {
        name: replace(planned, limits=LIMITS["cellular"]) for name, planned in base.profiles.items()
    }
    world = sim.World(rollback=kind, site=replace(base, profiles=profiles))
    world.links["telkomsel"].attach_s = None
    world.links["indosat"].attach_s = float(ATTACH_S)
    return world


def strikes(world: sim.World) -> list[float]:
    """The moments at which faults strike; filled in as they do."""
    struck: list[float] = []
    strike = world.strike

    def noted(what: sim.Fault) -> None:
        struck.append(world.now)
        strike(what)

    world.strike = noted  # type: ignore[method-assign]
    return struck


def back_after_s(world: sim.World, fault: sim.Fault, at: int) -> float:
    """Seconds from the fault until the old carrier works again."""
    struck = strikes(world)
    world.fault, world.fault_at = fault, at
    with suppress(sim.KilledError):
        sim.attempt(world, sim.filed(world))
    world.acting = False
    while not (world.modem.profile == "indosat" and world.modem.works()):
        world.advance(1.0)
        assert world.now - struck[0] < 2 * BACK_WITHIN_S
    return world.now - struck[0]


def points_after_arming(kind: Rollback) -> range:
    quiet = district_office(kind)
    sim.attempt(quiet, sim.filed(quiet))
    first = "modem.armed" if kind is Rollback.DEVICE else "modem.apply"
    return range(quiet.points.index(first) + 1, len(quiet.points) + 1)


def test_with_the_server_dead_for_good_the_modem_alone_is_back_within_180_s() -> None:
    for at in points_after_arming(Rollback.DEVICE):
        world = district_office(Rollback.DEVICE)
        took_s = back_after_s(world, "server", at)
        assert took_s <= BACK_WITHIN_S, world.points[at - 1]
        assert world.violations == []


@pytest.mark.parametrize("fault", ["kill", "server", "modem", "both"])
@pytest.mark.parametrize("kind", list(Rollback))
def test_a_live_server_has_proven_the_old_carrier_within_180_s_of_any_fault(
    kind: Rollback, fault: sim.Fault
) -> None:
    for at in points_after_arming(kind):
        world = district_office(kind)
        struck = strikes(world)
        world.fault, world.fault_at = fault, at
        last = sim.live_through(world, sim.filed(world))
        assert last is not None
        assert (last.state.value, last.active) == ("reverted", "indosat")
        assert world.passed_at - struck[0] <= BACK_WITHIN_S, world.points[at - 1]
