"""A HiLink modem that says OK and does nothing, or refuses with HTTP status 200."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.twins.hilink import xml
from rekamatan.errors import ApplyError
from tests.contract.hilink_case import driver_of, switch_plan

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from lab.twins.hilink.running import RunningHilink
    from rekamatan.modems.hilink import HilinkDriver


@pytest.mark.parametrize(
    ("pattern", "code", "reason"),
    [
        ("<Modify>1<", 100005, "does not understand"),
        ("<SetDefault>2<", 100001, "tells no reason"),
        ("<dataswitch>1<", 100009, "could not save"),
        ("<dataswitch>0<", 424242, "code 424242"),
    ],
)
def test_error_with_http_status_200(
    driver: HilinkDriver, faults: Faults, pattern: str, code: int, reason: str
) -> None:
    plan = switch_plan(driver)
    faults.answers = {pattern: xml.error(code)}
    with pytest.raises(ApplyError, match=reason):
        driver.apply(plan)


@pytest.mark.parametrize(
    ("ignored", "reason"),
    [
        ("<Modify>1<", "there is no profile named ktp"),
        ("<SetDefault>2<", "the profile in use is internet"),
        ("<dataswitch>0<", "the data switch is on"),
        ("<dataswitch>1<", "the data switch is off"),
    ],
)
def test_change_that_silently_does_nothing(
    driver: HilinkDriver, faults: Faults, ignored: str, reason: str
) -> None:
    plan = switch_plan(driver)
    faults.ignore = [ignored]
    with pytest.raises(ApplyError, match=f"accepted but not applied: {reason}"):
        driver.apply(plan)


def test_data_that_is_off_and_stays_connected(twin: RunningHilink, faults: Faults) -> None:
    driver = driver_of(twin, patience_s=2.0)
    plan = switch_plan(driver)
    faults.answers = {"GET monitoring/status": xml.document({"ConnectionStatus": 901})}
    with pytest.raises(ApplyError, match="stays connected"):
        driver.apply(plan)
    driver.close()


@pytest.mark.parametrize("body", ["<response>FAILED</response>", "<response></response>"])
def test_answer_that_is_not_ok(driver: HilinkDriver, faults: Faults, body: str) -> None:
    plan = switch_plan(driver)
    faults.answers = {"<SetDefault>2<": body}
    with pytest.raises(ApplyError, match="instead of OK"):
        driver.apply(plan)
