"""The recovery ladder: what is tried when neither the new nor the old profile works.

From the mildest to the strongest: restart the modem, another SIM or APN, another bearer, cut the
modem's power. Each rung has its time, is journalled before it is tried, ends with a gate, and
begins only right after a gate failed: a link that works is never touched.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import LadderStep, Rollback, SwitchState, Verdict
from rekamatan.modems.base import SecondBearer, reset_modem
from rekamatan.plain import to_plain
from rekamatan.verify.gate import budget_s
from rekamatan.wan.attach import live, look, wait_attached
from rekamatan.wan.plan import arm_seconds
from rekamatan.wan.restore import FLASH_S, SPOILED, in_force, old_profile_active, prove_old

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.models import ChangePlan, PendingRollback, SwitchOutcome, WanProfile
    from rekamatan.wan.run import Run

Result = Literal["worked", "no_help", "not_here", "failed"]
RESTART_S = 240.0  # a restarting modem is back, attached and gated by then, or the rung has failed
TRIES = 3  # of one profile: a weak link may be out for a while
GONE_S = 15.0  # after a restart was accepted the modem answers for a moment longer


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing to try: an act that leaves the old profile in place, or a move to another one."""

    name: str
    act: Callable[[], None] | None = None
    move_to: WanProfile | None = None


def climb(run: Run, findings: str) -> SwitchOutcome:
    """Try what has not been tried in this run; the first gate that passes ends it.

    Returns:
        `reverted` on the old or on another profile, `committed` when the wanted one works after
        all, else `stranded` with everything that was tried.
    """
    old = f"the old profile is back but its link does not work: {findings}"
    # One that had worked is tried again: this run was interrupted before it could end on it.
    done = {step.name for step in run.ladder if step.result != "worked"}
    for rung in _rungs(run):
        if rung.name in done:
            continue
        step, where = _try(run, rung)
        run.note(tried=to_plain(step), moved_to=where if where != run.previous else "")
        if not where:
            continue
        reason = f"{run.reason}; {old}; {rung.name} helped"
        return run.back(reason) if where == run.previous else run.elsewhere(where, reason)
    tried = ", ".join(f"{step.name} ({step.result})" for step in run.ladder)
    return run.finish(SwitchState.STRANDED, run.previous, f"{run.reason}; {old}; tried: {tried}")


def keep_what_works(run: Run) -> SwitchOutcome | None:
    """After an interruption: a profile on which the ladder had passed its gate stays, if it may.

    As after any other confirm, only a timer that still lives wants a new gate.
    """
    profile = run.site.profiles.get(run.moved_to)
    for _ in range(TRIES if profile else 0):
        run.ports.clock.sleep(FLASH_S)  # a power cut in these seconds undoes a confirm
        found = look(run.ports)
        if profile is None or found is None or found[0].profile != profile.name:
            return None
        passed = _had_passed(run, found[1]) or _passes_again(run, profile)
        if passed and _confirmed(run, profile):
            return run.elsewhere(profile.name, f"{run.reason}; {profile.name} works")
    return None


def _had_passed(run: Run, pending: PendingRollback | None) -> bool:
    """Where there are timers, only the confirm of a profile that had passed takes one away."""
    return run.ports.driver.rollback is Rollback.DEVICE and not live(pending, run.run_id)


def _passes_again(run: Run, profile: WanProfile) -> bool:
    until = run.ports.clock.monotonic() + profile.attach_timeout_s
    wait_attached(run.site, run.ports, profile, until)
    return _passes(run, profile)


def _rungs(run: Run) -> list[Rung]:
    driver, outlet = run.ports.driver, run.ports.outlet
    others = [p for p in run.site.profiles.values() if p.name not in {run.previous, run.target}]
    if wanted := run.site.profiles.get(run.target):
        others.append(wanted)  # it failed a while ago: last among the others
    old = run.site.profiles.get(run.previous)
    kind = _other_bearer if isinstance(driver, SecondBearer) else _kind
    moves = [Rung(f"{kind(profile, old)}:{profile.name}", move_to=profile) for profile in others]
    one_bearer = kind is _kind or not moves
    return [
        Rung("reset_modem", act=lambda: reset_modem(driver)),
        *moves,
        *([Rung("other_bearer", act=_no_other_bearer)] if one_bearer else []),
        Rung("power_cycle", act=outlet.cycle if outlet else _no_outlet),
    ]


def _kind(profile: WanProfile, old: WanProfile | None) -> str:
    same = old is not None and profile.sim.slot == old.sim.slot
    return "other_apn" if same else "other_sim"


