"""One office under test, seen from outside: its machines, its journal, its bearer, its records."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from lab import district as lab_district
from lab import engine, faults, network
from lab.errors import LabError
from lab.matrix import journal, radio
from lab.matrix.hold import JournalWatch
from lab.matrix.pulse import Pulse
from lab.shell import comes_true, run, wait_until
from lab.status import held_bearers
from lab.topology import DATA_CENTRE
from lab.workstations import SITE_RECORDS, STORE, Hashes, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.matrix.journal import Line
    from lab.topology import Carrier, District, LabSite

UNITS = ("rekamatan-wan.service", "rekamatan-recover.service")
_WINDOW_S = 3.0
_WORKS = 0.8  # share of answers on a link that works; the lab's links lose a few themselves
_disks = threading.Lock()  # loop devices are handed out one at a time


def _is_off(node: str) -> bool:
    return not engine.is_running(node)


class Shelves(Hashes):
    """What lies where, asked by several offices at once."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def of(self, node: str, directory: str) -> set[str]:
        """See `Hashes.of`."""
        with self._lock:
            return super().of(node, directory)


class Office:
    """One site of the raised lab.

    Args:
        site: which.
        district: the lab.
        shelves: what has arrived at the data centre.
    """

    def __init__(self, site: LabSite, district: District, shelves: Shelves) -> None:
        self.site = site
        self.district = district
        self._shelves = shelves
        self._proven: set[str] = set()  # hashes of records that were seen at the data centre
        self.store: Path = district.disks(site.server)[0].mount
        self.fill: Path = self.store / "matrix-fill"  # takes the last of its disk
        self.flash: Path = district.disks(site.modem)[0].mount
        self.watch = JournalWatch(self.store / "wan")
        self.pulse = Pulse(site.workstation, district.service_address, site.address(1))
        self._inits: dict[str, int] = {}
        self.timers_dead = False

    def ready(self) -> None:
        """Know what a sudden power cut needs to know."""
        nodes = (self.site.server, self.site.modem)
        self._inits = {node: engine.pid(node) for node in nodes}

    # What it does

    def console(self, *argv: str, timeout: float = 60) -> tuple[int, str]:
        """At the recording server's own console: exit status, what was printed."""
        argv_there = engine.exec_argv(self.site.server, list(argv))
        done = run(argv_there, check=False, stdin="", timeout=timeout)
        return done.returncode, done.stdout.strip() or done.stderr.strip()

    def start_switch(self, profile: str, order: str) -> str:
        """As a technician does, without waiting. Returns the run id; raises `LabError`."""
        words = ("--profile", profile, "--change-order", order, "--detach", "--json")
        status, text = self.console("rekamatan", "wan", "switch", *words)
        if status:
            raise LabError(self.site.slug, "start a switch", text[-400:])
        return str(json.loads(text.splitlines()[-1])["run_id"])

    def filed_run(self) -> str:
        """The run that was asked for last; empty when none ever was."""
        found = self._json("request.json")
        return str(found.get("run_id", "")) if found else ""

    # What is true

    def journal(self) -> tuple[Line, ...]:
        """Every sound entry."""
        with contextlib.suppress(OSError):
            return journal.read((self.store / "wan" / journal.FILE).read_bytes())
        return ()

    def outcome(self, run_id: str) -> dict[str, Any] | None:
        """What the site itself says about a run."""
        return self._json(f"outcomes/{run_id}.json")

    def _json(self, name: str) -> dict[str, Any] | None:
        try:
            document = json.loads((self.store / "wan" / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def bearer(self) -> str | None:
        """Profile whose SIM is attached at this moment, by the processes on the host."""
        held = held_bearers()
        sims = self.site.variables["site_sims"]
        found = [name for name, sim in sims.items() if str(sim["imsi"]) in held]
        return found[0] if len(found) == 1 else None

    def carrier_of(self, profile: str) -> Carrier:
        """The carrier behind a profile."""
        return self.district.carrier(self.site.variables["wan_profiles"][profile]["carrier"])

    def other(self, profile: str) -> str:
        """The profile that is not this one."""
        names: list[str] = list(self.site.variables["site_sims"])
        return next(name for name in names if name != profile)

    def link_works(self) -> bool:
        """Whether the data centre has answered lately, as a link should."""
        now = time.monotonic()
        return self.pulse.share(now - _WINDOW_S, now) >= _WORKS

    def powered(self) -> bool:
        """Whether both machines are on."""
        nodes = engine.nodes()
        return bool(nodes.get(self.site.server) and nodes.get(self.site.modem))

    def busy(self) -> bool:
        """Whether a switch or a recovery runs or is about to run again."""
        _, text = self.console("systemctl", "is-active", *UNITS)
        return bool({"active", "activating", "deactivating"} & set(text.split()))

    # Records

    def captured(self) -> dict[str, float]:
        """SHA-256 -> monotonic time of every record that the workstation got a receipt for."""
        shift = time.monotonic() - time.clock_gettime(time.CLOCK_BOOTTIME)
        notes = events(self.site.slug)
        return {e["sha256"]: e["boottime"] + shift for e in notes if e["event"] == "captured"}

    def records(self) -> tuple[int, int]:
        """How many captured records are on their way, and how many are nowhere."""
        missing = set(self.captured()) - self._proven
        if missing:
            self._proven |= self._shelves.of(DATA_CENTRE, STORE)
            missing -= self._proven
        if not missing:
            return 0, 0
        held = self._shelves.of(self.site.server, SITE_RECORDS)
        # One may have travelled between the two looks.
        lost = missing - held - self._shelves.of(DATA_CENTRE, STORE)
        return len(missing) - len(lost), len(lost)

    def arrived_since(self, moment: float) -> bool:
        """Whether a record captured after `moment` is at the data centre."""
        fresh = {digest for digest, at in self.captured().items() if at > moment}
        return bool(fresh) and bool(fresh & self._shelves.of(DATA_CENTRE, STORE))

    # What is done to it

    def cut_power(self, *nodes: str) -> None:
        """At once: cables dead, everything killed; then the disks keep what had reached them."""
        for node in nodes:
            end = network.End(str(self._inits[node]), "lo")
            end.ip(*[f"link set {name} down" for name in self._cables(node)], force=True)
        for node in nodes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._inits[node], signal.SIGKILL)
        for node in nodes:
            wait_until(f"{node} off", partial(_is_off, node), 20)
        with self._disk_changed(self.site.server in nodes), _disks:
            faults.power_cut(self.district, list(nodes), boot=False)

    def _cables(self, node: str) -> tuple[str, ...]:
        if node == self.site.server:
            return ("eth0",)
        radios = [carrier.modem_port for carrier in self.district.carriers]
        return ("ether1", "ether2", *radios)

    @contextlib.contextmanager
    def _disk_changed(self, changed: bool) -> Any:  # noqa: ANN401, FBT001 - a context manager
        """The watch lets go of the old disk, and follows the new one."""
        if changed:
            self.watch.detach()
        yield
        if changed:
            self.watch.attach()

    def power_on(self, *nodes: str) -> None:
        """Boot, the modem first: the server's cable ends there."""
        for node in sorted(nodes):
            lab_district.power_on(node, self.district)
        self.ready()

    def mend(self) -> None:
        """Whatever an earlier case left: power, coverage, path, SIMs, disk, clock, timers."""
        nodes = engine.nodes()
        off = [n for n in (self.site.modem, self.site.server) if not nodes.get(n)]
        self.power_on(*off)
        for carrier in self.district.carriers:
            radio.coverage(self.site, carrier, gone=False)
            radio.path_dead(self.site, carrier, dead=False)
        radio.obey_no_order(self.site)
        self.flash_faults()
        self.fill.unlink(missing_ok=True)

    def flash_faults(self) -> None:
        """The modem's scheduler works, unless the planted bug is that it does not."""
        self.set_timers(dead=self.timers_dead)

    def set_timers(self, *, dead: bool) -> None:
        """Whether the modem's scheduler lists its entries and never runs them."""
        faults_file = self.flash / "faults.json"
        if dead:
            faults_file.write_text(json.dumps({"timers_dead": True}), encoding="utf-8")
        else:
            faults_file.unlink(missing_ok=True)

    def until(self, holds: Callable[[], bool], seconds: float, every: float = 0.5) -> bool:
        """Poll; False when it does not hold within `seconds`."""
        return comes_true(holds, seconds, every)
