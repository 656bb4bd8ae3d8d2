"""Controller side of `site_release`: a channel over Ansible's connection, news to the display."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from rekamatan.clock import SystemClock
from rekamatan.errors import RekamatanError, UnknownOutcomeError
from rekamatan.fleet.channel import ReceiverChannel
from rekamatan.fleet.deliver import Delivery, deliver
from rekamatan.fleet.follow import Ended, LinkLostError, Patience, follow_apply
from rekamatan.fleet.release import role_variables
from rekamatan.fleet.session import command_channel

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc] # ansible ships no types
    """Deliver a release, start it, follow it."""

    _VALID_ARGS = frozenset(("project", "wheelhouse", "prefixes", "deadline"))
    _requires_connection = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry point."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        site = str((task_vars or {}).get("inventory_hostname"))
        started = time.monotonic()
        try:
            ended = self._apply(site, task_vars or {})
        except LinkLostError as lost:
            raise AnsibleConnectionFailure(f"{site}: not reachable ({lost})") from lost
        except UnknownOutcomeError as error:
            return result | {"failed": True, "outcome": "unknown", "msg": str(error)}
        except RekamatanError as error:
            return result | {"failed": True, "outcome": "failed", "msg": str(error)}
        result["changed"] = ended.changed
        result["seconds"] = round(time.monotonic() - started)
        result["changed_tasks"] = [e["task"] for e in ended.events if e.get("changed")]
        result["tasks"] = len(ended.events)
        if ended.exit_code != 0:
            result |= {"failed": True, "outcome": "failed", "msg": _reason(site, ended)}
        return result

    def _apply(self, site: str, task_vars: dict[str, Any]) -> Ended:
        arguments = self._task.args
        prefixes = tuple(arguments["prefixes"])
        delivery = Delivery(
            site=site,
            project=Path(arguments["project"]),
            wheelhouse=Path(arguments["wheelhouse"]),
            variables=role_variables(task_vars, prefixes, self._templar.template),
            run_id=datetime.now(UTC).strftime("%Y%m%dt%H%M%S"),
            check=bool(self._task.check_mode),
            diff=bool(self._task.diff),
        )
        channel = ReceiverChannel(command_channel(site, self._connection, self._execute))
        clock = SystemClock()
        deadline = clock.monotonic() + float(arguments.get("deadline", 1800))
        patience = Patience(site, clock, deadline)
        run_directory = deliver(delivery, channel, patience)
        return follow_apply(channel, run_directory, patience, partial(_show, site))

    def _execute(self, command: str, payload: bytes) -> dict[str, Any]:
        done: dict[str, Any] = self._low_level_execute_command(command, in_data=payload)
        return done


def _show(site: str, event: dict[str, Any]) -> None:
    """One line per task that did something; the rest with -v."""
    line = f"  {site}  {event['status']:8} {event['task']}  {event['seconds']} s"
    if event["status"] == "failed":
        display.display(f"{line}\n    {event.get('msg', '')}", color="red")
    elif event["changed"]:
        display.display(line, color="yellow")
    else:
        display.v(line)
    for part in _as_list(event.get("diff")):
        display.display(_diff_text(part))


def _as_list(found: Any) -> list[Any]:  # noqa: ANN401 - a diff is whatever a module gave
    if not found:
        return []
    return found if isinstance(found, list) else [found]


def _diff_text(part: dict[str, Any]) -> str:
    """A module's diff as text, by the same code that shows a local one."""
    from ansible.plugins.callback import CallbackBase  # noqa: PLC0415 - heavy, and only for --diff

    return str(CallbackBase()._get_diff(part))  # noqa: SLF001 - the one renderer Ansible has


def _reason(site: str, ended: Ended) -> str:
    if ended.failures:
        failed = ended.failures[-1]
        return f"{site}: {failed['task']}: {failed.get('msg', 'failed')}"
    return f"{site}: the apply ended with {ended.exit_code}: {ended.log.strip()[-600:]}"
