"""What every platform asks of a reading before it plans a switch from it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError, DeviceError, NotSupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.models import ModemState, WanProfile


def check_words(profile: WanProfile, system: str, can_send: Callable[[str], bool]) -> None:
    """Raises `ConfigError` for a value that the console of `system` cannot carry."""
    for key, value in (("apn", profile.apn), ("username", profile.username)):
        if value and not can_send(value):
            raise ConfigError(
                "wan_profiles", f"{profile.name}.{key}", f"has a character {system} cannot take"
            )


def cannot_plan(profile: WanProfile, subject: str, reason: str, hint: str) -> DeviceError:
    """The error for a device whose present state gives nothing to plan from."""
    return DeviceError(subject, f"plan the switch to {profile.name}", reason, hint)


def active_profile(state: ModemState, profile: WanProfile, subject: str, absent: str) -> str:
    """Name of the profile to come back to. Raises `DeviceError` with `absent` when none is read."""
    if state.profile is None:
        hint = "it is restarting, or the interface name in site_modem is wrong; try in 60 s"
        raise cannot_plan(profile, subject, absent, hint)
    return state.profile


def slot_to_set(profile: WanProfile, state: ModemState, subject: str) -> str:
    """The SIM slot to move to, empty when it is selected already or the plan names none.

    Raises:
        NotSupportedError: the plan names one and the modem tells of none.
    """
    wanted = profile.sim.slot
    if not wanted or wanted == state.sim_slot:
        return ""
    if state.sim_slot is None:
        raise NotSupportedError(
            subject,
            f"select SIM slot {wanted}",
            "the modem shows no SIM slot to choose",
            'set slot: "" for this profile in site_sims, or wait if the modem is restarting',
        )
    return wanted
