"""Make before break: where two bearers are up, the new one is measured before the route moves.

The active bearer carries the office's traffic meanwhile, and stays as it is: the way back is warm.
This comes before anything is armed, so what is found here refuses a switch. It does not replace the
gate: that one is measured after the last change, as everywhere.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import SwitchState
from rekamatan.modems.base import SecondBearer
from rekamatan.verify.gate import patience_s
from rekamatan.wan.preflight import SecondPath

if TYPE_CHECKING:
    from rekamatan.models import GateResult, WanProfile
    from rekamatan.modems.base import ModemDriver
    from rekamatan.wan.ports import Ports
    from rekamatan.wan.run import Run


def second_path(driver: ModemDriver) -> SecondPath | None:
    """What can be said before anything is opened; None where there is one bearer."""
    return SecondPath() if isinstance(driver, SecondBearer) else None


def measure_beside(run: Run, target: WanProfile, baseline: GateResult) -> SecondPath | None:
    """Probe the target's bearer from an address of its own; None where there is one bearer.

    Raises:
        DeviceError: the way through the other bearer could not be closed.
        JournalError: the disk did not take the entry that precedes the opening.
    """
    driver = run.ports.driver
    if not isinstance(driver, SecondBearer):
        return None
    run.enter(SwitchState.PREFLIGHT, beside=target.name)
    try:
        source = driver.open_path(target)
    except NotSupportedError as error:
        return SecondPath(why_not=error.reason)
    except DeviceError as error:
        return SecondPath(broken=str(error))
    try:
        within_s = float(patience_s(target.limits))
        fit = run.ports.gate.check_beside(target, baseline, source, within_s)
    except Exception:
        close_beside(run.ports)
        raise
    driver.close_path()
    return SecondPath(fit)


def close_beside(ports: Ports) -> None:
    """Take away what an interrupted measurement left; it does no harm where it cannot be done."""
    if isinstance(ports.driver, SecondBearer):
        with suppress(DeviceError):
            ports.driver.close_path()
