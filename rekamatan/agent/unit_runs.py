"""What the units `rekamatan-wan` and `rekamatan-recover` do, with the evidence they leave.

Imported only inside those units: the modem drivers take a second to load.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.agent import runtime
from rekamatan.agent.trail import leave_evidence
from rekamatan.clock import SystemClock
from rekamatan.errors import RefusedError, UnknownOutcomeError
from rekamatan.wan import request
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.journal import Journal
from rekamatan.wan.outcome import outcome_to_dict
from rekamatan.wan.recover import settle
from rekamatan.wan.service import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable

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


def exit_code(work: Callable[[], int]) -> int:
    """What `work` returns; 4 as long as the journal holds an open run, whatever happened.

    The units restart on exit 4 and on a kill, not on other errors: those would come again.
    """
    try:
        code = work()
    except RefusedError:
        raise  # another process is at it
    except Exception:
        if not _open():
            raise
        traceback.print_exc(file=sys.stderr)
        return UnknownOutcomeError.exit_code
    return UnknownOutcomeError.exit_code if _open() else code


def _open() -> bool:
    journal = Journal(DirectoryDisk(paths.WAN), SystemClock())
    return bool(journal.unfinished()) or journal.end_lost


def _with_evidence(outcomes: tuple[SwitchOutcome, ...]) -> tuple[SwitchOutcome, ...]:
    for outcome in outcomes:
        leave_evidence({"kind": "wan", "outcome": outcome_to_dict(outcome)})
    return outcomes
