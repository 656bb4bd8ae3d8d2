"""A kept configuration is put back through the switch's own transaction, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.clock import SystemClock
from rekamatan.models import SwitchState
from rekamatan.wan.journal import Journal
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.contract.bench import Situation, benches, until
from tests.faults.office import PlayedGate, quiet_ports, site_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rekamatan.models import GateResult, SwitchOutcome, WanProfile
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin

    Find = Callable[[Situation], tuple[Twin, ModemDriver]]

BY_HAND = "/ip dns set servers=192.0.2.53"
routeros = pytest.mark.parametrize(
    "bench", [benches()[name] for name in ("routeros6", "routeros7")], ids=lambda b: b.platform
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


@pytest.fixture
def changed(find: Find) -> tuple[Any, ModemDriver, str]:
    """A router, its driver, and the export from before somebody set something by hand."""
    twin, driver = find(Situation.NORMAL)
    until(lambda: twin.attached, "the first bearer")
    router: Any = twin
    router.console("/ip dns set servers=192.0.2.1")
    kept = driver.backup()
    router.console(BY_HAND)
    return router, driver, kept


@routeros
def test_what_was_set_by_hand_is_as_before(
    bench: Bench, changed: tuple[Any, ModemDriver, str], tmp_path: Path
) -> None:
    router, driver, kept = changed
    assert driver.backup() != kept
    outcome = put_back(bench, router, driver, tmp_path, kept)
    assert (outcome.state, outcome.active) == (SwitchState.COMMITTED, bench.home.name)
    assert [state for state, _ in outcome.steps][2:4] == ["armed", "applied"]
    assert driver.backup() == kept
    assert driver.pending() is None
    assert router.is_on(bench.home)


@routeros
def test_restore_that_costs_the_link_is_taken_back(
    bench: Bench, changed: tuple[Any, ModemDriver, str], tmp_path: Path
) -> None:
    router, driver, kept = changed
    before = driver.backup()
    outcome = put_back(bench, router, driver, tmp_path, kept, works=False)
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, bench.home.name)
    assert driver.backup() == before
    assert driver.pending() is None


@routeros
def test_difference_that_needs_a_person_is_named_and_nothing_is_touched(
    bench: Bench, changed: tuple[Any, ModemDriver, str], tmp_path: Path
) -> None:
    router, driver, kept = changed
    router.console("/ip pool add name=guests ranges=192.0.2.100-192.0.2.110")
    before = driver.backup()
    outcome = put_back(bench, router, driver, tmp_path, kept)
    assert outcome.state is SwitchState.REFUSED
    assert 'ip pool [find name="guests"]' in outcome.reason
    assert driver.backup() == before
    assert driver.pending() is None


@routeros
def test_never_while_a_switch_is_pending(
    bench: Bench, changed: tuple[Any, ModemDriver, str], tmp_path: Path
) -> None:
    router, driver, kept = changed
    driver.arm(driver.render(bench.away, driver.read_state(), "w-other"), 600)
    outcome = put_back(bench, router, driver, tmp_path, kept)
    assert outcome.state is SwitchState.REFUSED
    assert outcome.reason.startswith("pending_on_modem")
    assert BY_HAND.rpartition("=")[2] in driver.backup()


def test_platform_that_cannot_refuses_untouched(
    bench: Bench, twin: Twin, driver: ModemDriver, tmp_path: Path
) -> None:
    if hasattr(driver, "restore_plan"):
        pytest.skip(f"{bench.platform}: it can")
    before = twin.shown()
    outcome = put_back(bench, twin, driver, tmp_path, driver.backup())
    assert outcome.state is SwitchState.REFUSED
    assert "to read only" in outcome.reason
    assert twin.shown() == before
