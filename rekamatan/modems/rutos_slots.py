"""SIM slots of a RutOS router."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.modems import gsmctl_parse
from rekamatan.modems.openwrt_change import slot_in
from rekamatan.modems.openwrt_deadman import WayBack, way_back
from rekamatan.modems.openwrt_slots import say
from rekamatan.modems.rutos_plan import PLATFORM

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.openwrt_console import Console


class RutosSlots:
    """SIM slots by `gsmctl`, whose only command for them is a toggle.

    Args:
        console: the way to the device.
        interface: whose modem is meant.
    """

    line = re.compile(r'^\[ "\$\(gsmctl -T\)" = (\d+) \] \|\| gsmctl -Y$')
    _DONE = re.compile(r"^OK$", re.MULTILINE)

    def __init__(self, console: Console, interface: str) -> None:
        self._console = console
        self._interface = interface

    def read(self) -> str | None:
        """The active slot; None while the modem restarts."""
        return gsmctl_parse.parse_slot(self._console.run("gsmctl -T").out)

    def choose(self, slot: str) -> None:
        """Toggle, if and only if the slot read at this moment is known and another one."""
        now = self.read()
        if now == slot:
            return
        if now is None:
            raise DeviceError(
                self._console.subject,
                f"select SIM slot {slot}",
                "the modem does not tell which slot is active",
                "nothing was sent: its only command is a toggle",
            )
        say(self._console, "gsmctl -Y", self._DONE)

    def way_back(self, plan: ChangePlan, settle_s: int) -> WayBack:
        """The interface and slot that the plan's undo starts, seen from the slot it moves to."""
        section = next((c.split()[1] for c in plan.undo if c.startswith("ifup ")), self._interface)
        slot, other = slot_in(plan.undo, self.line), slot_in(plan.commands, self.line)
        return way_back(PLATFORM, section, slot, settle_s, other=other)
