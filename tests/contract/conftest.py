"""A fresh twin for each test, and the driver bound to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twin_case import driver_of

from lab.twins.engine.faults import Faults
from lab.twins.harness import RunningTwin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rekamatan.modems.routeros7 import Routeros7Driver


@pytest.fixture
def faults() -> Faults:
    """No faults; a test changes them before or after the twin boots."""
    return Faults()


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., RunningTwin]]:
    """Boot a twin with other settings than the defaults."""
    twins = []

    def start(**overrides: object) -> RunningTwin:
        twins.append(RunningTwin(tmp_path, faults, **overrides))
        return twins[-1]

    yield start
    for twin in twins:
        twin.close()


@pytest.fixture
def twin(boot: Callable[..., RunningTwin]) -> RunningTwin:
    """A twin whose bearer is up on indosat."""
    started = boot()
    started.wait_attached()
    return started


@pytest.fixture
def driver(twin: RunningTwin) -> Iterator[Routeros7Driver]:
    """The driver, with little patience."""
    opened = driver_of(twin, patience_s=8.0)
    yield opened
    opened.close()
