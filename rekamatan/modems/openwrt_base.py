"""Base configuration of an OpenWrt or RutOS router: read, plan, apply. An empty plan is no change.

The router's name, SSH on the LAN only, and the WAN profiles: on OpenWrt the one interface carries
the active profile (or the initial one, when it carries none of ours), on RutOS every SIM's
interface carries its own. The LAN is not touched: a router with another address than planned is
refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, ConfigError, DeviceError
from rekamatan.modems import openwrt_plan, rutos_plan
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.base_config import BaseChange
from rekamatan.modems.openwrt import OpenwrtDriver
from rekamatan.modems.openwrt_console import COMMIT, unquoted
from rekamatan.modems.rutos import RutosDriver
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, ModemState, WanProfile
    from rekamatan.modems.base_config import BaseConfig, BaseSecrets
    from rekamatan.modems.openwrt_console import Console
    from rekamatan.modems.openwrt_parse import UciSection

_SETTING = re.compile(r"^uci set (([a-z]+)\.\S+?)=('.*')$")
_PLAN_ID = "base"
Driver = OpenwrtDriver | RutosDriver
_DRIVERS: dict[str, type[Driver]] = {
    driver.platform: driver for driver in (OpenwrtDriver, RutosDriver)
}


def configure_base(
    access: ModemAccess, password: str, desired: BaseConfig, secrets: BaseSecrets, *, check: bool
) -> BaseChange:
    """Bring the router's base configuration to `desired`; with `check` only tell what would change.

    Raises:
        ConfigError: an APN with authentication has no password, or another account than the one
            that OpenWrt has is planned for reading.
        DeviceError: the router did not answer, refused, did not apply a value, or has another LAN.
    """
    _check_inputs(access, desired, secrets)
    kind = _DRIVERS[access.platform]
    driver = kind(access, password, secrets.apn_passwords)
    try:
        return _configure(driver, access, desired, check=check)
    finally:
        driver.close()


def _check_inputs(access: ModemAccess, desired: BaseConfig, secrets: BaseSecrets) -> None:
    if desired.read_user != access.username:
        raise ConfigError(
            "site_modem",
            "read_username",
            f"{access.platform} has no account with fewer rights than {access.username}",
            f"set read_username: {access.username}; both logins then have its one password",
        )
    for profile in desired.profiles:
        secrets.apn_password(profile)


def _configure(
    driver: Driver, access: ModemAccess, desired: BaseConfig, *, check: bool
) -> BaseChange:
    console = driver.console
    state = driver.read_state()
    sections = openwrt_plan.configured(state.raw)
    _check_lan(console, sections, desired)
    settings = _differing_settings(console, desired)
    profile = desired.in_use_afterwards(state.profile)
    plan = driver.render(profile, state, _PLAN_ID)
    others = _other_sims(access, state, desired, profile) if isinstance(driver, RutosDriver) else []
    if not check:
        for line in settings:
            _set(console, line)
        for lines, other in others:
            driver.configure(lines, other)
        driver.apply(plan)
    commands = (*settings, *(line for lines, _ in others for line in lines), *plan.commands)
    return BaseChange(
        changed=bool(commands),
        before="".join(f"- {line}\n" for line in commands) + plan.before,
        after=plan.after if commands else plan.before,
        commands=commands,
    )


def _check_lan(console: Console, sections: dict[str, UciSection], desired: BaseConfig) -> None:
    lan = sections.get("lan")
    shown = (lan.text("ipaddr") or "").partition("/")[0] if lan else ""
    if shown != desired.address:
        raise DeviceError(
            console.subject,
            "configure its base",
            f"its LAN address is {shown or 'not set'}, planned is {desired.address}",
            "set it at the router, on a cable: changing it from here would cut this session",
        )


def _differing_settings(console: Console, desired: BaseConfig) -> list[str]:
    """Settings outside the network configuration that are not as wanted."""
    lines = command_lines("openwrt", "base", identity=desired.identity)
    return [line for line in lines if not _is_set(console, line)]


def _parts(line: str) -> tuple[str, str, str]:
    """Place, package and value of a setting."""
    match = _SETTING.match(line)
    if match is None:
        raise ValueError(line)
    return match[1], match[2], unquoted(match[3])


def _is_set(console: Console, line: str) -> bool:
    place, _, value = _parts(line)
    return console.run(f"uci -q get {place}").out.rstrip("\n") == value


def _set(console: Console, line: str) -> None:
    """One setting, committed and read back; its service takes it up."""
    place, package, _ = _parts(line)
    if left := console.ask(f"uci changes {package}").strip():
        raise DeviceError(
            console.subject,
            f"set {place}",
            f"someone left uncommitted changes: {left.splitlines()[0]}",
            f"at the modem: uci commit {package} to keep them, or uci revert {package}",
        )
    console.tell("uci batch", f"{line.removeprefix('uci ')}\n")
    console.tell(f"uci commit {package}")
    console.tell("sync")
    if not _is_set(console, line) or console.ask(f"uci changes {package}").strip():
        raise ApplyError(console.subject, f"run {line}", "accepted but not applied")
    console.tell(f"/etc/init.d/{package} reload")


def _other_sims(
    access: ModemAccess, state: ModemState, desired: BaseConfig, active: WanProfile
) -> list[tuple[tuple[str, ...], WanProfile]]:
    """RutOS: what the interfaces of the SIMs not in use lack; nothing of it moves a bearer."""
    sections = openwrt_plan.configured(state.raw)
    slots = rutos_plan.cellular(sections, access.interface)
    found = []
    for profile in desired.profiles:
        name = slots.get(profile.sim.slot)
        if name is None or profile.sim.slot in {active.sim.slot, state.sim_slot}:
            continue
        section = sections[name]
        changed = openwrt_plan.differing(
            openwrt_plan.wanted_options(profile, rutos_plan.PROTO), section
        )
        lacking = profile.auth != "none" and openwrt_plan.PASSWORD not in section.options
        secret = SECRET if profile.auth != "none" and (changed or lacking) else ""
        if changed or secret:
            place = {"section": name}
            lines = openwrt_plan.change(rutos_plan.PLATFORM, place, section, changed, "", secret)
            kept = tuple(line for line in lines if line.startswith("uci ") and line != COMMIT)
            found.append((kept, profile))
    return found
