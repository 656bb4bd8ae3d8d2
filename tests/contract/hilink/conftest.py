"""The HiLink twin over real HTTP, with tokens, login and encryption, and the driver bound to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from lab.twins.hilink.running import RunningHilink
from tests.contract.booting import booting
from tests.contract.hilink_case import driver_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.modems.hilink import HilinkDriver


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., RunningHilink]]:
    with booting(partial(RunningHilink, tmp_path, faults)) as start:
        yield start


@pytest.fixture
def twin(boot: Callable[..., RunningHilink]) -> RunningHilink:
    started = boot()
    started.wait_attached()
    return started


@pytest.fixture
def driver(twin: RunningHilink) -> Iterator[HilinkDriver]:
    opened = driver_of(twin, patience_s=8.0)
    yield opened
    opened.close()
