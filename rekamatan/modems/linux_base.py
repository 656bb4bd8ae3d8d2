"""Base configuration of a Linux gateway: read, plan, apply. An empty plan is no change.

Its name, the account that only reads, the order in which its daemons start, and a connection for
each WAN profile; the profile in use stays in use. The LAN is not touched: a gateway with another
address than planned is refused.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, ConfigError, DeviceError
from rekamatan.modems.base_config import BaseChange, refuse_pending
from rekamatan.modems.linux import LinuxDriver
from rekamatan.modems.linux_parse import parse_addresses
from rekamatan.modems.linux_plan import PLATFORM, can_send, install, wanted
from rekamatan.modems.linux_state import PREFIX, parse_settings
from rekamatan.modems.openwrt_parse import answers
from rekamatan.modems.templates import labelled_commands

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, ModemState, WanProfile
    from rekamatan.modems.base_config import BaseConfig, BaseSecrets
    from rekamatan.modems.linux_console import Console

_DROPIN = "/etc/systemd/system/NetworkManager.service.d"
_RUN = "base"  # names the plan of the first activation; no timer is armed for it


def configure_base(
    access: ModemAccess, password: str, desired: BaseConfig, secrets: BaseSecrets, *, check: bool
) -> BaseChange:
    """Bring the gateway to `desired`; with `check` only tell what would change.

    Raises:
        ConfigError: an APN with authentication has no password, or the reading account's password
            has a character that the gateway cannot take.
        DeviceError: a switch is pending, or the gateway did not answer, refused, did not apply a
            value, or has another LAN.
    """
    if not can_send(secrets.read_password):
        raise ConfigError(
            "vault.yml", "vault_modem_read_password", "has a character chpasswd cannot take"
        )
    for profile in desired.profiles:
        secrets.apn_password(profile)
    driver = LinuxDriver(access, password, secrets.apn_passwords)
    try:
        refuse_pending(driver, driver.console.subject)
        return _configure(driver, access, desired, secrets, check=check)
    finally:
        driver.close()


def _configure(
    driver: LinuxDriver,
    access: ModemAccess,
    desired: BaseConfig,
    secrets: BaseSecrets,
    *,
    check: bool,
) -> BaseChange:
    _check_lan(driver.console, desired)
    state = driver.read_state()
    named = desired.named(state.profile) or desired.adoptable(state)
    target = named or desired.initial
    settings = differing_settings(driver.console, access, desired)
    others = other_profiles(state, desired, target)
    plan = driver.render(target, state, _RUN)
    if not check:
        for line in settings:
            _set(driver.console, access, desired, secrets, line)
        driver.applier.apply(others)
        driver.apply(plan)
    commands = (*settings, *others, *plan.commands)
    return BaseChange(
        changed=bool(commands),
        before=plan.before,
        after="".join(f"{line}\n" for line in (*settings, *others)) + plan.after,
        commands=commands,
    )


def _check_lan(console: Console, desired: BaseConfig) -> None:
    links = parse_addresses(console.ask("ip -4 address show")).values()
    shown = [address.partition("/")[0] for link in links for address in link.addresses]
    if desired.address not in shown:
        raise DeviceError(
            console.subject,
            "configure its base",
            f"its addresses are {', '.join(shown) or 'none'}, planned is {desired.address}",
            "set it at the gateway, on a cable: changing it from here would cut this session",
        )


def differing_settings(
    console: Console, access: ModemAccess, desired: BaseConfig
) -> tuple[str, ...]:
    """Settings outside NetworkManager that are not as wanted."""
    told = {"identity": desired.identity, "read_user": desired.read_user, "dropin": _DROPIN}
    lines = dict(labelled_commands(PLATFORM, "base", **told))
    if console.ask("hostname").strip() == desired.identity:
        del lines["identity"]
    own = desired.read_user == access.username
    if own or console.run(f"id -u {desired.read_user}").status == 0:
        del lines["account"]
    if "ModemManager.service" in console.ask("systemctl show --property=After NetworkManager"):
        del lines["order"]
    return tuple(lines.values())


def other_profiles(state: ModemState, desired: BaseConfig, target: WanProfile) -> tuple[str, ...]:
    """Connections of the profiles not in use that are missing or not as wanted; pure."""
    present = {c.name: c for c in parse_settings(answers(state.raw)["settings"].usable)}
    found = []
    for profile in desired.profiles:
        if profile.name == target.name:
            continue
        before = present.get(PREFIX + profile.name)
        after = dataclasses.replace(wanted(profile, before), autoconnect=False)
        if before is None or dataclasses.replace(before, autoconnect=False) != after:
            found.append(install(after))
    return tuple(found)


def _set(
    console: Console, access: ModemAccess, desired: BaseConfig, secrets: BaseSecrets, line: str
) -> None:
    """One setting, read back."""
    account = f"{desired.read_user}:{secrets.read_password}\n"
    console.tell(line, account if line.endswith("chpasswd") else "")
    if line in differing_settings(console, access, desired):
        raise ApplyError(console.subject, f"run {line}", "accepted but not applied")
