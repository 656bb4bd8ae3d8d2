"""What Cisco and VyOS have in common beyond the contract: the change is also in a saved file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import DeviceError
from tests.contract.bench import settled
from tests.contract.platforms import ios, vyos
from tests.contract.suite import switched

if TYPE_CHECKING:
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin


@pytest.mark.parametrize("bench", [ios.BENCH, vyos.BENCH], ids=["ios", "vyos"])
def test_revert_after_a_confirm_is_durable(bench: Bench, twin: Twin, driver: ModemDriver) -> None:
    plan = switched(bench, twin, driver)
    driver.confirm("run-1")
    driver.revert(plan)
    settled(twin, bench.home)
    with pytest.raises(DeviceError):
        driver.confirm("run-1")
    driver.close()
    twin.power_cut()
    twin.boot()
    settled(twin, bench.home)
