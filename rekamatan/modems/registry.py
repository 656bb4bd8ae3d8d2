"""Which platforms there are, and how to open one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError
from rekamatan.modems.routeros7 import Routeros7Driver

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess
    from rekamatan.modems.base import ModemDriver

_DRIVERS = {driver.platform: driver for driver in (Routeros7Driver,)}


def platforms() -> tuple[str, ...]:
    """Names of the platforms that can be managed."""
    return tuple(sorted(_DRIVERS))


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
    driver = _DRIVERS.get(access.platform)
    if driver is None:
        raise ConfigError(
            "site.json",
            "modem.platform",
            f"{access.platform} is not a known platform",
            f"known are: {', '.join(platforms())}",
        )
    username = access.read_username if read_only else access.username
    return driver(access, password, apn_passwords, username=username)
