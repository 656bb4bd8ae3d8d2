"""Carrying out a plan on a Linux gateway: keyfiles, SIM slot, activation, each read back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError, DeviceError, DeviceUnreachableError, NotSupportedError
from rekamatan.modems import mmcli_parse
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.linux_parse import parse_keyfile
from rekamatan.modems.linux_state import (
    PREFIX,
    bearer_of,
    objects_of,
    parse_active,
    parse_settings,
)
from rekamatan.modems.slot_mover import SETTLE_S, SlotMover
from rekamatan.modems.templates import labelled_commands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.clock import Clock
    from rekamatan.modems.apn_passwords import ApnPasswords
    from rekamatan.modems.linux_console import Console
    from rekamatan.modems.linux_state import Connection

_INSTALL = re.compile(r"\bmv \S+ (\S+/([^/\s]+)\.nmconnection) ")
_TOGGLE = re.compile(r"^nmcli connection modify uuid (\S+) connection\.autoconnect (yes|no)")
_DELETE = re.compile(r"^nmcli connection delete uuid (\S+)")
_UP = re.compile(r"^nmcli --wait 0 connection up uuid (\S+)$")
_SLOT = re.compile(r"--set-primary-sim-slot=(\d+)$")
_DELETED = r"Connection '.*' \([\w-]+\) successfully deleted\."
_SWITCHED = re.compile(r"successfully requested", re.IGNORECASE)
_UNSUPPORTED = re.compile(r"Unsupported|not supported", re.IGNORECASE)
_NOT_YET = re.compile(
    r"No suitable device found|is not running|not available|couldn't find|No modems"
)
_POLL_S = 0.5
# NetworkManager takes the old connection down before it says that the new one is coming up
_NOTICES_S = 6.0


class ModemSlots:
    """ModemManager's SIM slots."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def read(self) -> str | None:
        """The active slot; None while the modem restarts, or where it has none."""
        return mmcli_parse.slot_of(mmcli_parse.parse(self._console.run("mmcli -m any -J").out))

    def choose(self, slot: str) -> None:
        """Ask once. Raises `NotSupportedError` for a modem that cannot, `ApplyError` if refused."""
        command = f"mmcli -m any --set-primary-sim-slot={slot}"
        done = self._console.run(command)
        printed = f"{done.err}\n{done.out}".strip()
        if not done.status and _SWITCHED.search(printed):
            return
        reason = printed.splitlines()[0] if printed else "it said nothing"
        if _UNSUPPORTED.search(printed):
            hint = 'set slot: "" for this profile in site_sims: this modem has one SIM at a time'
            raise NotSupportedError(self._console.subject, f"select SIM slot {slot}", reason, hint)
        raise ApplyError(self._console.subject, f"run {command}", reason)


