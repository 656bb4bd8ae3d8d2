"""Driver for Teltonika routers with RutOS 7 (RUT2xx, RUT9xx, RUTX, RUTM) over SSH."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Identity, ModemState, Signal
from rekamatan.modems import gsmctl_parse, rutos_plan
from rekamatan.modems.openwrt_parse import Answer, parse_board, parse_uci_show
from rekamatan.modems.rutos_slots import RutosSlots
from rekamatan.modems.templates import labelled_commands
from rekamatan.modems.uci_driver import UciDriver

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan, WanProfile
    from rekamatan.modems.openwrt_change import Slots
    from rekamatan.modems.radio import Radio

PLATFORM = rutos_plan.PLATFORM
# RUTX_R_00.07.06.10: model family, release type, product line, major, minor, patch
_VERSION = re.compile(r"^[A-Z0-9]+_[A-Z]+_\d\d\.(\d\d)\.\d\d(?:\.\d+)*")
_MAJOR = "07"


class RutosDriver(UciDriver):
    """`gsmctl`, and an interface per SIM; `interface` names any of its modem's ("mob1s1a1")."""

    platform: ClassVar[str] = PLATFORM
    slots_of: ClassVar[type[Slots]] = RutosSlots

    def identify(self) -> Identity:
        """Model and firmware. Raises `NotSupportedError` for anything but RutOS 7."""
        version = self._console.run("cat /etc/version").out.strip()
        match = _VERSION.match(version)
        if not match or match[1] != _MAJOR:
            raise NotSupportedError(
                self._console.subject,
                "identify",
                f"firmware {version or 'of unknown version'} is not RutOS 7",
                "correct platform in site_modem, or upgrade the modem",
            )
        model, _, _ = parse_board(self._console.run("ubus call system board").out)
        return Identity(platform=self.platform, model=model, version=version)

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        found = self._console.ask_all(labelled_commands(PLATFORM, "read"))
        sections = parse_uci_show(found["uci"].usable)
        radio = _radio(found)
        name = rutos_plan.cellular(sections, self._interface).get(radio.sim_slot or "")
        if name:
            found |= self._console.ask_all(
                labelled_commands(PLATFORM, "read_interface", section=name)
            )
        return self._joined(found, name, sections.get(name or ""), radio)

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `rutos_plan.render`."""
        return rutos_plan.render(
            profile, state, plan_id, interface=self._interface, subject=self._console.subject
        )

    def _way_out(self) -> str:
        """The interface of the SIM in use. Raises `DeviceError` while the modem tells of none."""
        names = rutos_plan.cellular(self._console.sections(), self._interface)
        name = names.get(self._slots.read() or "")
        if name is None:
            raise DeviceError(
                self._console.subject,
                "restore the backup",
                "the modem does not tell which SIM is active",
                "it is restarting; try in 60 s",
            )
        return name

    def signal(self) -> Signal:
        """Radio figures now."""
        return gsmctl_parse.parse_signal(self._console.ask("gsmctl -q"))


def _radio(found: dict[str, Answer]) -> Radio:
    """The record of `--info`, completed by the short options."""
    radio = gsmctl_parse.parse_information(found["info"].usable)
    return dataclasses.replace(
        radio,
        sim_slot=gsmctl_parse.parse_slot(found["slot"].usable) or radio.sim_slot,
        imsi=radio.imsi or gsmctl_parse.parse_digits(found["imsi"].usable),
        iccid=radio.iccid or gsmctl_parse.parse_digits(found["iccid"].usable),
    )
