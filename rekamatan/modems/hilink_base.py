"""Base configuration of a HiLink modem: every profile of the site is there, one of them in use.

LAN, DHCP and accounts of these modems are set on their own page; the API for it differs from model
to model. The profile in use is not changed here: that is `wan_profile`, with its gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.modems import hilink_plan
from rekamatan.modems.base_config import BaseChange
from rekamatan.modems.hilink import HilinkDriver
from rekamatan.modems.hilink_plan import definition, differing, values_of

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, WanProfile
    from rekamatan.modems.base_config import BaseConfig, BaseSecrets
    from rekamatan.modems.hilink_parse import DialProfiles


def configure_base(
    access: ModemAccess,
    password: str,
    desired: BaseConfig,
    secrets: BaseSecrets,
    *,
    check: bool,
) -> BaseChange:
    """Bring the modem's profiles to `desired`; with `check` only tell what would change.

    Making a profile interrupts the link for some seconds; when all are there nothing is sent.

    Raises:
        ConfigError: an APN with authentication has no password.
        DeviceError: the modem did not answer, refused, or did not apply a value.
    """
    driver = HilinkDriver(access, password, secrets.apn_passwords)
    try:
        found = driver.changes.profiles()
        commands, passwords = _commands(desired, found, secrets)
        if commands and not check:
            driver.changes.ensure(commands, passwords)
        return BaseChange(
            changed=bool(commands),
            before=_description(found, desired, after=False),
            after=_description(found, desired, after=True),
            commands=commands,
        )
    finally:
        driver.close()


def _commands(
    desired: BaseConfig, found: DialProfiles, secrets: BaseSecrets
) -> tuple[tuple[str, ...], dict[str, str]]:
    """What is to be sent, and the passwords by profile that go with it."""
    lines, passwords = [], {}
    for profile in desired.profiles:
        if not _missing(profile, found):
            continue
        exists = found.named(profile.name) is not None
        password = passwords[profile.name] = secrets.apn_password(profile)
        values = values_of(profile)
        lines.append(definition(profile.name, values, exists=exists, secret=bool(password)))
    target = _in_use_afterwards(desired, found)
    if not lines and found.active is not None and found.active.name == target:
        return (), {}
    return hilink_plan.activation(target, *lines), passwords


def _missing(profile: WanProfile, found: DialProfiles) -> bool:
    """Whether it is to be made or changed; the one in use is left alone."""
    current = found.named(profile.name)
    if current is None:
        return True
    return current is not found.active and bool(differing(values_of(profile), current))


def _in_use_afterwards(desired: BaseConfig, found: DialProfiles) -> str:
    return desired.in_use_afterwards(found.active.name if found.active else None).name


def _description(found: DialProfiles, desired: BaseConfig, *, after: bool) -> str:
    """Lines for `--diff`."""
    lines = []
    for profile in desired.profiles:
        current = found.named(profile.name)
        if after and _missing(profile, found):
            lines.append(f"profile {profile.name}: apn={profile.apn} user={profile.username}")
        elif current is None:
            lines.append(f"profile {profile.name}: absent")
        else:
            lines.append(f"profile {profile.name}: apn={current.apn} user={current.username}")
    active = found.active.name if found.active else "none"
    lines.append(f"active profile: {_in_use_afterwards(desired, found) if after else active}")
    return "\n".join(lines) + "\n"
