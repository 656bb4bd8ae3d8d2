"""A twin of OpenWrt or RutOS over real SSH, and the driver bound to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.contract.booting import booting
from tests.contract.openwrt_case import boot_router, driver_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from tests.contract.openwrt_case import Driver, RunningRouter


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """What the router is; `every` runs a test on all three."""
    return str(getattr(request, "param", "qmi"))


@pytest.fixture
def boot(tmp_path: Path, faults: Faults, kind: str) -> Iterator[Callable[..., RunningRouter]]:
    with booting(partial(boot_router, tmp_path, kind, faults)) as start:
        yield start


@pytest.fixture
def twin(boot: Callable[..., RunningRouter]) -> RunningRouter:
    started = boot()
    started.wait_attached()
    return started


@pytest.fixture
def driver(twin: RunningRouter) -> Iterator[Driver]:
    opened = driver_of(twin)
    yield opened
    opened.close()
