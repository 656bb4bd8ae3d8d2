"""Which platforms there are, and how to open one: one line each.

A driver is imported when its platform is used, so that what only it needs is not loaded elsewhere.
"""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from rekamatan.errors import ConfigError, NotSupportedError
from rekamatan.modems.backups import keep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rekamatan.models import ModemAccess
    from rekamatan.modems.base import ModemDriver
    from rekamatan.modems.base_config import BaseChange, BaseConfig, BaseSecrets

# platform -> module under `rekamatan.modems`, class
_DRIVERS = {
    "hilink": ("hilink", "HilinkDriver"),
    "ios": ("ios", "IosDriver"),
    "linux": ("linux", "LinuxDriver"),
    "openwrt": ("openwrt", "OpenwrtDriver"),
    "plain_router": ("plain_router", "PlainRouterDriver"),
    "routeros6": ("routeros6", "Routeros6Driver"),
    "routeros7": ("routeros7", "Routeros7Driver"),
    "rutos": ("rutos", "RutosDriver"),
    "vyos": ("vyos", "VyosDriver"),
}
# platform -> module with its `configure_base`
_BASES = {
    "hilink": "hilink_base",
    "ios": "ios_base",
    "linux": "linux_base",
    "openwrt": "openwrt_base",
    "plain_router": "plain_router_base",
    "routeros6": "routeros_base",
    "routeros7": "routeros_base",
    "rutos": "openwrt_base",
    "vyos": "vyos_base",
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


def configure_base(  # noqa: PLR0913 - what to reach, what to make of it, and how
    access: ModemAccess,
    password: str,
    desired: BaseConfig,
    secrets: BaseSecrets,
    *,
    check: bool,
    keep_in: Path | None = None,
) -> BaseChange:
    """Bring a modem's base configuration to `desired`; with `check` only tell what would change.

    With `keep_in` the device's configuration is stored there before anything of it is changed.

    Raises:
        ConfigError: an APN with authentication has no password, or the backup cannot be stored.
        NotSupportedError: the base configuration of this platform is not ours.
        DeviceError: the modem did not answer, refused, or did not apply a value.
    """
    configure = _base_configuration(access)
    if check or keep_in is None:
        return configure(access, password, desired, secrets, check=check)
    foreseen = configure(access, password, desired, secrets, check=True)
    if not foreseen.changed:
        return foreseen
    driver = open_driver(access, password, {})
    try:
        keep(keep_in, driver, datetime.now(UTC))
    finally:
        driver.close()
    return configure(access, password, desired, secrets, check=False)


def _base_configuration(access: ModemAccess) -> Callable[..., BaseChange]:
    """The platform's `configure_base`. Raises `NotSupportedError` when it has none."""
    module = _BASES.get(access.platform)
    if module is None:
        raise NotSupportedError(
            f"modem {access.host}",
            "configure its base",
            f"there is no base configuration for {access.platform}",
            "set LAN, accounts and profiles by hand, then take the role modem out for this site",
        )
    found = importlib.import_module(f"rekamatan.modems.{module}")
    return cast("Callable[..., BaseChange]", found.configure_base)
