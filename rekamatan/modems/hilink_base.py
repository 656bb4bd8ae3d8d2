"""Base configuration of a HiLink modem: every profile of the site is there, one of them in use.

LAN, DHCP and accounts of these modems are set on their own page; the API for it differs from model
to model. The profile in use is not changed here: that is `wan_profile`, with its gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError
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
        commands, passwords = _commands(desired, found, secrets.apn_passwords)
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
    desired: BaseConfig, found: DialProfiles, apn_passwords: dict[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """What is to be sent, and the passwords by profile that go with it."""
    lines, secrets = [], {}
    for profile in desired.profiles:
        if not _missing(profile, found):
            continue
        if profile.auth != "none":
            secrets[profile.name] = _password(profile, apn_passwords)
        exists = found.named(profile.name) is not None
        lines.append(
            definition(
                profile.name, values_of(profile), exists=exists, secret=profile.auth != "none"
            )
        )
    target = _in_use_afterwards(desired, found)
    if not lines and found.active is not None and found.active.name == target:
        return (), {}
    return hilink_plan.activation(target, *lines), secrets


def _missing(profile: WanProfile, found: DialProfiles) -> bool:
    """Whether it is to be made or changed; the one in use is left alone."""
    current = found.named(profile.name)
    if current is None:
        return True
    return current is not found.active and bool(differing(values_of(profile), current))


def _in_use_afterwards(desired: BaseConfig, found: DialProfiles) -> str:
    """A profile of ours that is in use stays; else the initial one."""
    active = found.active.name if found.active else ""
    ours = {profile.name for profile in desired.profiles}
    return active if active in ours else desired.initial_profile


def _password(profile: WanProfile, apn_passwords: dict[str, str]) -> str:
    if secret := apn_passwords.get(profile.name, ""):
        return secret
    raise ConfigError(
        "vault.yml",
        f"vault_apn_passwords.{profile.name}",
        f"the APN uses {profile.auth} and has no password",
        "add the password the carrier gave",
    )


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
