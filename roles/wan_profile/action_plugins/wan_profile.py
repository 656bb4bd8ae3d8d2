"""Controller side of `wan_profile`: start it, then follow it while the link dies and comes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from rekamatan.clock import SystemClock
from rekamatan.errors import RekamatanError, UnknownOutcomeError
from rekamatan.fleet.follow import LinkLostError, Patience, reach
from rekamatan.fleet.follow_switch import Progress, follow_switch, site_state
from rekamatan.fleet.ledger import SiteState
from rekamatan.fleet.session import command_channel

if TYPE_CHECKING:
    from rekamatan.fleet.channel import CommandChannel

display = Display()
GOOD = (SiteState.VERIFIED, SiteState.WAITING)  # a site that did not answer has not failed


class ActionModule(ActionBase):  # type: ignore[misc] # ansible ships no types
    """See `library/wan_profile.py` for what it does and returns."""

    _requires_connection = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry point."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        site = str((task_vars or {}).get("inventory_hostname"))
        channel = command_channel(site, self._connection, self._execute)
        try:
            reach(partial(channel.run, ["echo", "reached"]), channel.reset, SystemClock())
        except LinkLostError as lost:
            reason = f"{site}: not reachable, nothing was started: {lost}"
            return result | {"state": SiteState.WAITING.value, "msg": reason}
        try:
            return result | self._switch(site, channel, task_vars or {})
        except UnknownOutcomeError as error:
            state = SiteState.UNKNOWN.value
            return result | {"failed": True, "state": state, "msg": str(error)}
        except RekamatanError as error:
            state = SiteState.PREFLIGHT_FAILED.value
            return result | {"failed": True, "state": state, "msg": str(error)}

    def _switch(
        self, site: str, channel: CommandChannel, task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        clock = SystemClock()
        deadline = clock.monotonic() + float(self._task.args.get("deadline", 900))
        patience = Patience(site, clock, deadline)
        # Asking twice is safe: the site joins the switch that the first asking began.
        begun = patience.ask("start", partial(self._begin, task_vars), channel.reset)
        if "run_id" not in begun:  # check mode, or refused
            return begun
        outcome = follow_switch(begun["run_id"], channel, patience, _show)
        state = site_state(outcome)
        told = {"state": state.value, "changed": bool(outcome["changed"]), "outcome": outcome}
        if state not in GOOD:
            told |= {"failed": True, "msg": f"{site}: {state}: {outcome['reason']}"}
        return told

    def _begin(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            begun: dict[str, Any] = self._execute_module(task_vars=task_vars)
        except AnsibleConnectionFailure as lost:
            raise LinkLostError(str(lost)) from lost
        return begun

    def _execute(self, command: str, payload: bytes) -> dict[str, Any]:
        done: dict[str, Any] = self._low_level_execute_command(command, in_data=payload or None)
        return done


def _show(progress: Progress) -> None:
    display.display(f"  {progress}")
