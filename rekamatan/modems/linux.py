"""Driver for a Linux gateway over SSH: NetworkManager's connections on ModemManager's modem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from rekamatan.clock import SystemClock
from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.models import Identity, ModemState, Rollback, Signal
from rekamatan.modems import linux_plan, mmcli_parse
from rekamatan.modems.abilities import Abilities
from rekamatan.modems.apn_passwords import ApnPasswords
from rekamatan.modems.linux_change import Applier
from rekamatan.modems.linux_console import ROOT, Console
from rekamatan.modems.linux_deadman import SETTLE_S, DeadMan
from rekamatan.modems.linux_parse import redact
from rekamatan.modems.linux_plan import FOLDER, PLATFORM, can_send
from rekamatan.modems.linux_state import model_of, modem_count, objects_of, state_of
from rekamatan.modems.shell_console import PATIENCE_S
from rekamatan.modems.shell_session import ShellSession
from rekamatan.modems.templates import labelled_commands

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import ChangePlan, ModemAccess, PendingRollback, WanProfile

_OLDEST_NETWORK = (1, 20)  # `nmcli connection load`, `gsm.sim-id` and `gsm.mtu` as used here
_OLDEST_MODEM = (1, 14)  # mmcli's JSON
_VERSION = re.compile(r"(\d+)\.(\d+)\.?\d*")
_SIGNAL_POLL_S = 5
_BACKUP = (
    f'grep -ls \'^type=gsm$\' {FOLDER}/* | while read -r file; do echo "# $file"; cat "$file"; done'
)


class LinuxDriver:
    """One gateway with one modem. The session opens when first needed.

    Args:
        access: how to reach it; the account is root, or may use sudo without a password. With
            `read_username` it only reads, without either.
        password: of the account.
        apn_passwords: profile name -> password of its APN, filled in when a keyfile is sent.
        username: the account; `access.username` when not given.
        clock: for deadlines.
        patience_s: how long a change is repeated while the modem restarts or the session is lost.
        settle_s: pause between attempts in the way back.
    """

    platform: ClassVar[str] = PLATFORM
    rollback: ClassVar[Rollback] = Rollback.DEVICE
    restore_by_hand: ClassVar[str] = (
        "profiles come back by playbooks/provision.yml, other files by the gateway's own means"
    )
    abilities: ClassVar[Abilities] = Abilities(
        device_timer=True,
        survives_power_cut=True,
        restore=False,
        # on a modem that has them: ModemManager 1.20 knows slots on QMI and MBIM, not over AT;
        # where there are none a plan that names a slot is refused
        sim_slots=True,
        make_before_break=False,
        signal=True,
        survey=True,
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
        settle_s: int = SETTLE_S,
    ) -> None:
        account = username or access.username
        self._session = ShellSession(access, account, password)
        self._privileged = account in {ROOT, access.username}
        clock = clock or SystemClock()
        self._console = Console(
            self._session,
            (password, *apn_passwords.values()),
            clock,
            patience_s,
            sudo=self._privileged and account != ROOT,
        )
        passwords = ApnPasswords(
            apn_passwords, self._session.subject, "NetworkManager's keyfile", can_send
        )
        self._deadman = DeadMan(self._console, settle_s)
        self._applier = Applier(self._console, passwords, clock, patience_s, settle_s)

    @property
    def console(self) -> Console:
        """The checked console."""
        return self._console

    @property
    def applier(self) -> Applier:
        """What makes commands true."""
        return self._applier

    def identify(self) -> Identity:
        """Distribution and versions. Raises `NotSupportedError` where the daemons are too old."""
        found = self._console.ask_all(labelled_commands(PLATFORM, "identify"))
        network = _version(found["network"].usable)
        modem = _version(found["modem"].usable)
        for name, version, oldest in (
            ("NetworkManager", network, _OLDEST_NETWORK),
            ("ModemManager", modem, _OLDEST_MODEM),
        ):
            parts = tuple(int(part) for part in version.split(".")[:2]) if version else ()
            if parts < oldest:
                raise NotSupportedError(
                    self._console.subject,
                    "identify",
                    f"{name} {version or 'of unknown version'} is older than "
                    f"{oldest[0]}.{oldest[1]}, or not there",
                    "correct platform in site_modem, or upgrade the gateway",
                )
        model = model_of(found["model"].usable) or found["system"].usable.strip() or "Linux"
        version = f"NetworkManager {network}, ModemManager {modem}"
        return Identity(platform=self.platform, model=model, version=version)

    def read_state(self) -> ModemState:
        """A fresh reading. A restarting modem gives a reading without its radio fields."""
        questions = labelled_commands(PLATFORM, "read", privileged=self._privileged)
        found = self._console.ask_all(questions)
        if (count := modem_count(found["modems"])) > 1:
            raise NotSupportedError(
                self._console.subject,
                "read the modem",
                f"ModemManager has {count} modems, and which of them is meant is not known",
                "take one out, or use a gateway of its own for it",
            )
        for answer in (found["active"], found["settings"]):
            if answer.status:  # no connections and no NetworkManager look alike otherwise
                hint = "at the gateway: systemctl status NetworkManager"
                reason = answer.text.strip() or "nmcli failed without a word"
                raise DeviceError(self._console.subject, "read the connections", reason, hint)
        objects = objects_of(found["modem"].usable)
        if any(objects.values()):
            found |= self._console.ask_all(labelled_commands(PLATFORM, "read_objects", **objects))
        return state_of(self.platform, found)

    def render(self, profile: WanProfile, state: ModemState, plan_id: str) -> ChangePlan:
        """Pure; see `linux_plan.render`."""
        return linux_plan.render(profile, state, plan_id, subject=self._console.subject)

    def signal(self) -> Signal:
        """Radio figures now; ModemManager measures only once it was told to, so it is told."""
        question = "mmcli -m any --signal-get -J"
        found = mmcli_parse.signal_of(mmcli_parse.parse(self._console.run(question).out))
        if found == Signal():
            self._console.run(f"mmcli -m any --signal-setup={_SIGNAL_POLL_S}")
            found = mmcli_parse.signal_of(mmcli_parse.parse(self._console.run(question).out))
        return found

    def backup(self) -> str:
        """The WAN connections' keyfiles, without secrets."""
        text = self._console.ask(_BACKUP)
        if "[gsm]" not in text:
            raise DeviceError(
                self._console.subject,
                "read the connections' files",
                f"{FOLDER} has no WAN connection that can be read",
                "the account must be root or may use sudo",
            )
        return redact(text)

    def arm(self, plan: ChangePlan, seconds: int) -> None:
        """Put the timer on the gateway; see `linux_deadman`."""
        self._deadman.arm(plan, seconds)

    def pending(self) -> PendingRollback | None:
        """The timer on the gateway, whoever armed it; `fired` when it has done its work."""
        return self._deadman.pending()

    def apply(self, plan: ChangePlan) -> None:
        """Send the change, each step read back."""
        self._applier.apply(plan.commands)

    def confirm(self, plan_id: str) -> None:
        """Remove the timer and see that it is gone; idempotent."""
        self._deadman.confirm(plan_id)

    def revert(self, plan: ChangePlan) -> None:
        """The old connections now, then the timer away; idempotent."""
        self._applier.apply(plan.undo)
        self._deadman.clear(plan.plan_id)

    def close(self) -> None:
        """End the session."""
        self._session.close()


def _version(text: str) -> str:
    """The first version number in what a tool says of itself; empty when there is none."""
    match = _VERSION.search(text)
    return match[0] if match else ""
