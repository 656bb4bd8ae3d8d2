"""`wan_rollout`: Ansible's variables to the rollout ledger and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from rekamatan.errors import RekamatanError
from rekamatan.fleet.ledger import Entry, RolloutLedger, SiteState
from rekamatan.fleet.waves import SiteResult, abort_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc] # ansible ships no types
    """See `plugins/modules/wan_rollout.py` for what each step does."""

    _requires_connection = False
    _VALID_ARGS = frozenset(
        ("step", "directory", "change_order", "profile", "sites", "state", "data")
    )

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry point."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        step = self._task.args["step"]
        if self._task.check_mode:
            return result | {"due": True, "states": {}}
        try:
            told: dict[str, Any] = getattr(self, f"_{step}")(task_vars or {})
        except RekamatanError as error:
            return result | {"failed": True, "msg": str(error)}
        return result | told

    @property
    def _directory(self) -> Path:
        return Path(self._task.args["directory"])

    def _ledger(self) -> RolloutLedger:
        return RolloutLedger.read(self._directory)

    def _open(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        del task_vars
        args = self._task.args
        sites = [str(site) for site in args["sites"]]
        ledger = RolloutLedger.open(self._directory, args["change_order"], args["profile"], sites)
        ledger.settle_interrupted()
        return {"states": {site: state.value for site, state in ledger.states().items()}}

    def _due(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        site = str(task_vars["inventory_hostname"])
        ledger = self._ledger()
        if ledger.finished(site):
            display.display(f"  {site}  verified in an earlier run")
            return {"due": False}
        ledger.record(site, SiteState.SWITCHING, {})
        return {"due": True}

    def _record(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        site, args = str(task_vars["inventory_hostname"]), self._task.args
        self._ledger().record(site, args["state"], dict(args.get("data") or {}))
        return {}

    def _review(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        entries = self._ledger().entries()
        wave = [entries[site] for site in self._task.args["sites"] if site in entries]
        hold = abort_reason([_site_result(entry, task_vars) for entry in wave])
        if hold is None:
            return {}
        later = "no further wave was started; run the playbook again when the cause is removed"
        return {"failed": True, "msg": f"{hold.text('en')}; {later}", "cause": hold.cause}

    def _close(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        del task_vars
        entries = self._ledger().entries()
        for entry in entries.values():
            display.display(f"  {entry.site:28} {entry.state:18} {_reason(entry)}".rstrip())
        states = {site: entry.state.value for site, entry in entries.items()}
        open_sites = [site for site, state in states.items() if state != SiteState.VERIFIED]
        if open_sites:
            reason = f"not verified: {', '.join(open_sites)}; run it again to go on with these"
            return {"failed": True, "states": states, "msg": reason}
        return {"states": states}


def _reason(entry: Entry) -> str:
    return "" if entry.state is SiteState.VERIFIED else str(entry.data.get("reason", ""))


def _site_result(entry: Entry, task_vars: Mapping[str, Any]) -> SiteResult:
    """One site with what could be the common cause of a failure."""
    variables = task_vars["hostvars"][entry.site]
    target = str(entry.data.get("target", ""))
    profile = variables["wan_profiles"].get(target, {})
    gate = entry.data.get("gate") or {}
    failed = tuple(probe["name"] for probe in gate.get("probes", ()) if probe["ok"] is False)
    return SiteResult(
        site=entry.site,
        state=entry.state,
        carrier=str(profile.get("carrier", "")),
        apn=str(profile.get("apn", "")),
        platform=str(variables["site_modem"]["platform"]),
        failed_probes=failed,
    )
