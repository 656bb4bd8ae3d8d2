"""Ends of a run that began to act: confirmed, or back on the old profile, and proven.

Both are idempotent: they run again after a kill or a power cut at any of their own steps.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError, DeviceUnreachableError, NotSupportedError
from rekamatan.models import Rollback, SwitchState, Verdict
from rekamatan.verify.gate import budget_s
from rekamatan.wan.attach import POLL_S, REACH_S, live, look, wait_attached
from rekamatan.wan.plan import server_seconds

if TYPE_CHECKING:
    from rekamatan.models import GateResult, SwitchOutcome, WanProfile
    from rekamatan.wan.run import Run

PROOFS = 2  # the old profile is applied and gated again once before the site counts as stranded


def revert(run: Run, reason: str) -> SwitchOutcome:
    """Bring the old profile back, prove it against its own baseline, and say which it was.

    Returns an outcome that is `reverted`, `stranded`, or not settled when the modem is silent.
    """
    run.turn_back(reason)
    proof: GateResult | None = None
    for _ in range(PROOFS):
        if not _old_profile_active(run):
            return run.unsettled(f"{run.reason}; the modem does not answer on the LAN")
        proof = _prove_old(run)
        if proof is None or proof.verdict is not Verdict.FAIL:
            return run.finish(SwitchState.REVERTED, run.previous, run.reason + _no_better(run))
    findings = "; ".join(proof.reasons) if proof else ""
    return run.finish(
        SwitchState.STRANDED,
        run.previous,
        f"{run.reason}; the old profile is back but its link does not work: {findings}",
    )


def _no_better(run: Run) -> str:
    """The old link may have been the fault that was to be cured: then it still is."""
    if run.baseline is None or run.baseline.verdict is not Verdict.FAIL:
        return ""
    return f"; {run.previous} did not pass before the switch either"


def confirm(run: Run, deadline: float) -> SwitchOutcome:
    """The gate passed: remove the modem's timer before `deadline`, then look what is true."""
    run.enter(SwitchState.CONFIRMING)
    driver, clock = run.ports.driver, run.ports.clock
    while True:
        try:
            driver.confirm(run.run_id)
        except DeviceUnreachableError:
            if clock.monotonic() < deadline:
                clock.sleep(POLL_S)
                continue
        except NotSupportedError:
            if driver.rollback is Rollback.DEVICE:
                return revert(run, "the modem cannot remove its timer")
        except DeviceError:
            pass  # refused, or the timer fired first: what is active now decides below
        return settle_confirming(run)


def settle_confirming(run: Run) -> SwitchOutcome:
    """The journal says the gate had passed; the modem says whether the confirm arrived."""
    found = look(run.ports)
    if found is None:
        return run.unsettled("the modem does not answer on the LAN; it may be confirmed or not")
    state, pending = found
    if state.profile != run.target:
        return revert(run, "the modem had brought the old profile back before the confirm")
    if live(pending, run.run_id):
        return revert(run, "the modem's timer could not be removed")
    if run.gate is not None:
        run.ports.gate.remember(run.gate)
    verdict = run.gate.verdict.value if run.gate else Verdict.PASS.value
    return run.commit(f"{run.target} is confirmed, gate {verdict}")


def finish_confirming(run: Run) -> SwitchOutcome:
    """After a restart in `confirming`: a timer that still lives wants a new gate first.

    The link may have changed since the gate that is in the journal.
    """
    found = look(run.ports)
    target = run.site.profiles.get(run.target)
    open_ended = found is not None and live(found[1], run.run_id) and found[0].profile == run.target
    if not open_ended or target is None:
        return settle_confirming(run)
    deadline = run.ports.clock.monotonic() + server_seconds(target)
    gate = run.ports.gate.check(
        target, run.baseline, canary=True, within_s=float(budget_s(target.limits))
    )
    run.gated(gate)
    if gate.verdict is Verdict.FAIL:
        return revert(run, "; ".join(gate.reasons))
    return confirm(run, deadline)


def _old_profile_active(run: Run) -> bool:
    """True once the modem itself says that the old profile is active and no timer is left."""
    if run.plan is None:
        return False
    until = run.ports.clock.monotonic() + REACH_S
    while True:
        with suppress(DeviceError):  # a lost session is expected: the modem tells what is true
            run.ports.driver.revert(run.plan)
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


def _prove_old(run: Run) -> GateResult | None:
    """The gate on the old profile; None when the site no longer knows that profile."""
    profile: WanProfile | None = run.site.profiles.get(run.previous)
    if profile is None:
        return None
    until = run.ports.clock.monotonic() + profile.attach_timeout_s
    wait_attached(run.site, run.ports, profile, until)
    return run.ports.gate.check_restored(
        profile, run.baseline, within_s=float(budget_s(profile.limits))
    )
