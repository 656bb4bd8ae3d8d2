"""What the units `rekamatan-wan` and `rekamatan-recover` do, with the evidence they leave.

Imported only inside those units: the modem drivers take a second to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.agent import runtime
from rekamatan.agent.trail import leave_evidence
from rekamatan.wan import request
from rekamatan.wan.journal import Journal
from rekamatan.wan.outcome import outcome_to_dict
from rekamatan.wan.recover import settle
from rekamatan.wan.service import carry_out

if TYPE_CHECKING:
    from rekamatan.models import Site, SwitchOutcome


def run(site: Site) -> tuple[SwitchOutcome, ...]:
    """Settle what is open, then do what was asked for."""
    with request.exclusive(paths.WAN), runtime.ports(site) as ports:
        return _with_evidence(carry_out(site, ports, request.filed(paths.WAN)))


def recover(site: Site) -> tuple[SwitchOutcome, ...]:
    """Settle what is open, and nothing else."""
    with request.exclusive(paths.WAN), runtime.ports(site) as ports:
        settled = settle(site, ports, Journal(ports.disk, ports.clock))
        return _with_evidence((settled,) if settled else ())


def _with_evidence(outcomes: tuple[SwitchOutcome, ...]) -> tuple[SwitchOutcome, ...]:
    for outcome in outcomes:
        leave_evidence({"kind": "wan", "outcome": outcome_to_dict(outcome)})
    return outcomes
