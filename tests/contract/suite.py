"""What the suite's files share: which platforms a test is for, and the plan it works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.models import Rollback
from rekamatan.modems.registry import driver_class
from tests.contract.bench import benches, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rekamatan.models import ChangePlan
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Situation, Twin

    Find = Callable[[Situation], tuple[Twin, ModemDriver]]

LONG_S = 600
RUN = "run-1"


def each(entries: Callable[[Bench], Iterable[object]]) -> pytest.MarkDecorator:
    """Parametrise over platforms and, within each, over entries of its bench."""
    cases = [
        pytest.param(bench, entry, id=f"{name}-{at}")
        for name, bench in benches().items()
        for at, entry in enumerate(entries(bench))
    ]
    return pytest.mark.parametrize(("bench", "entry"), cases)


def switch(bench: Bench, driver: ModemDriver, plan_id: str = RUN) -> ChangePlan:
    """The plan from the present state to the other carrier."""
    return driver.render(bench.away, driver.read_state(), plan_id)


def switched(bench: Bench, twin: Twin, driver: ModemDriver, seconds: int = LONG_S) -> ChangePlan:
    """The same plan, armed and applied; the bearer is up on the other carrier."""
    plan = switch(bench, driver)
    driver.arm(plan, seconds)
    driver.apply(plan)
    settled(twin, bench.away)
    return plan


def skip_unless(bench: Bench, *abilities: str) -> None:
    """Skip, with the bench's reason, where the device cannot be or do this."""
    for ability in abilities:
        if reason := bench.cannot.get(ability):
            pytest.skip(f"{bench.platform}: {reason}")


def needs_device_timer(bench: Bench) -> None:
    """Skip where the way back is not on the device."""
    if driver_class(bench.platform).rollback is not Rollback.DEVICE:
        pytest.skip(f"{bench.platform}: the server's journal is the way back")


def needs_ssh(bench: Bench) -> None:
    """Skip where there is no host key."""
    if bench.transport != "ssh":
        pytest.skip(f"{bench.platform}: {bench.transport} has no host key")
