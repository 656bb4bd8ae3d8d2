"""The profile that last passed a gate, and the one before it: where a rollback goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.wan.run import KNOWN_GOOD

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.wan.ports import Disk


@dataclass(frozen=True, slots=True)
class KnownGood:
    """`previous` is empty when there is nothing to go back to."""

    profile: str
    previous: str = ""
    change_order: str = ""


def known_good(disk: Disk, site: Site) -> KnownGood:
    """What the site knows; before the first switch, the profile it was provisioned with."""
    content = disk.read(KNOWN_GOOD)
    try:
        data = json.loads(content) if content else {}
        return KnownGood(data["profile"], data["previous"], data["change_order"])
    except (ValueError, KeyError, TypeError):
        return KnownGood(site.initial_profile)


def rollback_target(known: KnownGood, active: str | None) -> str:
    """The last profile that passed a gate and is not the one to leave."""
    if active != known.profile:
        return known.profile
    return known.previous or known.profile
