"""SIM slots of an OpenWrt router, by the tool of the interface's protocol."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError
from rekamatan.modems import mmcli_parse, qmi_parse
from rekamatan.modems.openwrt_change import slot_in
from rekamatan.modems.openwrt_deadman import WayBack, way_back
from rekamatan.modems.openwrt_parse import UciSection
from rekamatan.modems.openwrt_plan import QMI, device_of
from rekamatan.modems.templates import labelled_commands, shell_quoted

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan
    from rekamatan.modems.openwrt_console import Console

_PLATFORM = "openwrt"
_DONE = re.compile(r"successfully", re.IGNORECASE)


class OpenwrtSlots:
    """Reads and chooses the SIM slot.

    Args:
        console: the way to the device.
        interface: whose modem is meant.
    """

    line = re.compile(r"--(?:set-primary-sim-slot|uim-switch-slot)=(\d+)$")

    def __init__(self, console: Console, interface: str) -> None:
        self._console = console
        self._section = interface

    def place(self) -> dict[str, str]:
        """Protocol and modem, as the templates want them."""
        section = self._console.sections().get(self._section, UciSection(""))
        proto = section.text("proto") or ""
        return {"proto": proto, "device": device_of(section, proto)}

    def read(self) -> str | None:
        """The active slot; None while the modem restarts."""
        place = self.place()
        device = shell_quoted(place["device"])
        if place["proto"] == QMI:
            done = self._console.run(f"qmicli -p -d {device} --uim-get-slot-status")
            return qmi_parse.qmicli_slots(done.out).active
        done = self._console.run(f"mmcli -m {device} -J")
        return mmcli_parse.slot_of(mmcli_parse.parse(done.out))

    def choose(self, slot: str) -> None:
        """Ask for a slot. Raises `ApplyError` unless the tool says that it did it."""
        command = dict(labelled_commands(_PLATFORM, "slot", slot=slot, **self.place()))["set"]
        say(self._console, command, _DONE)

    def way_back(self, plan: ChangePlan, settle_s: int) -> WayBack:
        """The slot that the plan's undo selects, in the protocol's own commands."""
        slot = slot_in(plan.undo, self.line)
        return way_back(_PLATFORM, self._section, slot, settle_s, **self.place())


def say(console: Console, command: str, wanted: re.Pattern[str]) -> None:
    """Run a command that must say `wanted`, whatever its exit status claims."""
    done = console.run(command)
    printed = f"{done.err}\n{done.out}".strip()
    if done.status or not wanted.search(printed):
        reason = printed.splitlines()[0] if printed else "it said nothing"
        raise ApplyError(console.subject, f"run {command}", reason)
