"""Which twin stands for which platform: one line each.

The module serves a twin with `python3 -m MODULE --config FILE`; FILE is what `lab.modem` writes.
"""

from __future__ import annotations

from lab.errors import LabError

TWINS = {
    "hilink": "lab.twins.hilink",
    "ios": "lab.twins.ios",
    "openwrt": "lab.twins.openwrt",
    "plain_router": "lab.twins.plain_router",
    "routeros6": "lab.twins.routeros6",
    "routeros7": "lab.twins.routeros7",
    "rutos": "lab.twins.rutos",
    "vyos": "lab.twins.vyos",
}


def module_of(platform: str) -> str:
    """The module that serves the twin. Raises `LabError` for a platform without one."""
    module = TWINS.get(platform)
    if module is None:
        raise LabError(
            f"platform {platform}",
            "choose its twin",
            "the lab has no twin of it",
            f"there are twins of: {', '.join(sorted(TWINS))}",
        )
    return module
