"""The Linux gateway for the suite: one booted machine, set back between tests.

Its clock is real. A step of `advance` that a person could wait for is waited for; in a longer one
the timers that fall due in it are started by hand.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.twins.harness import SIMS
from lab.twins.linux import machine
from lab.twins.linux.container import Gateway, possible
from lab.twins.linux.door import Door
from tests.contract.bench import Situation, profile, until

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from rekamatan.models import WanProfile

PASSWORD = "switch-pw-7Q"  # noqa: S105 - of the twin alone
SIM = SIMS["up"]
INDOSAT = profile("indosat", "indosatgprs", SIM, "")
OTHER = profile("telkomsel", "internet", SIM, "")
PAID = profile("paid", "vpn.telkomsel", SIM, "", auth="pap", username="kubu")
APNS = {SIM["plmn"]: ["indosatgprs", "internet", "vpn.telkomsel", "corrected"]}
CARD = {"iccid": SIM["iccid"], "imsi": SIM["imsi"], "plmn": SIM["plmn"], "operator": "Indosat"}
HOME_UUID = "6c1f9f6e-8e0b-5c3c-8f0a-7d1c00000001"
CONNECTIONS = {
    "wan-indosat.nmconnection": machine.connection(
        INDOSAT.name, INDOSAT.apn, HOME_UUID, INDOSAT.sim.iccid
    )
}
FOLDER = "/etc/NetworkManager/system-connections"
DEAD_TIMERS = "/run/systemd/system/timer.d/dead.conf"
OLD_TOOL = "/usr/local/bin/nmcli"
WAITED_S = 40.0
READY_S = 90.0
_MODEMS: dict[Situation, dict[str, Any]] = {
    Situation.NO_SIM: {"card": None, "apns": APNS},
    Situation.PIN_LOCKED: {"card": CARD | {"pin": "1234"}, "apns": APNS},
}
_NUMBERS = itertools.count(1)
# one machine for all tests that leave it as they found it
_KEPT: list[Gateway] = []


def new_gateway(modem: dict[str, Any] | None = None) -> Gateway:
    """A machine that has never booted."""
    if reason := possible():
        pytest.skip(f"the Linux gateway is a container: {reason}")
    name = f"rekamatan-gateway-{os.getpid()}-{next(_NUMBERS)}"
    folder = Path(tempfile.mkdtemp(prefix="rkmt-"))
    told = modem or {"card": CARD, "apns": APNS}
    gateway = Gateway(name, folder, told, CONNECTIONS, PASSWORD)
    atexit.register(gateway.remove)
    return gateway


def connected_as(name: str, apn: str) -> str:
    """A WAN connection that someone made by hand."""
    uuid = "0b0b0b0b-8e0b-5c3c-8f0a-7d1c00000002"
    return machine.connection(name, apn, uuid, SIM["iccid"]).replace(f"id=wan-{name}", f"id={name}")


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
        if situation in _MODEMS:
            twin = cls(new_gateway(_MODEMS[situation]), faults, kept=False)
            twin.gateway.power_on()
            until(twin.has_modem, "the modem", READY_S)
            return twin
        if not _KEPT:
            _KEPT.append(new_gateway())
            _KEPT[0].power_on()
        twin = cls(_KEPT[0], faults, kept=True)
        twin.restore()
        if situation is Situation.RESTARTING:
            twin.unplug()
        elif situation is Situation.UNKNOWN_FIRMWARE:
            twin.put(OLD_TOOL, '#!/bin/sh\necho "nmcli tool, version 1.10.0"\n', "755")
        return twin

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
        route = self.gateway.inside("ip", "-4", "route", "show", "default", check=False)
        return bool(dialled and dialled["address"]) and "wwan0" in route

    @property
    def gaps(self) -> int:
        return int(self.gateway.seen()["gaps"]) - self._gaps_before

    def is_on(self, profile: WanProfile) -> bool:
        """Whether it connects to this APN by itself, and dialled it last."""
        fields = "connection.autoconnect,gsm.apn"
        shown = self.gateway.inside(
            "sh", "-c",
            "nmcli -t -f UUID,TYPE connection show | sed -n 's/:gsm$//p' | "
            f"while read -r uuid; do nmcli -g {fields} connection show $uuid | xargs; done",
            check=False,
        )  # fmt: skip
        own = [line.split()[-1] for line in shown.splitlines() if line.startswith("yes")]
        dialled = self.gateway.seen()["dialled"]
        return own == [profile.apn] and bool(dialled) and dialled["apn"] == profile.apn

    def shown(self) -> str:
        """Files of the connections and of systemd, and what is left of a timer."""
        return self.gateway.inside(
            "sh", "-c", f"for f in {FOLDER}/* /etc/systemd/system/*.*; do echo $f; cat $f; done; "
            "ls -R /var/lib/rekamatan-wan; systemctl list-unit-files 'rekamatan-wan*'",
            check=False,
        )  # fmt: skip

    def apn_password(self, profile: WanProfile) -> str:
        dialled = self.gateway.seen()["dialled"]
        return str(dialled["password"]) if dialled and dialled["apn"] == profile.apn else ""

    def has_modem(self) -> bool:
        """Whether ModemManager has finished with the stick, one way or the other."""
        told = self.gateway.inside("mmcli", "-m", "any", "-K", check=False)
        return any(
            f": {state}\n" in told for state in ("registered", "connected", "locked", "failed")
        )

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
        until(self.has_modem, "the modem", READY_S)

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
        inside = self.gateway.inside
        inside("systemctl", "start", "ModemManager", "NetworkManager")
        until(self.has_settings, "NetworkManager", READY_S)
        if inside("ls", "/var/lib/rekamatan-wan", check=False) or self._timers():
            inside("systemctl", "stop", "rekamatan-wan.timer", "rekamatan-wan.service", check=False)
        inside(
            "sh", "-c", f"rm -rf /var/lib/rekamatan-wan /etc/systemd/system/rekamatan-wan* "
            f"/etc/systemd/system/*/rekamatan-wan* {DEAD_TIMERS} {OLD_TOOL} {FOLDER}/* "
            f"{FOLDER}/.*.new; systemctl unmask --quiet rekamatan-wan.service; "
            "systemctl daemon-reload; systemctl reset-failed",
        )  # fmt: skip
        for name, text in CONNECTIONS.items():
            self.put(f"{FOLDER}/{name}", text)
        inside("nmcli", "connection", "reload")
        if not self.has_modem():
            with contextlib.suppress(Exception):
                self.gateway.stick("in")
            inside("systemctl", "restart", "ModemManager")
        until(self.has_modem, "the modem", READY_S)
        if not (self.is_on(INDOSAT) and self.attached):
            inside("nmcli", "--wait", "60", "connection", "up", "uuid", HOME_UUID, check=False)
        until(lambda: self.is_on(INDOSAT) and self.attached, "the first bearer", READY_S)
        self._gaps_before = int(self.gateway.seen()["gaps"])

    def close(self) -> None:
        """Leave the machine to the next test; a dead or special one is taken away."""
        self._door.close()
        if not self._kept or not self.gateway.running:
            self.gateway.remove()
            _KEPT[:] = [kept for kept in _KEPT if kept is not self.gateway]
