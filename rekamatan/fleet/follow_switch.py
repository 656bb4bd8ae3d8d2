"""The controller's side: follow one switch to its outcome, over the link that is being changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rekamatan.errors import UnknownOutcomeError
from rekamatan.fleet.follow import answer
from rekamatan.fleet.ledger import SiteState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekamatan.fleet.channel import CommandChannel
    from rekamatan.fleet.follow import Patience

PYTHON = "/opt/rekamatan/venv/bin/python"
LONG_POLL_S = 20
# An outcome whose state is no end means: the modem is silent, the site goes on at its next start.
SITE_STATES = {
    "committed": SiteState.VERIFIED,
    "reverted": SiteState.ROLLED_BACK,
    "refused": SiteState.PREFLIGHT_FAILED,
    "stranded": SiteState.STRANDED,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """One state change, as a person follows it."""

    site: str
    state: str
    seconds: float

    def __str__(self) -> str:
        """The line that is shown."""
        return f"{self.site}  {self.state}  {self.seconds:.0f} s"


def site_state(outcome: Mapping[str, Any]) -> SiteState:
    """Where a site stands, from the outcome it gave."""
    state = SITE_STATES.get(outcome["state"], SiteState.UNKNOWN)
    gate = outcome.get("gate")
    if state is SiteState.VERIFIED and gate and gate["verdict"] != "pass":
        return SiteState.DEGRADED
    return state


def follow_switch(
    run_id: str,
    channel: CommandChannel,
    patience: Patience,
    on_progress: Callable[[Progress], None],
) -> dict[str, Any]:
    """The outcome of a run; each state change is told once.

    Raises:
        UnknownOutcomeError: the deadline passed; the site goes on by itself.
    """
    action = "follow the switch"
    known = ""
    while True:
        argv = [PYTHON, "-m", "rekamatan.fleet.site_switch", run_id, known, str(LONG_POLL_S)]
        text = patience.ask(action, partial(channel.run, argv), channel.reset)
        news = answer(patience.site, action, text)
        if news["state"] != known:
            known = news["state"]
            on_progress(Progress(patience.site, known, news["seconds"]))
        if news["outcome"] is not None:
            outcome: dict[str, Any] = news["outcome"]
            return outcome
        if patience.over:
            raise UnknownOutcomeError(
                patience.site,
                action,
                f"run {run_id} is still {known or 'starting'} after the deadline",
                "the site ends it by itself; run the playbook again to hear how",
            )
