"""Driver for OpenWrt LTE routers over SSH: proto modemmanager and proto qmi."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import ApplyError, DeviceError, NotSupportedError
from rekamatan.models import Identity, ModemState, Rollback, Signal
from rekamatan.modems import mmcli_parse, openwrt_plan, qmi_parse
from rekamatan.modems.abilities import Abilities
from rekamatan.modems.openwrt_change import Applier, wants_secret
from rekamatan.modems.openwrt_console import PATIENCE_S, Console
from rekamatan.modems.openwrt_deadman import DeadMan, WayBack, way_back
from rekamatan.modems.openwrt_parse import (
    Answer,
    UciSection,
    parse_board,
    parse_default_route,
    parse_interface,
    parse_uci_show,
    raw,
    redact,
)
from rekamatan.modems.openwrt_plan import MODEM_MANAGER, QMI, device_of
from rekamatan.modems.openwrt_slots import OpenwrtSlots
from rekamatan.modems.radio import Radio, home_network
from rekamatan.modems.shell_session import ShellSession
from rekamatan.modems.templates import command_lines, shell_quoted

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile

PLATFORM = "openwrt"
_OLDEST = (19, 7)  # before it, netifd's status and BusyBox lack what is used here
_VERSION = re.compile(r"^(\d+)\.(\d+)")
_SIGNAL_POLL_S = 10


class OpenwrtDriver:
    """One router. The session opens when first needed.

    Args:
        access: how to reach it; `interface` names the section of `/etc/config/network` ("wwan").
        password: of the account, which must be root: OpenWrt has no lesser one that may use uci.
        apn_passwords: profile name -> password of its APN, filled in when a command is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
        settle_s: pause between attempts on a SIM slot, in the way back too.
    """

    platform: ClassVar[str] = PLATFORM
    rollback: ClassVar[Rollback] = Rollback.DEVICE
    abilities: ClassVar[Abilities] = Abilities(
        device_timer=True,
        survives_power_cut=True,
        sim_slots=True,
        make_before_break=False,
        signal=True,
        survey=False,
    )

    def __init__(  # noqa: PLR0913 - the last three are for tests
        self,
        access: ModemAccess,
        password: str,
        apn_passwords: dict[str, str],
        *,
        username: str = "",
        clock: Clock | None = None,
        patience_s: float = PATIENCE_S,
        settle_s: int = 30,
    ) -> None:
        self._section = access.interface
        self._apn_passwords = dict(apn_passwords)
        self._settle_s = settle_s
        self._session = ShellSession(access, username or access.username, password)
        secrets = (password, *apn_passwords.values())
        clock = clock or SystemClock()
        self._console = Console(self._session, secrets, clock, patience_s)
        self._deadman = DeadMan(self._console)
        self._slots = OpenwrtSlots(self._console, self._section)
        self._applier = Applier(self._console, self._slots, clock, patience_s, settle_s / 2)

    @property
    def console(self) -> Console:
        """The checked console."""
        return self._console

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
        found = self._console.ask_all(_lines("read_network"))
        section = parse_uci_show(found["uci"].usable).get(self._section)
        radio = Radio()
        if section is not None:
            found |= self._console.ask_all(self._radio_questions(section))
            radio = self._radio(section, found)
        return self._joined(found, section, radio)

    def _radio_questions(self, section: UciSection) -> tuple[tuple[str, str], ...]:
        proto = section.text("proto") or ""
        if proto not in {MODEM_MANAGER, QMI}:
            raise NotSupportedError(
                self._console.subject,
                "read the modem",
                f"interface {self._section} has proto {proto or 'nothing'}",
                f"only proto {MODEM_MANAGER} and {QMI} are managed",
            )
        values = {"section": self._section, "device": device_of(section, proto)}
        return _lines(f"read_{proto}", **values)

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

    def _joined(
        self, found: dict[str, Answer], section: UciSection | None, radio: Radio
    ) -> ModemState:
        child = parse_interface(found["child"].usable if "child" in found else "")
        parent = parse_interface(found["status"].usable if "status" in found else "")
        return ModemState(
            platform=self.platform,
            sim_slot=radio.sim_slot,
            iccid=radio.iccid,
            imsi=radio.imsi,
            plmn=radio.plmn or home_network(radio.imsi),
            operator=radio.operator,
            registered=radio.registered,
            roaming=radio.roaming,
            rat=radio.rat,
            signal=radio.signal,
            profile=openwrt_plan.profile_name(self._section, section) if section else None,
            apn=section.text("apn") if section else None,
            wan_if=child.device or parent.device,
            wan_ip=child.address or parent.address,
            default_route_via=parse_default_route(found["route"].usable),
            raw=redact(raw(found)),
        )

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `openwrt_plan.render`."""
        return openwrt_plan.render(
            profile, state, plan_id, section=self._section, subject=self._console.subject
        )

    def backup(self) -> str:
        """The network configuration as `uci export` gives it, without secrets."""
        return exported(self._console)

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the device; see `openwrt_deadman`."""
        self._deadman.arm(plan, seconds, self._way_back(plan))

    def _way_back(self, plan: ChangePlan) -> WayBack:
        slot = next((m[1] for c in plan.undo if (m := self._slots.line.search(c))), "")
        return way_back(self.platform, self._section, slot, self._settle_s, **self._slots.place())

    def pending(self) -> PendingRollback | None:
        """The timer on the device, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each value read back."""
        self._applier.apply(plan.commands, self._secret(plan.commands, plan.target))

    def confirm(self, plan_id: str) -> None:
        """Remove the timer and see that it is gone; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old values now, then the timer away; idempotent."""
        self._applier.apply(plan.undo, self._secret(plan.undo, plan.previous))
        self._deadman.clear(plan.plan_id)

    def signal(self) -> Signal:
        """Radio figures now; ModemManager measures only once it was told to, so it is told."""
        state = self.read_state()
        section = openwrt_plan.configured(state.raw).get(self._section)
        if state.signal == Signal() and section and section.text("proto") == MODEM_MANAGER:
            device = shell_quoted(device_of(section, MODEM_MANAGER))
            self._console.run(f"mmcli -m {device} --signal-setup={_SIGNAL_POLL_S}")
            answer = self._console.run(f"mmcli -m {device} --signal-get -J")
            return mmcli_parse.signal_of(mmcli_parse.parse(answer.out))
        return state.signal

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _secret(self, commands: tuple[str, ...], profile: str) -> str:
        if not wants_secret(commands):
            return ""
        return apn_password(self._apn_passwords, profile, self._console.subject)


def _lines(template: str, **values: object) -> tuple[tuple[str, str], ...]:
    """Commands of a reading by label."""
    lines = command_lines(PLATFORM, template, **values)
    return tuple((name, command) for name, _, command in (ln.partition(": ") for ln in lines))


def _qmi_radio(found: dict[str, Answer]) -> Radio:
    texts = (found[name].text for name in ("serving", "signal", "imsi", "iccid", "card"))
    radio = qmi_parse.uqmi_radio(*texts)
    slots = qmi_parse.qmicli_slots(found["slots"].usable)
    return dataclasses.replace(radio, sim_slot=slots.active if slots.count > 1 else None)


def exported(console: Console) -> str:
    """`uci export network` without secrets. Raises `DeviceError` when it has no section."""
    text = console.ask("uci export network")
    if "config interface" not in text:
        raise DeviceError(
            console.subject,
            "export the configuration",
            "the answer has no section",
            "the account may lack rights: it must be root",
        )
    return re.sub(
        r"(?m)^(\s*(?:option|list) (?:password|pincode|\w*key|psk|secret)) .*$", r"\1 '***'", text
    )


def apn_password(passwords: dict[str, str], profile: str, subject: str) -> str:
    """The password of a profile's APN. Raises `ApplyError` when none is at hand."""
    try:
        return passwords[profile]
    except KeyError:
        raise ApplyError(
            subject,
            f"activate {profile}",
            "its APN wants a password and none is at hand",
            "add it to vault_apn_passwords and provision the site",
        ) from None
