"""Abilities as they show from outside: what a driver declares is what its twin does.

A run writes what it measured into `rekamatan/modems/abilities.json` when that differs, and fails:
the file that is shipped is never older than the drivers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import NotSupportedError
from rekamatan.modems import abilities as shipped
from rekamatan.modems.abilities import Abilities
from rekamatan.modems.base import restore_plan
from rekamatan.modems.registry import driver_class, platforms
from tests.contract.bench import Situation, benches, settled, until
from tests.contract.surveying import survey

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.models import ChangePlan
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin

    Find = Callable[[Situation], tuple[Twin, ModemDriver]]

RUN = "run-1"


def moved(bench: Bench, twin: Twin, driver: ModemDriver) -> ChangePlan:
    """Arm where the device can, move to the other carrier, wait until it is there."""
    until(lambda: twin.attached, "the first bearer")
    plan = driver.render(bench.away, driver.read_state(), RUN)
    with contextlib.suppress(NotSupportedError):
        driver.arm(plan, bench.timer_s)
    driver.apply(plan)
    settled(twin, bench.away)
    return plan


def comes_back(bench: Bench, twin: Twin, within_s: float = 8.0) -> bool:
    """Whether the device is back on the old profile with nobody helping."""
    try:
        until(lambda: twin.is_on(bench.home) and twin.attached, "back", within_s)
    except AssertionError:
        return False
    return True


def by_itself(bench: Bench, twin: Twin, driver: ModemDriver) -> bool:
    moved(bench, twin, driver)
    driver.close()
    twin.advance(bench.timer_s + 1)
    return comes_back(bench, twin)


def over_a_power_cut(bench: Bench, twin: Twin, driver: ModemDriver) -> bool:
    moved(bench, twin, driver)
    twin.wait_saved()
    driver.close()
    twin.power_cut()
    twin.boot()
    twin.advance(bench.timer_s + 1)
    return comes_back(bench, twin)


def moves_slots(bench: Bench, twin: Twin, driver: ModemDriver) -> bool:
    if not bench.has_slots:
        return False
    try:
        moved(bench, twin, driver)
    except NotSupportedError:
        return False
    return True


def without_a_gap(bench: Bench, twin: Twin, driver: ModemDriver) -> bool:
    until(lambda: twin.attached, "the first bearer")
    before = twin.gaps
    moved(bench, twin, driver)
    return twin.gaps == before


def tells_signal(bench: Bench, twin: Twin, driver: ModemDriver) -> bool:
    del bench
    until(lambda: twin.attached, "the first bearer")
    try:
        figures = dataclasses.astuple(driver.signal())
    except NotSupportedError:
        return False
    return any(figure is not None for figure in figures)


def surveys(bench: Bench, twin: Twin, driver: ModemDriver) -> bool:
    """By the real transaction: heard the other carrier, and is back as it was."""
    until(lambda: twin.attached, "the first bearer")
    with TemporaryDirectory() as root:
        outcome, heard = survey(bench, twin, driver, Path(root))
    back = outcome is not None and outcome.active == bench.home.name and twin.is_on(bench.home)
    return back and heard is not None and heard.heard and heard.plmn in bench.away.plmns


def puts_back(bench: Bench, twin: Twin, driver: ModemDriver) -> bool:
    """What was changed by hand after a backup is as in the backup, under the device's timer."""
    until(lambda: twin.attached, "the first bearer")
    if bench.restoring is None:
        with contextlib.suppress(NotSupportedError):
            return not restore_plan(driver, driver.backup(), bench.home.name, RUN).empty
        return False
    bench.restoring.type_in(twin, bench.restoring.before)
    kept = driver.backup()
    bench.restoring.type_in(twin, next(iter(bench.restoring.by_hand.values())))
    changed = driver.backup() != kept
    plan = restore_plan(driver, kept, bench.home.name, RUN)
    driver.arm(plan, bench.timer_s)
    driver.apply(plan)
    driver.confirm(RUN)
    there, wanted = (bench.restoring.plain(text) for text in (driver.backup(), kept))
    return changed and there == wanted and driver.pending() is None


