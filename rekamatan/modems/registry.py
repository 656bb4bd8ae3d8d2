"""Which platforms there are, and how to open one: one line each.

A driver is imported when its platform is used, so that what only it needs is not loaded elsewhere.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from rekamatan.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.models import ModemAccess
    from rekamatan.modems.base import ModemDriver

# platform -> module under `rekamatan.modems`, class
_DRIVERS = {
    "routeros6": ("routeros6", "Routeros6Driver"),
    "routeros7": ("routeros7", "Routeros7Driver"),
}


def platforms() -> tuple[str, ...]:
    """Names of the platforms that can be managed."""
    return tuple(sorted(_DRIVERS))


def driver_class(platform: str) -> type[ModemDriver]:
    """The driver of a platform. Raises `ConfigError` when there is none."""
    if platform not in _DRIVERS:
        raise ConfigError(
            "site.json",
            "modem.platform",
            f"{platform} is not a known platform",
            f"known are: {', '.join(platforms())}",
        )
    module, name = _DRIVERS[platform]
    return cast(
        "type[ModemDriver]", getattr(importlib.import_module(f"rekamatan.modems.{module}"), name)
    )


def open_driver(
    access: ModemAccess, password: str, apn_passwords: dict[str, str], *, read_only: bool = False
) -> ModemDriver:
    """A driver bound to one modem; it connects when first used.

    Args:
        access: where the modem is and which platform it is.
        password: of the account used.
        apn_passwords: profile name -> APN password; needed by `apply` only.
        read_only: log in with the account that cannot change anything.
    """
    bind: Callable[..., ModemDriver] = driver_class(access.platform)
    username = access.read_username if read_only else access.username
    return bind(access, password, apn_passwords, username=username)
