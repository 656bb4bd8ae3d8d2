"""The old profile: brought back, and proven to work as it did before the switch."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.models import Verdict
from rekamatan.verify.gate import patience_s
from rekamatan.wan.attach import POLL_S, REACH_S, live, look, wait_attached

if TYPE_CHECKING:
    from rekamatan.models import GateResult, WanProfile
    from rekamatan.wan.run import Run

SPOILED = 3  # further tries, where the modem lost power in one: that says nothing of the profile
FLASH_S = 3.0  # a modem may answer a second before its flash holds what it said


def old_profile_active(run: Run, within_s: float = REACH_S) -> bool:
    """True once the modem itself says that the old profile is active and no timer is left."""
    until = run.ports.clock.monotonic() + within_s
    while True:
        with suppress(DeviceError):  # a lost session is expected: the modem tells what is true
            _send_back(run)
        found = look(run.ports, within_s=max(0.0, until - run.ports.clock.monotonic()))
        if (
            found is not None
            and found[0].profile == run.previous
            and not live(found[1], run.run_id)
        ):
            return True
        if run.ports.clock.monotonic() >= until:
            return False
        run.ports.clock.sleep(POLL_S)


def _send_back(run: Run) -> None:
    """The undo that was journalled; where the journal lost it, one made anew."""
    driver = run.ports.driver
    if run.plan is not None:
        driver.revert(run.plan)
        return
    if run.previous not in run.site.profiles:
        run.previous = run.site.initial_profile
    pending, state = driver.pending(), driver.read_state()
    plan = driver.render(run.site.profiles[run.previous], state, run.run_id)
    if not plan.empty:
        driver.apply(plan)
    if pending is not None:  # by now it could only bring back what is active already
        driver.confirm(pending.plan_id)


def prove_old(run: Run) -> GateResult | None:
    """The gate on the old profile; None when the site no longer knows that profile.

    A modem that lost its power just after the revert may be on the other profile again: a gate that
    failed there says nothing of the old one. It is brought back and measured again.
    """
    profile: WanProfile | None = run.site.profiles.get(run.previous)
    if profile is None:
        return None
    for again in reversed(range(SPOILED + 1)):
        until = run.ports.clock.monotonic() + profile.attach_timeout_s
        wait_attached(run.site, run.ports, profile, until)
        result = run.ports.gate.check_restored(
            profile, run.baseline, within_s=float(patience_s(profile.limits))
        )
        if result.verdict is not Verdict.FAIL or in_force(run, run.previous) or not again:
            break
        old_profile_active(run)
    return result


def in_force(run: Run, name: str) -> bool:
    """Right after a gate that failed: whether that profile is in force, so that it was tested.

    A modem that lost its power does not answer yet, or came back on another profile.
    """
    try:
        return run.ports.driver.read_state().profile == name
    except DeviceError:
        return False
