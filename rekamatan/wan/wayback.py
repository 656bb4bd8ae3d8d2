"""Ends of a run that began to act: confirmed, or back on the old profile, and proven.

Both are idempotent: they run again after a kill or a power cut at any of their own steps.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError, DeviceUnreachableError, NotSupportedError
from rekamatan.models import Rollback, SwitchState, Verdict
from rekamatan.verify.gate import budget_s
from rekamatan.wan.attach import POLL_S, live, look
from rekamatan.wan.deadline import before_the_modem
from rekamatan.wan.journal import JournalError
from rekamatan.wan.ladder import climb, keep_what_works
from rekamatan.wan.restore import FLASH_S, old_profile_active, prove_old

if TYPE_CHECKING:
    from rekamatan.models import GateResult, SwitchOutcome
    from rekamatan.wan.run import Run

PROOFS = 2  # the old profile is applied and gated again once before anything else is tried


def revert(run: Run, reason: str) -> SwitchOutcome:
    """Bring the old profile back, prove it against its own baseline, and say which it was.

    Where it does not work any more the ladder is climbed (`ladder.climb`). Returns an outcome that
    is `reverted`, `stranded`, or not settled when the modem is silent.
    """
    run.turn_back(reason)
    if kept := keep_what_works(run):
        return kept
    proof: GateResult | None = None
    for _ in range(PROOFS):
        if not old_profile_active(run):
            return run.unsettled(f"{run.reason}; the modem does not answer on the LAN")
        proof = prove_old(run)
        if proof is None or proof.verdict is not Verdict.FAIL:
            return run.back(run.reason + _no_better(run))
    return climb(run, "; ".join(proof.reasons) if proof else "")


def _no_better(run: Run) -> str:
    """The old link may have been the fault that was to be cured: then it still is."""
    if run.baseline is None or run.baseline.verdict is not Verdict.FAIL:
        return ""
    return f"; {run.previous} did not pass before the switch either"


def confirm(run: Run, deadline: float) -> SwitchOutcome:
    """The gate passed: remove the modem's timer before `deadline`, then look what is true."""
    run.enter(SwitchState.CONFIRMING)
    return _keep(run, deadline)


def _keep(run: Run, deadline: float) -> SwitchOutcome:
    """The modem's confirm, which may be repeated: it ends in what is true on the modem."""
    driver, clock = run.ports.driver, run.ports.clock
    refused = ""
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
        except DeviceError as error:
            refused = str(error)  # or the timer fired first: what is active decides below
        return settle_confirming(run, refused)


def settle_confirming(run: Run, refused: str = "") -> SwitchOutcome:
    """The journal says the gate had passed; the modem says whether the confirm arrived.

    `refused`: what it answered to the confirm. A change that it did not keep would be gone with
    the next power cut, long after it was reported.
    """
    run.ports.clock.sleep(FLASH_S)  # a power cut in these seconds undoes the confirm: seen below
    found = look(run.ports)
    if found is None:
        return run.unsettled("the modem does not answer on the LAN; it may be confirmed or not")
    state, pending = found
    if state.profile != run.target:
        return revert(run, f"{run.target} is not active on the modem any more")
    if live(pending, run.run_id):
        return revert(run, "the modem's timer could not be removed")
    if refused:
        return revert(run, f"the modem did not keep the change: {refused}")
    if run.gate is not None:
        with suppress(OSError):  # a full disk costs the next baseline, not a link that works
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
        # Again: the first may have ended between the timer and the saving.
        return _keep(run, run.ports.clock.monotonic())
    left_s = before_the_modem(run.seconds_left(), found[1]) if found else 0.0
    if left_s <= 0:
        return revert(run, "interrupted; too late to test the new link again before the modem acts")
    deadline = run.ports.clock.monotonic() + left_s
    within_s = min(left_s, float(budget_s(target.limits, run.baseline)))
    gate = run.ports.gate.check(target, run.baseline, canary=True, within_s=within_s)
    try:
        run.gated(gate)
        if gate.verdict is Verdict.FAIL:
            return revert(run, "; ".join(gate.reasons))
        if run.ports.clock.monotonic() >= deadline:
            return revert(run, "the second gate took longer than the modem waits")
        return confirm(run, deadline)
    except JournalError as error:
        # As in the first try: left to the next start, the gate would be measured again and again.
        return revert(run, str(error))
