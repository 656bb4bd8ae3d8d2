"""A kept configuration is put back through the switch's own transaction, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.clock import SystemClock
from rekamatan.errors import DeviceError, NotSupportedError, RefusedError
from rekamatan.models import SwitchState
from rekamatan.modems import backups
from rekamatan.modems.base import restore_plan
from rekamatan.wan.journal import Journal
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.contract.bench import Situation, benches, until
from tests.contract.suite import LONG_S, RUN
from tests.faults.office import PlayedGate, quiet_ports, site_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ChangePlan, GateResult, SwitchOutcome, WanProfile
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Restoring, Twin

    Find = Callable[[Situation], tuple[Twin, ModemDriver]]
    Changed = tuple[Any, ModemDriver, str]

REDACTED = "***"


def each(entries: Callable[[Restoring], Iterable[object]]) -> pytest.MarkDecorator:
    """Parametrise over the platforms that can, and over entries of what is done by hand."""
    cases = [
        pytest.param(bench, entry, id=f"{name}-{entry}")
        for name, bench in benches().items()
        if bench.restoring
        for entry in entries(bench.restoring)
    ]
    return pytest.mark.parametrize(("bench", "entry"), cases)


able = pytest.mark.parametrize(
    "bench", [bench for bench in benches().values() if bench.restoring], ids=lambda b: b.platform
)


class FailsOnce(PlayedGate):
    """The link is gone until the old configuration is back."""

    def check(self, profile: WanProfile, *given: Any, **named: Any) -> GateResult:  # noqa: ANN401
        self.cut.add(profile.name)
        result = super().check(profile, *given, **named)
        self.cut.clear()
        return result


def put_back(  # noqa: PLR0913 - what a restore consists of
    bench: Bench, twin: Twin, driver: ModemDriver, root: Path, text: str, *, works: bool = True
) -> SwitchOutcome:
    profiles = {profile.name: profile for profile in (bench.home, bench.away)}
    site = site_of(bench.access(twin), profiles, bench.home.name)
    gate = (PlayedGate if works else FailsOnce)(lambda _: twin.attached)
    ports = quiet_ports(root, driver, gate)
    request = SwitchRequest("w20260301-000000-aaaa", "restore", "", "", backup=text)
    filed = Filed(request, ports.clock.boot_id(), ports.clock.monotonic())
    outcomes = carry_out(site, ports, filed)
    assert not Journal(ports.disk, SystemClock()).unfinished()
    return outcomes[-1]


def of(bench: Bench) -> Restoring:
    assert bench.restoring is not None
    return bench.restoring


def seen(bench: Bench, driver: ModemDriver) -> str:
    """The backup of now, without what an armed timer puts into it."""
    return plain(bench, driver.backup())


def plain(bench: Bench, text: str) -> str:
    return of(bench).plain(text)


@pytest.fixture
def kept(bench: Bench, find: Find) -> Changed:
    """A router whose district set something on it, its driver, and the backup of that."""
    twin, driver = find(Situation.NORMAL)
    until(lambda: twin.attached, "the first bearer")
    of(bench).type_in(twin, of(bench).before)
    until(lambda: twin.attached, "the bearer with what was set")
    return twin, driver, driver.backup()


def by_hand(bench: Bench, kept: Changed, name: str = "") -> str:
    """Change it past the driver; what a backup says of it now."""
    twin, driver, text = kept
    changes = of(bench).by_hand
    of(bench).type_in(twin, changes[name or next(iter(changes))])
    until(lambda: twin.attached, "the bearer with what was changed")
    now = seen(bench, driver)
    assert now != plain(bench, text), "the bench changes nothing that a backup shows"
    return now


def planned(bench: Bench, driver: ModemDriver, text: str) -> ChangePlan:
    return restore_plan(driver, text, bench.home.name, RUN)


@each(lambda restoring: restoring.by_hand)
def test_what_was_changed_by_hand_is_as_before(
    bench: Bench, entry: str, kept: Changed, tmp_path: Path
) -> None:
    twin, driver, text = kept
    by_hand(bench, kept, entry)
    outcome = put_back(bench, twin, driver, tmp_path, text)
    found = (outcome.state, outcome.active)
    assert found == (SwitchState.COMMITTED, bench.home.name), outcome.reason
    assert [state for state, _ in outcome.steps][2:4] == ["armed", "applied"]
    assert seen(bench, driver) == plain(bench, text)
    assert driver.pending() is None
    assert twin.is_on(bench.home)
    assert of(bench).secret in twin.shown()


@each(lambda restoring: restoring.by_hand)
def test_no_line_either_way_writes_the_redaction(bench: Bench, entry: str, kept: Changed) -> None:
    twin, driver, text = kept
    assert of(bench).secret not in text
    assert of(bench).secret in twin.shown(), "the bench's configuration has no secret"
    by_hand(bench, kept, entry)
    plan = planned(bench, driver, text)
    assert not [line for line in plan.commands + plan.undo if REDACTED in line]


@able
def test_nothing_differs_and_nothing_is_changed(
    bench: Bench, kept: Changed, tmp_path: Path
) -> None:
    twin, driver, text = kept
    before = twin.shown()
    assert planned(bench, driver, text).empty
    outcome = put_back(bench, twin, driver, tmp_path, text)
    assert (outcome.state, outcome.reason) == (
        SwitchState.COMMITTED,
        "the modem is as in that backup",
    )
    assert "armed" not in [state for state, _ in outcome.steps]
    assert twin.shown() == before


@able
def test_planning_changes_nothing(bench: Bench, kept: Changed) -> None:
    twin, driver, text = kept
    by_hand(bench, kept)
    before = twin.shown()
    assert planned(bench, driver, text).commands
    assert twin.shown() == before
    assert driver.pending() is None


@each(lambda restoring: list(restoring.by_hand)[:: max(1, len(restoring.by_hand) - 1)])
def test_restore_that_costs_the_link_is_taken_back(
    bench: Bench, entry: str, kept: Changed, tmp_path: Path
) -> None:
    twin, driver, text = kept
    now = by_hand(bench, kept, entry)
    outcome = put_back(bench, twin, driver, tmp_path, text, works=False)
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, bench.home.name)
    assert seen(bench, driver) == now
    assert driver.pending() is None
    assert of(bench).secret in twin.shown()


@each(lambda restoring: list(restoring.by_hand)[:: max(1, len(restoring.by_hand) - 1)])
def test_nobody_comes_back_and_the_device_undoes_it(
    bench: Bench, entry: str, kept: Changed
) -> None:
    twin, driver, text = kept
    now = by_hand(bench, kept, entry)
    plan = planned(bench, driver, text)
    driver.arm(plan, bench.timer_s)
    driver.apply(plan)
    assert seen(bench, driver) == plain(bench, text)
    driver.close()
    twin.advance(bench.timer_s + 1)
    until(lambda: seen(bench, driver) == now, "what was there before, by the device alone")
    until(lambda: twin.attached, "the bearer")
    with pytest.raises(DeviceError):
        driver.confirm(RUN)
    driver.revert(plan)
    assert seen(bench, driver) == now
    assert driver.pending() is None
    assert of(bench).secret in twin.shown()


@able
def test_unconfirmed_restore_is_undone_over_a_power_cut(bench: Bench, kept: Changed) -> None:
    twin, driver, text = kept
    now = by_hand(bench, kept)
    plan = planned(bench, driver, text)
    driver.arm(plan, bench.timer_s)
    driver.apply(plan)
    twin.wait_saved()
    driver.close()
    twin.power_cut()
    twin.boot()
    twin.advance(bench.timer_s + 1)
    until(lambda: twin.attached, "the bearer")
    until(lambda: seen(bench, driver) == now, "what was there before")


@each(lambda restoring: restoring.sending)
def test_link_lost_after_any_command(
    bench: Bench, entry: str, kept: Changed, faults: Faults
) -> None:
    twin, driver, text = kept
    by_hand(bench, kept)
    plan = planned(bench, driver, text)
    driver.arm(plan, LONG_S)
    faults.hang_up_after = [entry]
    driver.apply(plan)
    assert faults.hang_up_after == [], "the bench names a command that was not sent"
    assert seen(bench, driver) == plain(bench, text)
    driver.confirm(RUN)
    assert driver.pending() is None
    assert twin.is_on(bench.home)


@each(lambda restoring: restoring.noticed)
def test_device_that_accepts_and_does_nothing_is_noticed(
    bench: Bench, entry: str, kept: Changed, faults: Faults
) -> None:
    twin, driver, text = kept
    now = by_hand(bench, kept)
    plan = planned(bench, driver, text)
    driver.arm(plan, LONG_S)
    faults.ignore = [entry]
    with pytest.raises(DeviceError):
        driver.apply(plan)
    faults.ignore = []
    driver.revert(plan)
    assert seen(bench, driver) == now
    assert driver.pending() is None
    assert twin.is_on(bench.home)


@each(lambda restoring: restoring.by_person)
def test_difference_that_needs_a_person_is_named_and_nothing_is_touched(
    bench: Bench, entry: str, kept: Changed, tmp_path: Path
) -> None:
    twin, driver, text = kept
    lines, named = of(bench).by_person[entry]
    of(bench).type_in(twin, lines)
    until(lambda: twin.attached, "the bearer")
    before = twin.shown()
    outcome = put_back(bench, twin, driver, tmp_path, text)
    assert outcome.state is SwitchState.REFUSED
    assert named in outcome.reason
    assert twin.shown() == before
    assert driver.pending() is None


@able
def test_never_while_a_switch_is_pending(bench: Bench, kept: Changed, tmp_path: Path) -> None:
    twin, driver, text = kept
    now = by_hand(bench, kept)
    driver.arm(driver.render(bench.away, driver.read_state(), "w-other"), 600)
    outcome = put_back(bench, twin, driver, tmp_path, text)
    assert outcome.state is SwitchState.REFUSED
    assert outcome.reason.startswith("pending_on_modem")
    assert seen(bench, driver) == now


@able
def test_carrier_stays_when_the_backup_is_from_before_a_switch(bench: Bench, kept: Changed) -> None:
    twin, driver, text = kept
    by_hand(bench, kept)
    switching = driver.render(bench.away, driver.read_state(), "w-switch")
    driver.arm(switching, LONG_S)
    driver.apply(switching)
    until(lambda: twin.is_on(bench.away) and twin.attached, "the other carrier")
    driver.confirm("w-switch")
    plan = restore_plan(driver, text, bench.away.name, RUN)
    assert (plan.target, plan.previous) == (bench.away.name, bench.away.name)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    until(lambda: twin.is_on(bench.away) and twin.attached, "still the other carrier")
    driver.confirm(RUN)
    assert restore_plan(driver, text, bench.away.name, "run-2").empty


@able
def test_backup_of_another_device_is_refused(bench: Bench, kept: Changed, tmp_path: Path) -> None:
    """The label says whose it is; the newest one is of the modem that is here."""
    _, driver, _ = kept
    other = backups.keep(tmp_path, driver, SystemClock().wall())
    label = other.with_suffix(".json")
    here = label.read_text(encoding="utf-8")
    label.write_text(here.replace(f'"{bench.platform}"', '"abacus"'), encoding="utf-8")
    newest = other.with_name(f"9999{other.name[4:]}")
    newest.write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    newest.with_suffix(".json").write_text(here, encoding="utf-8")
    with pytest.raises(RefusedError, match="it is of abacus"):
        backups.read_backup(tmp_path, other.name)
    assert backups.read_backup(tmp_path, newest.name)


def test_platform_that_cannot_refuses_untouched(
    bench: Bench, twin: Twin, driver: ModemDriver, tmp_path: Path
) -> None:
    if bench.restoring:
        pytest.skip(f"{bench.platform}: it can")
    before = twin.shown()
    outcome = put_back(bench, twin, driver, tmp_path, driver.backup())
    assert outcome.state is SwitchState.REFUSED
    assert "to read only" in outcome.reason
    assert twin.shown() == before


def test_what_is_declared_is_what_is_offered(bench: Bench, driver: ModemDriver) -> None:
    assert driver.abilities.restore is (bench.restoring is not None)
    if not bench.restoring:
        with pytest.raises(NotSupportedError) as caught:
            restore_plan(driver, driver.backup(), bench.home.name, RUN)
        assert caught.value.hint
