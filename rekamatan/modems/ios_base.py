"""Base configuration of a Cisco router: read, plan, apply, save. An empty plan is no change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError
from rekamatan.modems.apn_passwords import SECRET, wants_secret
from rekamatan.modems.base_config import BaseChange, dials_with, refuse_pending
from rekamatan.modems.ios import IosDriver
from rekamatan.modems.ios_config import WAN
from rekamatan.modems.ios_parse import PLATFORM, clean
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, ModemState, WanProfile
    from rekamatan.modems.base_config import BaseConfig, BaseSecrets

_RUN = "base"  # names the plan of the first activation; no timer is armed for it


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of configuration mode, and the secret that goes with it."""

    lines: tuple[str, ...]
    secret: str = field(repr=False, default="")


def configure_base(
    access: ModemAccess, password: str, desired: BaseConfig, secrets: BaseSecrets, *, check: bool
) -> BaseChange:
    """Bring the router's base configuration to `desired`; with `check` only tell what would change.

    The active carrier is not moved: where the modem dials with a planned APN and SIM already, it
    only gets that profile's name. A router with another APN gets the initial profile.

    Raises:
        ConfigError: the APN of the initial profile has authentication and no password.
        DeviceError: a switch is pending, or the router did not answer, refused, or did not apply.
    """
    driver = IosDriver(access, password, secrets.apn_passwords)
    try:
        return _configure(driver, desired, secrets, check=check)
    finally:
        driver.close()


def _configure(
    driver: IosDriver, desired: BaseConfig, secrets: BaseSecrets, *, check: bool
) -> BaseChange:
    console = driver.console
    refuse_pending(driver, console.subject)
    before, state = console.ask("show running-config"), driver.read_state()
    visits = plan_visits(desired, before, secrets.read_password)
    target = _target(desired, state)
    wan = wan_commands(driver, target, state)
    password = secrets.apn_password(target) if wants_secret(wan) else ""
    if not check and (visits or wan):
        for visit in visits:
            console.configure(visit.lines, visit.secret)
        console.ensure(wan, password)
        console.execute("write memory")
        _check(driver, desired, secrets)
    return BaseChange(
        changed=bool(visits or wan),
        before=f"active profile: {state.profile}\n" + _missing(visits, "absent: "),
        after=f"active profile: {target.name}\n" + _missing(visits, ""),
        commands=(*(line for visit in visits for line in visit.lines), *wan),
    )


def plan_visits(desired: BaseConfig, running: str, read_password: str) -> list[Visit]:
    """What has to be configured, from the running configuration. Pure."""
    shown = sections_of(running)
    visits = []
    for entry in command_lines(PLATFORM, "base", identity=desired.identity):
        section, _, line = (part.strip() for part in entry.partition(":"))
        below = shown.get(section, [])
        there = line in below or (
            section == "archive" and any(s.startswith("path ") for s in below)
        )
        if not there:
            visits.append(Visit((section, line, "exit") if section else (line,)))
    reader = f"username {desired.read_user} privilege 7"
    if not any(line.startswith(f"{reader} ") for line in shown[""]):
        visits.append(Visit((f"{reader} secret {SECRET}",), read_password))
    return visits


def sections_of(running: str) -> dict[str, list[str]]:
    """Top lines under the empty name, and the lines below each of them. Pure."""
    found: dict[str, list[str]] = {"": []}
    section = ""
    for line in clean(running).splitlines():
        if line.startswith(" "):
            found.setdefault(section, []).append(line.strip())
        elif line.strip() not in {"", "!"}:
            section = line.strip()
            found[""].append(section)
    return found


def _target(desired: BaseConfig, state: ModemState) -> WanProfile:
    """The profile in use when it is ours, by name or in fact; else the initial one."""
    return desired.named(state.profile) or desired.adoptable(state) or desired.initial


def wan_commands(driver: IosDriver, target: WanProfile, state: ModemState) -> tuple[str, ...]:
    """Nothing where the target is active by name; its name where it is so in fact."""
    if state.profile == target.name:
        return ()
    if dials_with(target, state):
        mark = f"{target.name} slot={state.sim_slot or ''} apn={target.apn}"
        return (f"event manager environment {WAN} {mark}",)
    return driver.render(target, state, _RUN).commands


def _check(driver: IosDriver, desired: BaseConfig, secrets: BaseSecrets) -> None:
    left = plan_visits(desired, driver.console.ask("show startup-config"), secrets.read_password)
    if left:
        raise ApplyError(
            driver.console.subject,
            f"configure {'; '.join(left[0].lines)}",
            "accepted but not applied, or not saved",
        )


def _missing(visits: list[Visit], word: str) -> str:
    lines = (line for visit in visits for line in visit.lines if line != "exit")
    return "".join(f"{word}{line}\n" for line in lines)
