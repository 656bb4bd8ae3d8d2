"""What `rekamatan-wan.service` does: settle what is open, then the run that was asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.models import SwitchState
from rekamatan.wan.journal import TERMINAL, Journal
from rekamatan.wan.known_good import known_good, rollback_target
from rekamatan.wan.outcome import outcome_from_dict
from rekamatan.wan.recover import settle
from rekamatan.wan.request import VALID_S
from rekamatan.wan.restoring import Restore
from rekamatan.wan.run import Run, publish
from rekamatan.wan.survey import Survey
from rekamatan.wan.switch import Switch

if TYPE_CHECKING:
    from rekamatan.models import ModemState, Site, SwitchOutcome
    from rekamatan.wan.known_good import KnownGood
    from rekamatan.wan.ports import Ports
    from rekamatan.wan.request import Filed
    from rekamatan.wan.run import SwitchRequest

SILENT_S = 20.0  # somebody waits for the answer: a modem that is silent is refused soon


def carry_out(site: Site, ports: Ports, filed: Filed | None) -> tuple[SwitchOutcome, ...]:
    """Settle first, then act, once: a request that was begun is never begun again.

    Returns:
        Outcomes in the order in which they came about; the last one answers the request.
    """
    journal = Journal(ports.disk, ports.clock)
    settled = settle(site, ports, journal, SILENT_S)
    done = (settled,) if settled else ()
    if filed is None or journal.of_run(filed.request.run_id):
        return done
    request = filed.request
    answer = settled or _ended_since(journal, filed)
    if answer and _answers(answer, request):
        with suppress(OSError):  # the next start finds it in the journal, and writes it then
            publish(ports, replace(answer, run_id=request.run_id))
        return done
    if settled and settled.state not in TERMINAL:
        return done  # the modem is silent: nothing may be stacked on that
    with suppress(OSError):  # not now: a full disk is refused below, with its own words
        journal.rotate()
    if reason := _not_now(filed, ports):
        return (*done, _refuse(site, ports, journal, request, reason))
    resolved, state = _resolved(site, ports, request)
    kinds: dict[str, type[Switch]] = {"survey": Survey, "restore": Restore}
    kind = kinds.get(request.kind, Switch)
    return (*done, kind(site, ports, journal, resolved, state).run())


def _ended_since(journal: Journal, filed: Filed) -> SwitchOutcome | None:
    """How an older run ended that was settled after `filed` was asked for, by an earlier start.

    A rollback asked for while that run was open meant that run: it must not go back one further.
    """
    entries = journal.last_run()
    if not entries or entries[-1].state not in TERMINAL:
        return None
    end = entries[-1]
    if end.boot_id != filed.boot_id or end.monotonic <= filed.monotonic:
        return None
    return outcome_from_dict(end.data["outcome"])


def _answers(settled: SwitchOutcome, request: SwitchRequest) -> bool:
    """True where settling the older run was what this request wanted."""
    if request.kind == "confirm":
        return True
    return request.kind == "rollback" and settled.state is not SwitchState.COMMITTED


def _not_now(filed: Filed, ports: Ports) -> str:
    if filed.request.kind == "confirm":
        return "nothing_pending: no run is open"
    if filed.age_s(ports.clock) > VALID_S:
        return "stale_request: the request is too old; ask again"
    return ""


def _resolved(
    site: Site, ports: Ports, request: SwitchRequest
) -> tuple[SwitchRequest, ModemState | None]:
    """The request with its target, and the modem as it was read for that: not to ask it twice."""
    if request.kind not in {"rollback", "restore"}:
        return request, None
    known, state = known_good(ports.disk, site), None
    with suppress(DeviceError):  # the preflight will meet the same error and say it
        state = ports.driver.read_state()
    active = (state.profile or "") if state else known.profile
    if request.kind == "restore":  # whatever carrier is active stays
        return replace(request, profile=active), state
    return rollback_request(request, known, active), state


def rollback_request(request: SwitchRequest, known: KnownGood, active: str) -> SwitchRequest:
    """A rollback names no profile: the known-good one, under the order of the run it undoes.

    A name that came with it counts for nothing: there is no going elsewhere without an order.
    """
    order = request.number or known.change_order
    target = rollback_target(known, active)
    return replace(request, profile=target, change_order=order, leaves=active)


def _refuse(
    site: Site, ports: Ports, journal: Journal, request: SwitchRequest, reason: str
) -> SwitchOutcome:
    run = Run.begin(site, ports, journal, request)
    return run.finish(SwitchState.REFUSED, None, reason)
