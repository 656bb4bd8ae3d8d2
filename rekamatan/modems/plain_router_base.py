"""Base configuration behind a plain router: an uplink is chosen, the router is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.modems import plain_router_plan as plans
from rekamatan.modems.base_config import BaseChange
from rekamatan.modems.plain_router import Uplinks
from rekamatan.verify.command import Runner, run

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import ModemAccess
    from rekamatan.modems.base_config import BaseConfig, BaseSecrets


def configure_base(  # noqa: PLR0913 - the same call as for every platform, and two for tests
    access: ModemAccess,
    password: str,
    desired: BaseConfig,
    secrets: BaseSecrets,
    *,
    check: bool,
    directory: Path = paths.WAN,
    runner: Runner = run,
) -> BaseChange:
    """Choose the initial uplink while none of ours is chosen; with `check` only tell so.

    An uplink that is chosen stays, also when its next hop is planned otherwise by now: that is a
    switch, with its gate.

    Raises:
        ConfigError: the slot of the initial profile is no next hop.
        DeviceError: the stored choice is damaged, or the route could not be set.
    """
    del password, secrets
    uplinks = Uplinks(directory, runner)
    chosen = uplinks.chosen()
    target = desired.in_use_afterwards(chosen.profile if chosen else None)
    if chosen is not None and chosen.profile == target.name:
        return BaseChange(changed=False, before=_line(chosen), after=_line(chosen))
    wanted = plans.Preference(target.name, plans.hop_of(target.sim.slot, access.interface))
    if not check:
        uplinks.choose(wanted)
    commands = plans.commands_for(wanted, ruled=False)
    return BaseChange(changed=True, before=_line(chosen), after=_line(wanted), commands=commands)


def _line(preference: plans.Preference | None) -> str:
    """For `--diff`."""
    if preference is None:
        return "active profile: none\n"
    return f"active profile: {preference.profile}\nnext hop: {preference.hop}\n"
