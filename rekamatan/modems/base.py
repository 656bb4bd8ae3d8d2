"""The driver contract. Policy lives in `wan/switch.py`, never in a driver.

A driver object is bound to one modem and opens its session lazily; losing the session while
`apply` or `revert` runs is expected (the bearer moves) and is not an error there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from rekamatan.errors import NotSupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.models import (
        ChangePlan,
        Identity,
        ModemState,
        PendingRollback,
        Rollback,
        Signal,
        WanProfile,
    )
    from rekamatan.modems.abilities import Abilities


@runtime_checkable
class ModemDriver(Protocol):
    """What every platform offers; what it cannot do raises `NotSupportedError`."""

    platform: ClassVar[str]
    rollback: ClassVar[Rollback]
    abilities: ClassVar[Abilities]

    def identify(self) -> Identity:
        """Model and firmware. Raises `DeviceLoginError`, `DeviceUnreachableError`."""
        ...

    def read_state(self) -> ModemState:
        """A fresh reading; absent fields are None."""
        ...

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure: what would have to be sent to make `profile` the active one. Text in, text out."""
        ...

    def backup(self) -> str:
        """The device's configuration as text (secrets redacted), for evidence and restore."""
        ...

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the way back on the device: a timer that survives a power cut, read back."""
        ...

    def pending(self) -> PendingRollback | None:
        """The armed timer on the device, whoever armed it; None when there is none."""
        ...

    def apply(self, plan: ChangePlan) -> None:
        """Send the change. Raises `ApplyError` when the device refuses a command."""
        ...

    def confirm(self, plan_id: str) -> None:
        """Remove the timer; idempotent. Raises `DeviceError` when the timer fired before."""
        ...

    def revert(self, plan: ChangePlan) -> None:
        """Bring the old profile back now and remove the timer; idempotent."""
        ...

    def signal(self) -> Signal:
        """Radio figures of the active SIM."""
        ...

    def close(self) -> None:
        """End the session, if any."""
        ...


@runtime_checkable
class SecondBearer(Protocol):
    """A driver whose bearers are up side by side: the other one can be used before it is chosen.

    Verbs that a driver offers where `abilities.make_before_break` is true. Nothing of them survives
    a restart, and no packet of the office takes another way because of them.
    """

    def open_path(self, profile: WanProfile) -> str:
        """Let what is sent from one address of this server leave through `profile`'s bearer.

        Replaces whatever was opened before.

        Returns:
            That address: connections bound to it take the other bearer, all others stay.

        Raises:
            NotSupportedError: at this site the two bearers cannot be told apart by an address.
            DeviceError: the way could not be opened: no cable, no address, no such next hop.
        """
        ...

    def close_path(self) -> None:
        """Take it away again; idempotent."""
        ...


def reset_modem(driver: ModemDriver) -> None:
    """Restart the radio, or the whole device, without changing its configuration.

    A verb that not every platform has: a driver that can do it offers `reset_modem()`, which
    returns when the restart was accepted; the session may be lost by then.

    Raises:
        NotSupportedError: this platform has no such verb.
    """
    act = getattr(driver, "reset_modem", None)
    if act is None:
        reason = f"{driver.platform} has no such verb"
        raise NotSupportedError("modem", "restart", reason, "have its power cut for ten seconds")
    act()


def refuse_by_hand(
    subject: str, differences: Iterable[str], way: str = "set these at the modem, by hand"
) -> None:
    """Raises `NotSupportedError` that names each difference that a restore leaves to a person."""
    if named := "; ".join(sorted(set(differences))):
        hint = f"{way}; nothing was changed"
        raise NotSupportedError(subject, "restore the backup", named, hint)


def restore_plan(driver: ModemDriver, kept: str, profile: str, plan_id: str) -> ChangePlan:
    """The plan from the present configuration back to a kept one; the carrier stays.

    A verb that not every platform has: a driver that can do it offers `restore_plan`.

    Raises:
        NotSupportedError: this platform has no such verb, or a difference needs a person.
    """
    make = getattr(driver, "restore_plan", None)
    if make is None:
        reason = f"{driver.platform} gives its configuration to read only"
        by_hand = getattr(driver, "restore_by_hand", "set it by hand")
        hint = f"see `rekamatan modem backups --diff`: {by_hand}; nothing was changed"
        raise NotSupportedError("modem", "restore a backup", reason, hint)
    plan: ChangePlan = make(kept, profile, plan_id)
    return plan
