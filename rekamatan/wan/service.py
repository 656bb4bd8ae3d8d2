"""What `rekamatan-wan.service` does: settle what is open, then the run that was asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.models import SwitchState
from rekamatan.wan.journal import TERMINAL, Journal
from rekamatan.wan.known_good import known_good, rollback_target
from rekamatan.wan.recover import settle
from rekamatan.wan.request import VALID_S
from rekamatan.wan.restoring import Restore
from rekamatan.wan.run import Run, publish
from rekamatan.wan.survey import Survey
from rekamatan.wan.switch import Switch

if TYPE_CHECKING:
    from rekamatan.models import Site, SwitchOutcome
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
    if settled and _answers(settled, request):
        publish(ports, replace(settled, run_id=request.run_id))
        return done
    if settled and settled.state not in TERMINAL:
        return done  # the modem is silent: nothing may be stacked on that
    with suppress(OSError):  # not now: a full disk is refused below, with its own words
        journal.rotate()
    if reason := _not_now(filed, ports):
        return (*done, _refuse(site, ports, journal, request, reason))
    kinds: dict[str, type[Switch]] = {"survey": Survey, "restore": Restore}
    kind = kinds.get(request.kind, Switch)
    return (*done, kind(site, ports, journal, _resolved(site, ports, request)).run())


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


def _resolved(site: Site, ports: Ports, request: SwitchRequest) -> SwitchRequest:
    """A rollback names no profile: the known-good one, under the order of the run it undoes.

    A name that came with it counts for nothing: there is no going elsewhere without an order.
    """
    if request.kind not in {"rollback", "restore"}:
        return request
    known = known_good(ports.disk, site)
    try:
        active = ports.driver.read_state().profile
    except DeviceError:
        active = known.profile  # the preflight will meet the same error and say it
    if request.kind == "restore":  # whatever carrier is active stays
        return replace(request, profile=active or "")
    order = request.number or known.change_order
    return replace(request, profile=rollback_target(known, active), change_order=order)


def _refuse(
    site: Site, ports: Ports, journal: Journal, request: SwitchRequest, reason: str
) -> SwitchOutcome:
    run = Run.begin(site, ports, journal, request)
    return run.finish(SwitchState.REFUSED, None, reason)
