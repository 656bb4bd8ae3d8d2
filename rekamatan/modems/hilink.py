"""Driver for Huawei HiLink modems (B310, B311, B315, B525, B535, E5573, ...) over their HTTP API.

These modems have no scheduler: nothing on them brings an old profile back. The journal and the
boot unit of the recording server are the dead man's timer, which is enough because the server
reaches the modem over the LAN whatever the carrier does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Identity, Rollback
from rekamatan.modems import hilink_parse, hilink_plan
from rekamatan.modems.abilities import Abilities
from rekamatan.modems.apn_passwords import ApnPasswords
from rekamatan.modems.hilink_change import PATIENCE_S, Changes
from rekamatan.modems.hilink_parse import Answer, parse_signal, parse_state, text_of, to_raw
from rekamatan.modems.hilink_session import HilinkSession

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import (
        ChangePlan,
        ModemAccess,
        ModemState,
        PendingRollback,
        Signal,
        WanProfile,
    )

_NO_TIMER = "a HiLink modem has no timer: the recording server's journal is the way back"
# What some models lack; the rest every model must answer.
_MAY_LACK = frozenset({"net/current-plmn", "device/signal", "pin/status"})
_RESTART = "1"
# Configuration only: a backup that also told of signal and time would differ from the last one.
_PROFILES = "dialup/profiles"
_BACKUP = (
    _PROFILES,
    "dialup/mobile-dataswitch",
    "dialup/connection",
    "net/net-mode",
    "dhcp/settings",
)


class HilinkDriver:
    """One modem. The session opens when first needed.

    Args:
        access: how to reach it; without a port in the inventory it is 80.
        password: of the account.
        apn_passwords: profile name -> password of its APN, filled in when a request is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change waits for a modem that is busy, restarts or disconnects.
    """

    platform: ClassVar[str] = hilink_parse.PLATFORM
    rollback: ClassVar[Rollback] = Rollback.SERVER
    restore_by_hand: ClassVar[str] = (
        "profiles come back by playbooks/provision.yml, the rest is set on the box's own page"
    )
    abilities: ClassVar[Abilities] = Abilities(
        device_timer=False,
        survives_power_cut=False,
        sim_slots=False,
        make_before_break=False,
        signal=True,
        survey=False,
        restore=False,
    )

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
        clock = clock or SystemClock()
        self._session = HilinkSession(access, username or access.username, password, clock)
        self._passwords = ApnPasswords(apn_passwords, self._session.subject)
        self.changes = Changes(self._session, clock, patience_s)

    def identify(self) -> Identity:
        """Model and firmware. Raises `NotSupportedError` when the answer names no model."""
        answer = self._session.get("device/information")
        model = text_of(answer, "DeviceName", "devicename")
        if model is None:
            raise NotSupportedError(
                self._session.subject,
                "identify",
                "it answers like a HiLink modem and names no model",
                "correct platform in site_modem, or send us what device/information answers",
            )
        return Identity(
            platform=self.platform,
            model=model,
            version=text_of(answer, "SoftwareVersion") or "",
            serial=text_of(answer, "SerialNumber"),
        )

    def read_state(self) -> ModemState:
        """A fresh reading. Raises `DeviceError` when an answer is not what it should be."""
        answers = self._answers(hilink_parse.READ)
        if text_of(answers["monitoring/status"], "ConnectionStatus") is None:
            raise DeviceError(
                self._session.subject, "read monitoring/status", "it tells no connection state"
            )
        try:
            return parse_state(answers, to_raw(answers))
        except ValueError as error:
            raise DeviceError(
                self._session.subject, "read the dial-up profiles", str(error)
            ) from error

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `hilink_plan.render`."""
        return hilink_plan.render(profile, state, plan_id, subject=self._session.subject)

    def backup(self) -> str:
        """What the modem tells of its configuration, without secrets.

        The modem's own backup file is encrypted for itself and is not asked for.
        """
        identity = self.identify()
        known = {"model": identity.model, "version": identity.version, "serial": identity.serial}
        answers = self._answers(_BACKUP, may_lack=frozenset(_BACKUP) - {_PROFILES})
        return to_raw({"identity": known, **answers})

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Not possible. Raises `NotSupportedError`."""
        del seconds
        raise NotSupportedError(self._session.subject, f"arm {plan.plan_id}", _NO_TIMER)

    def pending(self) -> PendingRollback | None:
        """Never anything: nothing on the modem can bring a profile back."""
        return None

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each value read back; the connection is a new one afterwards."""
        secret = self._passwords.filling(plan.commands, plan.target)
        self.changes.ensure(plan.commands, {plan.target: secret})

    def confirm(self, plan_id: str) -> None:
        """Not possible: there is no timer to remove. Raises `NotSupportedError`."""
        raise NotSupportedError(self._session.subject, f"confirm {plan_id}", _NO_TIMER)

    def revert(self, plan: ChangePlan) -> None:
        """The old profile now; idempotent, and a connection that is the old one is not cut."""
        self.changes.ensure(plan.undo)

    def signal(self) -> Signal:
        """Radio figures now."""
        return parse_signal(self._session.get("device/signal"))

    def reset_modem(self) -> None:
        """Restart the modem; its configuration stays. Raises `ApplyError` when it refuses."""
        self._session.post("device/control", {"Control": _RESTART}, "restart")

    def close(self) -> None:
        """Log out."""
        self._session.close()

    def _answers(
        self, endpoints: tuple[str, ...], may_lack: frozenset[str] = _MAY_LACK
    ) -> dict[str, Answer]:
        answers = {}
        for endpoint in endpoints:
            try:
                answers[endpoint] = self._session.get(endpoint)
            except NotSupportedError:
                if endpoint not in may_lack:
                    raise
        return answers