MEASURES: dict[str, Callable[[Bench, Twin, ModemDriver], bool]] = {
    "device_timer": by_itself,
    "survives_power_cut": over_a_power_cut,
    "sim_slots": moves_slots,
    "make_before_break": without_a_gap,
    "signal": tells_signal,
    "survey": surveys,
    "restore": puts_back,
}

OF_SLOTS = {"sim_slots", "survey"}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, bool]]:
    """Platform -> ability -> measured; filled by the tests, read by the last one."""
    return {}


def measured_on() -> list[object]:
    """Each ability with the twin that has what it takes, if any twin of the platform has."""
    return [
        pytest.param(
            bench.with_slots if ability in OF_SLOTS else bench, ability, id=f"{name}-{ability}"
        )
        for name, bench in benches().items()
        for ability in MEASURES
    ]


@pytest.mark.parametrize(("bench", "ability"), measured_on())
def test_ability_is_as_declared(
    bench: Bench, ability: str, find: Find, found: dict[str, dict[str, bool]]
) -> None:
    twin, driver = find(Situation.NORMAL)
    seen = MEASURES[ability](bench, twin, driver)
    found.setdefault(bench.platform, {})[ability] = seen
    assert getattr(driver_class(bench.platform).abilities, ability) is seen


def test_a_way_beside_is_offered_where_two_bearers_are_up_at_once(bench: Bench) -> None:
    driver = driver_class(bench.platform)
    verbs = hasattr(driver, "open_path") and hasattr(driver, "close_path")
    assert verbs is driver.abilities.make_before_break


def test_every_ability_is_measured() -> None:
    assert set(MEASURES) == {item.name for item in dataclasses.fields(Abilities)}


def stale(document: dict[str, object], found: dict[str, object]) -> list[str]:
    """Platforms whose entry is missing, another, or of a platform that is no more."""
    differing = {name for name, entry in found.items() if document.get(name) != entry}
    return sorted(differing | (set(document) - set(platforms())))


def brought_up_to_date(file: Path, found: dict[str, object]) -> list[str]:
    """Write what was measured where it differs; the platforms whose entry was stale."""
    try:
        document: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        document = {}
    old = stale(document, found)
    if old:
        kept = {name: entry for name, entry in document.items() if name in platforms()}
        text = json.dumps({**kept, **found}, indent=2, sort_keys=True)
        file.write_text(f"{text}\n", encoding="utf-8")
    return old


def test_shipped_file_is_what_was_measured(found: dict[str, dict[str, bool]]) -> None:
    """Last in the file: it writes down what the tests above measured."""
    whole: dict[str, object] = {
        platform: {"abilities": seen, "firmware": benches()[platform].version}
        for platform, seen in found.items()
        if set(seen) == set(MEASURES)
    }
    if not whole:
        pytest.skip("no platform was measured in this run")
    old = brought_up_to_date(shipped.MEASURED, whole)
    assert not old, f"abilities.json was stale for {', '.join(old)} and is written anew: commit it"
    assert set(whole) <= set(shipped.measured())


def test_stale_file_is_noticed_and_written(tmp_path: Path) -> None:
    file = tmp_path / "abilities.json"
    name = platforms()[0]
    assert brought_up_to_date(file, {name: {"firmware": "1"}}) == [name]
    assert brought_up_to_date(file, {name: {"firmware": "1"}}) == []
    assert brought_up_to_date(file, {name: {"firmware": "2"}}) == [name]
    file.write_text('{"abacus": {}}', encoding="utf-8")
    assert brought_up_to_date(file, {}) == ["abacus"]
    assert json.loads(file.read_text(encoding="utf-8")) == {}
