"""Putting a kept configuration back: the same transaction as a switch, with another plan.

The way back is armed first, the office's link is gated afterwards with a record, and only then is
the modem's timer removed. The carrier stays.
"""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING

from rekamatan.models import SwitchState
from rekamatan.modems.base import restore_plan
from rekamatan.wan.plan import Reason, no_go
from rekamatan.wan.switch import Switch

if TYPE_CHECKING:
    from datetime import datetime

    from rekamatan.models import ChangePlan, ModemState, SwitchOutcome, WanProfile
    from rekamatan.wan.run import Run


class Restore(Switch):
    """One restore; `request.backup` is the text, checked where it was read. See `Switch`."""

    def _at_the_door(self, now: datetime) -> tuple[Reason, ...]:
        """No carrier changes, so it needs no order."""
        del now
        return no_go(changed(self._site, change_order_required=False), self._request.profile, "")

    def _plan(self, run: Run, target: WanProfile, state: ModemState) -> ChangePlan:
        """Raises `NotSupportedError` for a platform, or a difference, that needs a person."""
        del state
        return restore_plan(self._ports.driver, self._request.backup, target.name, run.run_id)

    def _already_active(self, run: Run, target: WanProfile) -> SwitchOutcome:
        """Nothing differs."""
        reason = "the modem is as in that backup"
        return run.finish(SwitchState.COMMITTED, target.name, reason)
