"""A fresh twin for each test, and the driver bound to it; parametrised over all platforms."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from lab.twins.harness import RunningTwin
from tests.contract.bench import Situation, benches, until
from tests.contract.booting import booting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`bench` stands for every platform, unless a test parametrises it by itself."""
    given = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "bench" in metafunc.fixturenames and not any("bench" in names for names in given):
        found = benches()
        metafunc.parametrize("bench", found.values(), ids=found)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What boots a whole machine is marked, and what needs the one with SIM slots shares it."""
    for item in items:
        bench = getattr(item, "callspec", None) and item.callspec.params.get("bench")  # type: ignore[attr-defined]
        if getattr(bench, "platform", "") != "linux" and item.path.parent.name != "linux":
            continue
        item.add_marker("daemons")
        if item.path.name == "test_slots.py" or getattr(bench, "has_slots", False):
            item.add_marker(pytest.mark.xdist_group("gateway-slots"))


@pytest.fixture
def faults() -> Faults:
    """No faults; a test changes them before or after the twin boots."""
    return Faults()


@pytest.fixture
def find(
    bench: Bench, tmp_path: Path, faults: Faults
) -> Iterator[Callable[[Situation], tuple[Twin, ModemDriver]]]:
    """Find the device in a situation: its twin, and the driver not yet connected."""
    opened: list[Twin | ModemDriver] = []

    def start(situation: Situation) -> tuple[Twin, ModemDriver]:
        twin = bench.start(tmp_path, situation, faults)
        opened.append(twin)
        driver = bench.driver(twin)
        opened.append(driver)
        return twin, driver

    yield start
    for one in reversed(opened):
        one.close()


@pytest.fixture
def normal(find: Callable[[Situation], tuple[Twin, ModemDriver]]) -> tuple[Twin, ModemDriver]:
    """The device attached on `home`."""
    twin, driver = find(Situation.NORMAL)
    until(lambda: twin.attached, "the first bearer")
    return twin, driver


@pytest.fixture
def twin(normal: tuple[Twin, ModemDriver]) -> Twin:
    """A twin whose bearer is up on `home`."""
    return normal[0]


@pytest.fixture
def driver(normal: tuple[Twin, ModemDriver]) -> ModemDriver:
    """The driver, with little patience."""
    return normal[1]


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., RunningTwin]]:
    """Boot a RouterOS twin with other settings than the defaults."""
    with booting(partial(RunningTwin, tmp_path, faults)) as start:
        yield start


@pytest.fixture
def router(boot: Callable[..., RunningTwin]) -> RunningTwin:
    """A RouterOS twin whose bearer is up on indosat."""
    started = boot()
    started.wait_attached()
    return started