class Applier:
    """Makes a plan's commands true, surviving a lost session and a restarting modem.

    Args:
        console: the checked console.
        passwords: of the APNs.
        clock: for deadlines.
        patience_s: how long one command may take to become true.
        settle_s: how long the old SIM slot may still be told.
    """

    def __init__(
        self,
        console: Console,
        passwords: ApnPasswords,
        clock: Clock,
        patience_s: float,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._console = console
        self._passwords = passwords
        self._clock = clock
        self._patience_s = patience_s
        self._mover = SlotMover(console, ModemSlots(console), clock, patience_s, settle_s)

    def apply(self, commands: Iterable[str]) -> None:
        """Carry out the commands of a plan, in order.

        Raises:
            ApplyError: the gateway refused, or accepted and did not apply.
            DeviceUnreachableError: it did not come back in time.
        """
        commands = tuple(commands)
        bodies = {command: self._filled(command) for command in commands}  # before anything is sent
        written = {
            _uuid_in(bodies[command])
            for command in commands
            if _INSTALL.search(command) and not self._is_true(command, bodies[command])
        }
        for command in commands:
            if match := _SLOT.search(command):
                self._mover.move(match[1], command)
            elif match := _UP.match(command):
                self._bring_up(command, match[1], again=match[1] in written)
            else:
                self._make_true(command, bodies[command])

    def _filled(self, command: str) -> str:
        """What the command reads on its standard input, with the password in it."""
        _, _, body = command.partition("\n")
        if SECRET not in body:
            return body
        match = _INSTALL.search(command)
        name = match[2].removeprefix(PREFIX) if match else ""
        return body.replace(SECRET, self._passwords.filling((body,), name))

    def _make_true(self, command: str, body: str) -> None:
        """Send it unless it is true; see that it is."""
        head, _, _ = command.partition("\n")
        expected = _DELETED if _DELETE.match(head) else ""

        def done() -> bool:
            if self._is_true(command, body):
                return True
            self._console.tell(head, body, expected=expected)
            if not self._is_true(command, body):
                raise self._not_applied(head)
            return True

        self._console.wait(done, lambda: self._not_applied(head))

    def _not_applied(self, command: str, shown: str = "") -> ApplyError:
        reason = f"accepted but not applied{': ' if shown else ''}{shown}"
        return ApplyError(self._console.subject, f"run {command}", reason)

    def _is_true(self, command: str, body: str) -> bool:
        """Whether the configuration is as this command makes it; what moves no file is not."""
        if match := _INSTALL.search(command):
            return self._installed(match[1], body)
        if match := _TOGGLE.match(command):
            found = self._connection(match[1])
            return found is not None and found.autoconnect == (match[2] == "yes")
        if match := _DELETE.match(command):
            return self._connection(match[1]) is None
        return False

    def _installed(self, path: str, body: str) -> bool:
        """Whether the file is this one, and NetworkManager has read it."""
        if self._console.run(f"cat {path}").out != body:
            return False
        keyfile = parse_keyfile(body)
        found = self._connection(keyfile["connection"]["uuid"])
        gsm = keyfile["gsm"]
        return found is not None and (found.apn, found.username, found.sim_id) == (
            gsm["apn"],
            gsm.get("username", ""),
            gsm.get("sim-id", ""),
        )

    def _connection(self, uuid: str) -> Connection | None:
        command = f"nmcli -t -f connection,gsm,ppp connection show uuid {uuid}"
        return next(iter(parse_settings(self._console.run(command).out)), None)

    # activation

    def _bring_up(self, command: str, uuid: str, *, again: bool) -> None:
        """Ask for the connection and see NetworkManager leave the one before.

        Whether the carrier accepts it is not asked here: that is for the gate to judge.
        """
        deadline = self._clock.monotonic() + self._patience_s
        asked: float | None = None
        trouble: DeviceError = self._not_applied(command)
        while True:
            try:
                if asked is None and (again or not self._is_up(uuid)):
                    again = False  # when its answer is lost it may have been done: look first
                    self._console.tell(command, expected=r"Connection successfully activated.*")
                    asked = self._clock.monotonic()
                if set(self._active()) <= {uuid}:
                    return
                if asked and self._clock.monotonic() - asked > _NOTICES_S:
                    raise self._not_applied(command, "another connection is still active")
            except DeviceUnreachableError as lost:
                trouble = lost
            except DeviceError as refused:
                if not _NOT_YET.search(refused.reason):
                    raise
                trouble = refused
            if self._clock.monotonic() >= deadline:
                raise trouble
            self._clock.sleep(_POLL_S)

    def _is_up(self, uuid: str) -> bool:
        """Whether the connection is up, and with the APN that its file has now."""
        state, found = self._active().get(uuid), self._connection(uuid)
        if state is None or found is None:
            return False
        return state != "activated" or self._live_apn() in {found.apn, None}

    def _live_apn(self) -> str | None:
        """The APN of the bearer that is up; None while there is none."""
        modem = self._console.run("mmcli -m any -J").out
        questions = labelled_commands("linux", "read_objects", **objects_of(modem))
        found = self._console.ask_all(questions)
        bearer = bearer_of(found["bearers"].text if "bearers" in found else "")
        return mmcli_parse.first(bearer, "bearer.properties.apn")

    def _active(self) -> dict[str, str]:
        command = dict(labelled_commands("linux", "read", privileged=False))["active"]
        return parse_active(self._console.ask(command))


def _uuid_in(body: str) -> str:
    return parse_keyfile(body)["connection"]["uuid"]