def _other_bearer(profile: WanProfile, old: WanProfile | None) -> str:
    """Where each profile has a bearer of its own there is no other card to speak of."""
    del profile, old
    return "other_bearer"


def _no_other_bearer() -> None:
    raise NotSupportedError("site", "use another bearer", "this site has one modem")


def _no_outlet() -> None:
    raise NotSupportedError("site", "cut the modem's power", "this site has no switched outlet")


def _try(run: Run, rung: Rung) -> tuple[LadderStep, str]:
    """How it went, and the profile that works now; empty when none does."""
    clock = run.ports.clock
    run.note(trying=rung.name)
    started = clock.monotonic()
    result: Result = "no_help"
    try:
        where, detail = _move(run, rung.move_to) if rung.move_to else _act(run, rung)
    except NotSupportedError as error:
        where, detail, result = "", error.reason, "not_here"
    except DeviceError as error:
        (where, _), detail, result = _old_works(run), str(error), "failed"
    seconds = round(clock.monotonic() - started, 1)
    return LadderStep(rung.name, "worked" if where else result, detail, seconds), where


def _act(run: Run, rung: Rung) -> tuple[str, str]:
    if rung.act is not None:
        rung.act()
    run.ports.clock.sleep(GONE_S)
    return _old_works(run)


def _old_works(run: Run) -> tuple[str, str]:
    """The old profile when it works, else empty; and why."""
    if not old_profile_active(run, RESTART_S):
        return "", "the modem does not answer on the LAN"
    proof = prove_old(run)
    if proof is None or proof.verdict is Verdict.FAIL:
        return "", "; ".join(proof.reasons) if proof else "the site does not know its old profile"
    return run.previous, f"{run.previous} works again"


def _move(run: Run, profile: WanProfile) -> tuple[str, str]:
    """To another profile, and back again when it is no better; armed like a switch."""
    detail = "the modem does not answer on the LAN"
    plan: ChangePlan | None = None
    told = 0  # tries that said something of the profile, or of a modem that stays silent
    for _ in range(TRIES + SPOILED):
        before = look(run.ports, RESTART_S)  # it may have lost its power just now
        if before is not None:
            # Once: a second plan, made from a try that failed, would lead back to that.
            plan = plan or run.ports.driver.render(profile, before[0], run.run_id)
            detail = _why_not(run, profile, plan)
            if not detail:
                return profile.name, f"{profile.name} works"
        told += before is None or in_force(run, profile.name)
        if told == TRIES:
            break
    where, old = _old_works(run)
    return where, f"{detail}; {old}"


def _why_not(run: Run, profile: WanProfile, plan: ChangePlan) -> str:
    """One try; a modem that fails in it is a reason too. `NotSupportedError`: nothing changed."""
    try:
        return _try_profile(run, profile, plan)
    except NotSupportedError:
        raise
    except DeviceError as error:
        return str(error)


def _try_profile(run: Run, profile: WanProfile, plan: ChangePlan) -> str:
    """Why it may not stay; empty when it passed its gate and is confirmed."""
    driver, clock = run.ports.driver, run.ports.clock
    if driver.rollback is Rollback.DEVICE:
        driver.arm(plan, arm_seconds(profile))
    driver.apply(plan)
    until = clock.monotonic() + profile.attach_timeout_s
    found = wait_attached(run.site, run.ports, profile, until)
    if found.reasons:
        return "; ".join(reason.detail for reason in found.reasons)
    if not _passes(run, profile):
        return f"{profile.name} does not pass its gate"
    run.note(moved_to=profile.name)
    return "" if _confirmed(run, profile) else f"{profile.name} could not be confirmed"


def _passes(run: Run, profile: WanProfile) -> bool:
    """Against the profile's own limits: there is no other link to compare with."""
    within_s = float(budget_s(profile.limits))
    gate = run.ports.gate.check(profile, None, canary=True, within_s=within_s)
    if gate.verdict is Verdict.FAIL:
        return False
    run.gate = gate
    return True


def _confirmed(run: Run, profile: WanProfile) -> bool:
    """Remove the timer, save where that is a step of its own, and see that the profile stays."""
    driver = run.ports.driver
    with suppress(DeviceError):  # a platform without a timer; or what is true is seen below
        driver.confirm(run.run_id)
    run.ports.clock.sleep(FLASH_S)
    found = look(run.ports)
    return found is not None and found[0].profile == profile.name and not live(found[1], run.run_id)
