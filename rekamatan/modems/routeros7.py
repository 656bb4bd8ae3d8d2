"""Driver for RouterOS 7 LTE routers (LtAP mini, SXT R, wAP R, Chateau) over SSH."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError, NotSupportedError
from rekamatan.models import Identity, ModemState, Rollback, Signal
from rekamatan.modems import routeros7_plan
from rekamatan.modems.routeros7_console import PATIENCE_S, Console
from rekamatan.modems.routeros7_deadman import DeadMan
from rekamatan.modems.routeros7_parse import (
    Row,
    error_in,
    first,
    number,
    parse_monitor,
    parse_print,
    redact,
)
from rekamatan.modems.ssh import SshSession
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile

Figures = dict[str, list[str]]
# Words seen in captures of attached modems; every other wording counts as not attached.
ATTACHED = frozenset({"connected", "running", "registered"})
_HOME, _ROAMING = "registered", "roaming"
_PLMN_DIGITS = (5, 6)


class Routeros7Driver:
    """One router. The session opens when first needed.

    Args:
        access: how to reach it; `interface` names the LTE interface.
        password: of the account.
        apn_passwords: profile name -> password of its APN, filled in when a command is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
    """

    platform: ClassVar[str] = routeros7_plan.PLATFORM
    rollback: ClassVar[Rollback] = Rollback.DEVICE

    def __init__(  # noqa: PLR0913 - the last three are for tests and the read-only account
        self,
        access: ModemAccess,
        password: str,
        apn_passwords: dict[str, str],
        *,
        username: str = "",
        clock: Clock | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._interface = access.interface
        self._apn_passwords = dict(apn_passwords)
        self._session = SshSession(
            access, username or access.username, password, "mikrotik_routeros"
        )
        secrets = (password, *apn_passwords.values())
        self._console = Console(self._session, secrets, clock or SystemClock(), patience_s)
        self._deadman = DeadMan(self._console)

    @property
    def console(self) -> Console:
        """The checked console, for base configuration."""
        return self._console

    def identify(self) -> Identity:
        """Model and firmware. Raises `NotSupportedError` for another major version."""
        resource = parse_monitor(self._console.ask("/system resource print"))
        board = parse_monitor(self._console.ask_any("/system routerboard print"))
        version = first(resource, "version") or ""
        if not version.startswith("7."):
            raise NotSupportedError(
                self._console.subject,
                "identify",
                f"RouterOS {version or 'of unknown version'} is not RouterOS 7",
                "correct platform in site_modem, or upgrade the modem",
            )
        return Identity(
            platform=self.platform,
            model=first(resource, "board-name") or "",
            version=version,
            serial=first(board, "serial-number"),
        )

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        answers = self._read()
        raw = "".join(f"### {name}\n{text.rstrip()}\n" for name, text in answers.items())
        figures = parse_monitor(answers["monitor"])
        interface = _first_row(answers["interface"])
        profile = interface.get("apn-profiles")
        active = routeros7_plan.device_profiles(raw).get(profile or "")
        imsi, operator = first(figures, "imsi"), first(figures, "current-operator")
        return ModemState(
            platform=self.platform,
            sim_slot=None if error_in(answers["slot"]) else answers["slot"].strip() or None,
            iccid=(first(figures, "iccid", "uicc") or "").rstrip("fF") or None,
            imsi=imsi,
            plmn=_plmn(operator, imsi),
            operator=operator,
            registered=_registered(figures),
            roaming=_roaming(figures),
            rat=first(figures, "access-technology", "data-class"),
            signal=_signal(figures),
            profile=profile,
            apn=active.values.get("apn") if active else None,
            wan_if=self._interface if interface else None,
            wan_ip=_first_row(answers["address"]).get("address", "").partition("/")[0] or None,
            default_route_via=_default_route(answers["route"]),
            raw=raw,
        )

    def _read(self) -> dict[str, str]:
        """Answers by label. Only errors that mean `not there now` are answers."""
        answers = {}
        for line in command_lines(self.platform, "read", interface=self._interface):
            name, _, command = line.partition(": ")
            may_lack = name in {"monitor", "slot"}
            ask = self._console.ask_any if may_lack else self._console.ask
            answers[name] = ask(command)
        return answers

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `routeros7_plan.render`."""
        return routeros7_plan.render(
            profile, state, plan_id, interface=self._interface, subject=self._console.subject
        )

    def backup(self) -> str:
        """The configuration as `/export` gives it, without secrets."""
        text = redact(self._console.ask("/export"))
        if not any(line.startswith("/") for line in text.splitlines()):
            raise DeviceError(
                self._console.subject,
                "export the configuration",
                "the answer has no section",
                "the account may lack a policy; compare its group with the provisioned one",
            )
        return text

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the device; see `routeros7_deadman`."""
        self._deadman.arm(plan, seconds)

    def pending(self) -> PendingRollback | None:
        """The timer on the device, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each value read back."""
        secret = ""
        if any(routeros7_plan.SECRET in command for command in plan.commands):
            secret = self._apn_password(plan.target)
        self._console.ensure(plan.commands, secret)

    def confirm(self, plan_id: str) -> None:
        """Remove the timer and see that it is gone; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old values now, then the timer away; idempotent."""
        self._console.ensure(plan.undo)
        self._deadman.clear(plan.plan_id)

    def reset_modem(self) -> None:
        """Restart the router in order; its configuration stays. The session ends with it."""
        *prepare, restart = command_lines(self.platform, "restart")
        for command in prepare:
            self._console.tell(command)
        with suppress(DeviceUnreachableError):
            self._console.tell(restart)

    def signal(self) -> Signal:
        """Radio figures now."""
        command = f"/interface lte monitor {self._interface} once"
        return _signal(parse_monitor(self._console.ask(command)))

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _apn_password(self, profile: str) -> str:
        try:
            return self._apn_passwords[profile]
        except KeyError:
            raise ApplyError(
                self._console.subject,
                f"activate {profile}",
                "its APN wants a password and none is at hand",
                "add it to vault_apn_passwords and provision the site",
            ) from None


def _first_row(text: str) -> dict[str, str]:
    rows: list[Row] = parse_print(text)
    return rows[0].values if rows else {}


def _plmn(operator: str | None, imsi: str | None) -> str | None:
    """The network's number where the modem tells it, else the home network of the SIM."""
    if operator and operator.isdigit() and len(operator) in _PLMN_DIGITS:
        return operator
    return imsi[:5] if imsi and imsi[:5].isdigit() else None


def _registered(figures: Figures) -> bool | None:
    """MBIM modems have no registration-status; older ones have no status."""
    if registration := first(figures, "registration-status"):
        return registration.startswith((_HOME, _ROAMING))
    status = first(figures, "status")
    return None if status is None else status in ATTACHED


def _roaming(figures: Figures) -> bool | None:
    registration = first(figures, "registration-status")
    return None if registration is None else _ROAMING in registration


def _signal(figures: Figures) -> Signal:
    return Signal(
        rssi_dbm=number(first(figures, "rssi")),
        rsrp_dbm=number(first(figures, "rsrp")),
        rsrq_db=number(first(figures, "rsrq")),
        sinr_db=number(first(figures, "sinr")),
    )


def _default_route(text: str) -> str | None:
    """Gateway of the active default route with the least distance."""
    active = [row.values for row in parse_print(text) if "A" in row.flags]
    active.sort(key=lambda values: int(values.get("distance", "0")))
    return active[0].get("gateway") if active else None
