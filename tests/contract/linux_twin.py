"""The Linux gateway for the suite: one booted machine, set back between tests.

Its clock is real. A step of `advance` that a person could wait for is waited for; in a longer one
the timers that fall due in it are started by hand.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from typing import TYPE_CHECKING

from lab.twins.linux.door import Door
from tests.contract.bench import Situation, until
from tests.contract.linux_machines import (
    CONNECTIONS,
    FIRST_SLOT,
    FOLDER,
    HOME_UUID,
    INDOSAT,
    ONE_CARD,
    TROUBLED,
    TWO_SLOTS,
    new_gateway,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from lab.twins.linux.container import Gateway
    from rekamatan.models import WanProfile

DEAD_TIMERS = "/run/systemd/system/timer.d/dead.conf"
OLD_TOOL = "/usr/local/bin/nmcli"
WAITED_S = 40.0
READY_S = 90.0
_CONNECTS_BY_ITSELF = """\
set -- $(nmcli -t -f AUTOCONNECT,TYPE,UUID connection show | sed -n 's/^yes:gsm:/uuid /p')
[ $# = 0 ] || nmcli -t -f gsm.apn connection show "$@"
"""
_LEFT = (
    f"/var/lib/rekamatan-wan {DEAD_TIMERS} {OLD_TOOL} "
    "/etc/systemd/system/rekamatan-wan* /etc/systemd/system/*/rekamatan-wan*"
)
# Each process costs on a busy host, and a reload of systemd more: only where something was left.
_RESTORE = f"""\
systemctl start ModemManager NetworkManager
left=$(ls -d {_LEFT} 2>/dev/null; systemctl list-units --all --no-legend 'rekamatan-wan*')
if [ "$left" ]; then
  systemctl stop rekamatan-wan.timer rekamatan-wan.service 2>/dev/null
  systemctl unmask --quiet rekamatan-wan.service
  rm -rf {_LEFT}
  systemctl daemon-reload
  systemctl reset-failed
fi
rm -f {FOLDER}/* {FOLDER}/.*.new
umask 077; cat > "$1"
"""
# whether it has SIM slots -> the one machine for all tests that leave it as they found it
_KEPT: dict[bool, Gateway] = {}


class LinuxTwin:
    """What the suite looks at and does."""

    def __init__(self, gateway: Gateway, faults: Faults, *, kept: bool) -> None:
        self.gateway = gateway
        self._faults = faults
        self._kept = kept
        self._dead = False
        self._gaps_before = 0
        self._door = Door(gateway.folder, faults, lambda _: self._apply_faults())
        self._door.open()

    @classmethod
    def found_as(cls, directory: Path, situation: Situation, faults: Faults) -> LinuxTwin:
        """Boot it, or take the one that runs, in this situation."""
        del directory
        if situation in TROUBLED:
            twin = cls(new_gateway(TROUBLED[situation]), faults, kept=False)
            twin.gateway.power_on()
            twin.wait(twin.has_modem, "the modem")
            return twin
        twin = cls._kept_one(faults, slots=False)
        if situation is Situation.RESTARTING:
            twin.unplug()
        elif situation is Situation.UNKNOWN_FIRMWARE:
            twin.put(OLD_TOOL, '#!/bin/sh\necho "nmcli tool, version 1.10.0"\n', "755")
        return twin

    @classmethod
    def with_slots(cls, directory: Path, situation: Situation, faults: Faults) -> LinuxTwin:
        """The one whose modem has two SIM slots; nothing else is ever wrong with it."""
        del directory, situation
        return cls._kept_one(faults, slots=True)

    @classmethod
    def _kept_one(cls, faults: Faults, *, slots: bool) -> LinuxTwin:
        """It runs, in the workshop's state."""
        fresh = slots not in _KEPT
        if fresh:
            _KEPT[slots] = new_gateway(TWO_SLOTS if slots else ONE_CARD)
            _KEPT[slots].power_on()
        twin = cls(_KEPT[slots], faults, kept=True)
        if fresh:
            twin.wait(twin.has_modem, "the modem")
        twin.restore()
        return twin

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for it. Raises `AssertionError` with what the daemons have to say."""
        try:
            until(condition, what, READY_S)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.told_by_daemons()}") from late

    def told_by_daemons(self) -> str:
        """What they show now, and the last lines of their journal."""
        return self.gateway.inside(
            "sh", "-c", "mmcli -m any; nmcli device; nmcli -f NAME,AUTOCONNECT,DEVICE,STATE con; "
            "cat /proc/loadavg; "
            "journalctl -b -o short-monotonic -n 80 -u NetworkManager -u ModemManager 2>&1",
            check=False,
        )  # fmt: skip

    # the machine, seen past the driver

    @property
    def port(self) -> int:
        return self._door.port

    @property
    def host_key(self) -> str:
        return self.gateway.host_key

    @property
    def attached(self) -> bool:
        dialled = self.gateway.seen()["dialled"]
        if not (dialled and dialled["address"]):
            return False
        return "wwan0" in self.gateway.inside("ip", "-4", "route", "show", "default", check=False)

    @property
    def gaps(self) -> int:
        return int(self.gateway.seen()["gaps"]) - self._gaps_before

    def is_on(self, profile: WanProfile) -> bool:
        """Whether it connects to this APN by itself, and dialled it last.

        What costs a process comes last: this is asked in a loop.
        """
        seen = self.gateway.seen()
        dialled = seen["dialled"]
        if not dialled or dialled["apn"] != profile.apn:
            return False
        if profile.sim.slot and str(seen["slot"]) != profile.sim.slot:
            return False
        shown = self.gateway.inside("sh", "-c", _CONNECTS_BY_ITSELF, check=False)
        return shown.split() == [f"gsm.apn:{profile.apn}"]

    def shown(self) -> str:
        """Files of the connections and of systemd, and what is left of a timer.

        What arming proved the machine's timers with is transient and goes by itself.
        """
        return self.gateway.inside(
            "sh", "-c", f"for f in {FOLDER}/* /etc/systemd/system/*.*; do echo $f; cat $f; done; "
            "ls -R /var/lib/rekamatan-wan; "
            "systemctl list-unit-files --no-legend 'rekamatan-wan*' | grep -v transient",
            check=False,
        )  # fmt: skip

    def apn_password(self, profile: WanProfile) -> str:
        dialled = self.gateway.seen()["dialled"]
        return str(dialled["password"]) if dialled and dialled["apn"] == profile.apn else ""

    def has_modem(self) -> bool:
        """Whether ModemManager has finished with the stick, one way or the other."""
        return self._modem_state() in {"registered", "connected", "locked", "failed"}

    def has_service(self) -> bool:
        """Whether it has, and the network has taken the card."""
        return self._modem_state() in {"registered", "connecting", "connected", "disconnecting"}

    def _modem_state(self) -> str:
        told = self.gateway.inside("mmcli", "-m", "any", "-K", check=False)
        found = re.search(r"^modem\.generic\.state +: (\S+)$", told, re.MULTILINE)
        return found[1] if found else ""

    def has_settings(self) -> bool:
        """Whether NetworkManager answers for its connections."""
        return "NAME" in self.gateway.inside("nmcli", "connection", "show", check=False)

    def wait_saved(self) -> None:
        """What is to be on disk was put there by the driver."""

    # what is done to it

    def power_cut(self) -> None:
        self._door.close()
        self.gateway.power_cut()

    def boot(self) -> None:
        self.gateway.power_on()
        self._door.open()
        self.wait(self.has_modem, "the modem")

    def advance(self, seconds: float) -> None:
        if seconds <= WAITED_S:
            time.sleep(seconds)
            return
        for timer in self._timers():
            if self._due_in(timer) <= seconds and not self._faults.timers_dead:
                unit = self.gateway.inside("systemctl", "show", "-P", "Unit", timer).strip()
                self.gateway.inside("systemctl", "start", unit)

    def _timers(self) -> list[str]:
        listed = self.gateway.inside("systemctl", "list-units", "--output=json", "rekamatan*.timer")
        return [str(unit["unit"]) for unit in json.loads(listed or "[]")]

    def _due_in(self, timer: str) -> float:
        path = timer.replace("-", "_2d").replace(".", "_2e")
        told = self.gateway.inside(
            "busctl", "get-property", "org.freedesktop.systemd1",
            f"/org/freedesktop/systemd1/unit/{path}", "org.freedesktop.systemd1.Timer",
            "NextElapseUSecMonotonic",
        )  # fmt: skip
        return int(told.split()[1]) / 1e6 - time.monotonic()

    def change_host_key(self) -> None:
        self.gateway.new_host_key()

    def unplug(self) -> None:
        """Pull the stick out, as far as ModemManager is told."""
        for kind, name in (("net", "wwan0"), ("tty", "ttyUSB1"), ("tty", "ttyUSB0")):
            event = f"action=remove,subsystem={kind},name={name}"
            self.gateway.inside("mmcli", f"--report-kernel-event={event}", check=False)
        until(lambda: not self.has_modem(), "the modem gone")

    def put(self, path: str, text: str, mode: str = "600") -> None:
        """Write a file of the machine."""
        command = f"mkdir -p $(dirname {path}) && cat > {path} && chmod {mode} {path}"
        self.gateway.inside("sh", "-c", command, stdin=text)

    def _apply_faults(self) -> None:
        """Timers that are listed and never run: systemd puts each off by ten years."""
        if self._faults.timers_dead and not self._dead:
            self._dead = True
            self.put(DEAD_TIMERS, "[Timer]\nRandomizedDelaySec=10y\n", "644")
            self.gateway.inside("systemctl", "daemon-reload")

    def restore(self) -> None:
        """Back to the workshop's state: what a test left is taken away."""
        for name, text in CONNECTIONS.items():
            self.gateway.inside("sh", "-c", _RESTORE, "sh", f"{FOLDER}/{name}", stdin=text)
        self.wait(self.has_settings, "NetworkManager")
        self.gateway.inside("nmcli", "connection", "reload")
        self._restore_modem()
        self._restore_bearer()
        self._gaps_before = int(self.gateway.seen()["gaps"])

    def _restore_modem(self) -> None:
        """The card in, in the first slot, and ModemManager content with it."""
        if self.gateway.seen()["slot"] not in {None, int(FIRST_SLOT.sim.slot)}:
            self.gateway.inside("mmcli", "-m", "any", "--set-primary-sim-slot=1")
            self.wait(lambda: self.gateway.seen()["slot"] == int(FIRST_SLOT.sim.slot), "the slot")
        elif not self.has_service():
            with contextlib.suppress(OSError):
                self.gateway.stick("in")
            self.gateway.inside("systemctl", "restart", "ModemManager")
        self.wait(self.has_service, "the modem")

    def _restore_bearer(self) -> None:
        """Asked for again and again: NetworkManager learns of the modem after ModemManager has it.

        What failed four times it leaves alone for five minutes, unless it is asked.
        """

        def up() -> bool:
            if self.is_on(INDOSAT) and self.attached:
                return True
            ask = ("nmcli", "--wait", "15", "connection", "up", "uuid", HOME_UUID)
            self.gateway.inside(*ask, check=False)
            return self.is_on(INDOSAT) and self.attached

        self.wait(up, "the first bearer")

    def close(self) -> None:
        """Leave the machine to the next test; a dead or special one is taken away."""
        self._door.close()
        if not self._kept or not self.gateway.running:
            self.gateway.remove()
            for slots, kept in list(_KEPT.items()):
                if kept is self.gateway:
                    del _KEPT[slots]
