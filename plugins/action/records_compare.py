"""`records_compare`: what the sites and the data centre answered, handed to the package."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ansible.plugins.action import ActionBase

from rekamatan.records.district import buckets_to_list, compare_district, strangers

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ActionBase):  # type: ignore[misc] # ansible ships no types
    """See `plugins/modules/records_compare.py`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("step", "sites", "central", "before", "after", "known_sites"))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry point."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        args, hostvars = self._task.args, (task_vars or {})["hostvars"]
        sites = {site: answer(hostvars[site].get("site_digests")) for site in args["sites"]}
        central = answer(args["central"])
        if args["step"] == "buckets":
            buckets = buckets_to_list(sites, central)
            union = sorted({bucket for some in buckets.values() for bucket in some})
            return result | {"buckets": buckets, "union": union}
        found = compare_district(
            sites,
            central,
            site_items={site: answer(hostvars[site].get("site_items")) for site in sites},
            before=answer(args.get("before")) or {},
            after=answer(args.get("after")) or {},
        )
        unknown = strangers(args["known_sites"], central)
        return result | {
            "sites": [asdict(line) for line in found],
            "lines": [line.line() for line in found]
            + [f"{name:28} unknown  records in the name of no site" for name in unknown],
            "agree": not unknown and all(line.state in {"agree", "waiting"} for line in found),
        }


def answer(registered: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the command printed; None when it did not run, failed, or never answered."""
    if not registered or registered.get("rc", 1) != 0:
        return None
    try:
        found: dict[str, Any] = json.loads(registered["stdout"])
    except (KeyError, ValueError):
        return None
    return found
