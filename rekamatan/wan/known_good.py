"""The profile that last passed a gate, and the one before it: where a rollback goes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rekamatan.wan.ports import replace

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.wan.ports import Disk


KNOWN_GOOD = "known-good.json"


@dataclass(frozen=True, slots=True)
class KnownGood:
    """`previous` is empty when there is nothing to go back to."""

    profile: str
    previous: str = ""
    change_order: str = ""
    run_id: str = ""  # the run that confirmed it


def known_good(disk: Disk, site: Site) -> KnownGood:
    """What the site knows; before the first switch, the profile it was provisioned with."""
    content = disk.read(KNOWN_GOOD)
    try:
        data = json.loads(content) if content else {}
        run_id = str(data.get("run_id", ""))
        return KnownGood(data["profile"], data["previous"], data["change_order"], run_id)
    except (ValueError, KeyError, TypeError):
        return KnownGood(site.initial_profile)


def keep_known_good(disk: Disk, known: KnownGood) -> None:
    """Write it durably. Raises `OSError` when the disk does not take it."""
    replace(disk, KNOWN_GOOD, json.dumps(asdict(known)).encode())


def rollback_target(known: KnownGood, active: str | None) -> str:
    """The last profile that passed a gate and is not the one to leave."""
    if active != known.profile:
        return known.profile
    return known.previous or known.profile
