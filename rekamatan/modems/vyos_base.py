"""Base configuration of a VyOS router: read, plan, commit, save. An empty plan is no change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, ConfigError
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.base_config import BaseChange, refuse_pending
from rekamatan.modems.templates import command_lines
from rekamatan.modems.vyos import VyosDriver
from rekamatan.modems.vyos_parse import PLATFORM, Mark, clean, words_of
from rekamatan.modems.vyos_plan import can_send, quoted

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess
    from rekamatan.modems.base_config import BaseConfig, BaseSecrets

_RUN = "base"  # names the plan of the first activation; no timer is armed for it


def configure_base(
    access: ModemAccess, password: str, desired: BaseConfig, secrets: BaseSecrets, *, check: bool
) -> BaseChange:
    """Bring the router's base configuration to `desired`; with `check` only tell what would change.

    The active carrier is not moved: where the modem dials with a planned APN and SIM already, it
    only gets that profile's name. A router with another APN gets the initial profile. The reading
    account has no narrower rights: VyOS 1.4 and later know only one kind of user.

    Raises:
        ConfigError: the reading account's password has a character that the console cannot take.
        DeviceError: a switch is pending, or the router did not answer, refused, or did not apply.
    """
    if not can_send(secrets.read_password):
        raise ConfigError(
            "vault.yml", "vault_modem_read_password", "has a character VyOS cannot take"
        )
    driver = VyosDriver(access, password, secrets.apn_passwords)
    try:
        return _configure(driver, desired, secrets, check=check)
    finally:
        driver.close()


def _configure(
    driver: VyosDriver, desired: BaseConfig, secrets: BaseSecrets, *, check: bool
) -> BaseChange:
    console = driver.console
    refuse_pending(driver, console.subject)
    state = driver.read_state()
    named = desired.named(state.profile)
    lines = plan_lines(desired, console.ask("show configuration commands"))
    adopted = None if named else desired.adoptable(state)
    if adopted is not None:
        lines += (console.describe(str(Mark(adopted.name, state.sim_slot or ""))),)
    target = named or adopted or desired.initial
    plan = None if named or adopted else driver.render(target, state, _RUN)
    if not check and (lines or plan is not None):
        if lines:
            console.commit(lines, secrets.read_password)
        if plan is not None:
            driver.apply(plan)
        console.save()
        _check(driver, desired)
    return BaseChange(
        changed=bool(lines) or plan is not None,
        before=f"active profile: {state.profile}\n",
        after=f"active profile: {target.name}\n" + "".join(f"{line}\n" for line in lines),
        commands=lines + (plan.commands if plan is not None else ()),
    )


def plan_lines(desired: BaseConfig, shown: str) -> tuple[str, ...]:
    """What has to be set, from `show configuration commands`. Pure."""
    have = {tuple(words_of(line)) for line in clean(shown).splitlines() if line}
    wanted = command_lines(PLATFORM, "base", identity=quoted(desired.identity))
    lines = [line for line in wanted if tuple(words_of(line)) not in have]
    user = ("set", "system", "login", "user", desired.read_user)
    if not any(words[:5] == user for words in have):
        lines.append(f"{' '.join(user)} authentication plaintext-password {SECRET}")
    return tuple(lines)


def _check(driver: VyosDriver, desired: BaseConfig) -> None:
    left = plan_lines(desired, driver.console.ask("show configuration commands"))
    if left:
        raise ApplyError(driver.console.subject, f"run {left[0]}", "accepted but not applied")
