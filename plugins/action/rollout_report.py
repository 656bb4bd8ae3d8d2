"""`rollout_report`: the ledger and the sites' last word, in the shape `rekamatan report` reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.plugins.action import ActionBase

from rekamatan.errors import ConfigError, RekamatanError
from rekamatan.fleet.ledger import FILE_NAME, Entry, RolloutLedger

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ActionBase):  # type: ignore[misc] # ansible ships no types
    """See `plugins/modules/rollout_report.py`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("rollouts", "name", "sites", "district"))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry point."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = self._task.args
        try:
            directory = find_rollout(Path(args["rollouts"]), str(args.get("name") or ""))
            self._write(directory, (task_vars or {})["hostvars"])
        except RekamatanError as error:
            return result | {"failed": True, "msg": str(error)}
        return result | {"directory": str(directory)}

    def _write(self, directory: Path, hostvars: Mapping[str, Any]) -> None:
        ledger = RolloutLedger.read(directory)
        entries = ledger.entries()
        (directory / "sites").mkdir(exist_ok=True)
        for slug, entry in entries.items():
            found = site_file(slug, entry, hostvars[slug])
            _dump(directory / "sites" / f"{slug}.json", found)
        times = [entry.at for entry in entries.values()]
        heading = {
            "district": str(self._task.args["district"]),
            "profile": ledger.profile,
            "change_order": ledger.change_order,
            "started": min(times),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        _dump(directory / "rollout.json", heading)


def find_rollout(rollouts: Path, name: str) -> Path:
    """The folder of the named rollout, or of the one written to last.

    Raises:
        ConfigError: there is none.
    """
    if name:
        return rollouts / name
    ledgers = sorted(rollouts.glob(f"*/{FILE_NAME}"), key=lambda path: path.stat().st_mtime)
    if not ledgers:
        hint = "run playbooks/switch_wan.yml first"
        raise ConfigError(str(rollouts), "report", "no rollout was recorded here", hint)
    return ledgers[-1].parent


def site_file(slug: str, entry: Entry, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What is known about one site: its place, how the switch ended, what it measured since."""
    outcome = entry.data if "run_id" in entry.data else None
    status = _status(variables.get("report_status"))
    measured = status.get("last_gate")
    return {
        "site": {
            "slug": slug,
            "code": str(variables["site_code"]),
            "name": str(variables["site_name"]),
            "latitude": float(variables["site_latitude"]),
            "longitude": float(variables["site_longitude"]),
        },
        "state": entry.state.value,
        "outcome": outcome,
        "before": outcome.get("baseline") if outcome else None,
        "after": measured or (outcome.get("gate") if outcome else None),
        "records": status.get("records"),
        "survey": status.get("survey") or {},
    }


def _status(registered: Any) -> dict[str, Any]:  # noqa: ANN401 - a registered result, or nothing
    """What the site said about itself; empty when it did not answer."""
    try:
        found: dict[str, Any] = json.loads(registered["stdout"])
    except (KeyError, TypeError, ValueError):
        return {}
    return found


def _dump(path: Path, content: Mapping[str, Any]) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(path)
