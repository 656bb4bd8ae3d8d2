"""The gateway attached on its first profile, and the driver bound to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.contract.bench import Situation
from tests.contract.linux_twin import LinuxTwin
from tests.contract.platforms.linux import BENCH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.modems.linux import LinuxDriver


@pytest.fixture
def gateway(tmp_path: Path, faults: Faults) -> Iterator[LinuxTwin]:
    started = LinuxTwin.found_as(tmp_path, Situation.NORMAL, faults)
    yield started
    started.close()


@pytest.fixture
def driver(gateway: LinuxTwin) -> Iterator[LinuxDriver]:
    opened = cast("LinuxDriver", BENCH.driver(gateway))
    yield opened
    opened.close()
