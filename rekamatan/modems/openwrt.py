"""Driver for OpenWrt LTE routers over SSH: proto modemmanager and proto qmi."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.errors import NotSupportedError
from rekamatan.models import Identity, ModemState, Signal
from rekamatan.modems import mmcli_parse, openwrt_plan, qmi_parse
from rekamatan.modems.openwrt_parse import Answer, UciSection, parse_board, parse_uci_show
from rekamatan.modems.openwrt_plan import MODEM_MANAGER, QMI, device_of
from rekamatan.modems.openwrt_slots import OpenwrtSlots
from rekamatan.modems.radio import Radio
from rekamatan.modems.templates import labelled_commands, shell_quoted
from rekamatan.modems.uci_driver import UciDriver

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan, WanProfile
    from rekamatan.modems.openwrt_change import Slots

PLATFORM = "openwrt"
_OLDEST = (19, 7)  # before it, netifd's status and BusyBox lack what is used here
_VERSION = re.compile(r"^(\d+)\.(\d+)")
_SIGNAL_POLL_S = 10


class OpenwrtDriver(UciDriver):
    """ModemManager or uqmi; `interface` is the one section that has the active profile ("wwan")."""

    platform: ClassVar[str] = PLATFORM
    slots_of: ClassVar[type[Slots]] = OpenwrtSlots

    def identify(self) -> Identity:
        """Model and release. Raises `NotSupportedError` for another system or an old release."""
        model, distribution, version = parse_board(self._console.ask("ubus call system board"))
        match = _VERSION.match(version)
        old = match is not None and (int(match[1]), int(match[2])) < _OLDEST
        if distribution != "OpenWrt" or old or not (match or version == "SNAPSHOT"):
            raise NotSupportedError(
                self._console.subject,
                "identify",
                f"{distribution or 'a system'} {version or 'of unknown version'} is not OpenWrt "
                f"{_OLDEST[0]}.{_OLDEST[1]:02d} or later",
                "correct platform in site_modem, or upgrade the modem",
            )
        return Identity(platform=self.platform, model=model, version=version)

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        found = self._console.ask_all(labelled_commands(PLATFORM, "read_network"))
        section = parse_uci_show(found["uci"].usable).get(self._interface)
        radio = Radio()
        if section is not None:
            found |= self._console.ask_all(self._radio_questions(section))
            radio = self._radio(section, found)
        return self._joined(found, self._interface, section, radio)

    def _radio_questions(self, section: UciSection) -> tuple[tuple[str, str], ...]:
        proto = section.text("proto") or ""
        if proto not in {MODEM_MANAGER, QMI}:
            raise NotSupportedError(
                self._console.subject,
                "read the modem",
                f"interface {self._interface} has proto {proto or 'nothing'}",
                f"only proto {MODEM_MANAGER} and {QMI} are managed",
            )
        values = {"section": self._interface, "device": device_of(section, proto)}
        return labelled_commands(PLATFORM, f"read_{proto}", **values)

    def _radio(self, section: UciSection, found: dict[str, Answer]) -> Radio:
        if section.text("proto") == QMI:
            return _qmi_radio(found)
        modem = mmcli_parse.parse(found["modem"].usable)
        sim = mmcli_parse.parse(found["sim"].usable)
        active = mmcli_parse.first(modem, "modem.generic.sim")
        if active and mmcli_parse.first(sim, "sim.dbus-path") not in {None, active}:
            # `any` gave the card of another slot
            question = (("sim", f"mmcli -i {shell_quoted(active)} -J"),)
            found |= self._console.ask_all(question)
            sim = mmcli_parse.parse(found["sim"].usable)
        return mmcli_parse.radio_of(modem, sim, mmcli_parse.parse(found["signal"].usable))

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `openwrt_plan.render`."""
        return openwrt_plan.render(
            profile, state, plan_id, section=self._interface, subject=self._console.subject
        )

    def _way_out(self) -> str:
        return self._interface

    def signal(self) -> Signal:
        """Radio figures now; ModemManager measures only once it was told to, so it is told."""
        state = self.read_state()
        section = openwrt_plan.configured(state.raw).get(self._interface)
        if state.signal == Signal() and section and section.text("proto") == MODEM_MANAGER:
            device = shell_quoted(device_of(section, MODEM_MANAGER))
            self._console.run(f"mmcli -m {device} --signal-setup={_SIGNAL_POLL_S}")
            answer = self._console.run(f"mmcli -m {device} --signal-get -J")
            return mmcli_parse.signal_of(mmcli_parse.parse(answer.out))
        return state.signal


def _qmi_radio(found: dict[str, Answer]) -> Radio:
    texts = (found[name].text for name in ("serving", "signal", "imsi", "iccid", "card"))
    radio = qmi_parse.uqmi_radio(*texts)
    slots = qmi_parse.qmicli_slots(found["slots"].usable)
    return dataclasses.replace(radio, sim_slot=slots.active if slots.count > 1 else None)
