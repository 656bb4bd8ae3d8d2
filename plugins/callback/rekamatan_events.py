"""One JSON line per finished task, for whoever follows a local apply from afar."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.plugins.callback import CallbackBase

if TYPE_CHECKING:
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.playbook.task import Task

DOCUMENTATION = """
name: rekamatan_events
type: notification
short_description: One JSON line per finished task
description:
  - Appends C(task, status, changed, seconds) and, where there are any, C(msg) and C(diff) of each
    finished task to the file named in E(REKAMATAN_EVENTS). Without that variable it does nothing.
  - A task with C(no_log) shows its name and status only.
options: {}
"""


class CallbackModule(CallbackBase):  # type: ignore[misc] # ansible ships no types
    """Appends to a file, flushed line by line: a reader never sees half a result as whole."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "rekamatan_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        path = os.environ.get("REKAMATAN_EVENTS")
        self._stream = Path(path).open("a", encoding="utf-8") if path else None  # noqa: SIM115 - closed at exit
        self._started = time.monotonic()

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:  # noqa: FBT001 - Ansible's signature
        """Note when the task began."""
        del task, is_conditional
        self._started = time.monotonic()

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """A task that did its work, or found nothing to do."""
        changed = bool(result.result.get("changed"))
        self._write(result, "changed" if changed else "ok")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:  # noqa: FBT001, FBT002 - Ansible's signature
        """A task that failed; one that may fail says so."""
        self._write(result, "ignored" if ignore_errors else "failed")

    def _write(self, result: CallbackTaskResult, status: str) -> None:
        if self._stream is None:
            return
        found: dict[str, Any] = result.result
        event: dict[str, Any] = {
            "task": result.task.get_name(),
            "status": status,
            "changed": status == "changed",
            "seconds": round(time.monotonic() - self._started, 1),
        }
        hidden = found.get("_ansible_no_log") or "censored" in found
        if not hidden:
            if status in ("failed", "ignored"):
                said = (str(found.get(key, "")).strip() for key in ("msg", "stderr"))
                event["msg"] = ": ".join(part for part in said if part)
            if result.task.diff is not False and (diff := _diffs(found)):
                event["diff"] = diff
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()


def _diffs(found: dict[str, Any]) -> list[Any]:
    """Diffs of a task, or of each item of its loop."""
    if "results" in found:
        return [diff for item in found["results"] for diff in _diffs(item)]
    diff = found.get("diff") or []
    return diff if isinstance(diff, list) else [diff]
