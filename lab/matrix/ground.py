"""The lab made ready for the matrix: raised, provisioned, recording, both carriers good."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from lab import engine, faults, state, workstations
from lab.errors import LabError
from lab.matrix import controller, package, radio
from lab.matrix.office import Office, Shelves
from lab.paths import BUILD, ROOT, WHEELHOUSE

if TYPE_CHECKING:
    from lab.topology import District
    from lab.workstations import Account

GOOD_LINK = "telkomsel_good_4g"  # both carriers pass the gate: a case may start from either
PACE_S = 5
DRAIN_S = 120.0
SIZES = "0.05:1"  # small records, often: the link is the switch's
PLANTS = ("no-fsync", "device-timer-off", "server-only")
_DONE = BUILD / "faults" / "provisioned.json"


def program() -> str:
    """Which program the sites get: the hash of our own wheel. Raises `LabError` without one."""
    wheels = sorted(WHEELHOUSE.glob("rekamatan-*.whl"))
    if not wheels:
        raise LabError(str(WHEELHOUSE), "find our wheel", "there is none", "make wheelhouse")
    return hashlib.sha256(wheels[-1].read_bytes()).hexdigest()[:12]


def raise_lab(sites: int) -> None:
    """`rekamatan-lab up` and the provisioning playbook, unless that is done already."""
    raised = state.raised_sites()
    if len(raised) < sites or not all(engine.nodes().values()):
        _command([sys.executable, "-m", "lab", "up", "--sites", str(max(sites, len(raised)))])
    wanted = {"program": program(), "machines": _machines()}
    if _DONE.exists() and json.loads(_DONE.read_text(encoding="utf-8")) == wanted:
        return
    _command(controller.playbook("provision"))
    _DONE.parent.mkdir(parents=True, exist_ok=True)
    _DONE.write_text(json.dumps(wanted), encoding="utf-8")


def _machines() -> list[str]:
    """Ids of the lab's machines: new ones have nothing on them."""
    names = [engine.container_name(node) for node in sorted(engine.nodes())]
    return engine.podman("inspect", "--format={{.Id}}", *names).split()


def _command(argv: list[str]) -> None:
    done = subprocess.run(argv, cwd=ROOT, env=controller.environment(), check=False)
    if done.returncode:
        raise LabError(" ".join(argv[:4]), "run", f"exit {done.returncode}, see above")


class Ground:
    """The raised district while the matrix runs on it; left as it was found.

    Args:
        district: the lab.
        count: how many of its offices take part.
        plant: a bug to put into the sites' program, or "".
    """

    def __init__(self, district: District, count: int, plant: str = "") -> None:
        self.district = district
        self.plant = plant
        self._shelves = Shelves()
        sites = district.sites[:count]
        self.offices = [Office(site, district, self._shelves) for site in sites]

    def prepare(self) -> None:
        """Good links, breakable radios, people who record, the planted bug."""
        for carrier in self.district.carriers:
            faults.tell_relay(carrier, {"dead": False})
            # One by one: a carrier raised before an office does not know its SIM.
            for site in self.district.sites:
                request = {"profile": GOOD_LINK, "imsi": site.imsi(carrier.slug)}
                faults.tell_relay(carrier, request)
        radio.make_path_faults(self.district)
        for office in self.offices:
            office.mend()
            radio.install(office.site)
            package.set_fsync(office.site, on=self.plant != "no-fsync")
        pace = ["--pace", str(PACE_S), "--sizes", SIZES]
        _command([sys.executable, "-m", "lab", "workstations", "start", *pace])

    def fit(self, office: Office, kind: str) -> None:
        """The office's program and modem for a case of this kind, with the planted bug."""
        planted_kind = "server" if self.plant == "server-only" else kind
        package.set_kind(office.site, planted_kind)
        office.timers_dead = self.plant == "device-timer-off"

    def leave(self) -> list[Account]:
        """As it was found, but for the links' quality and the profile each office is on.

        Returns what became of the offices' records since the lab was raised.
        """
        for office in self.offices:
            office.timers_dead = False
            office.mend()
            package.set_kind(office.site, "device")
            package.set_fsync(office.site, on=True)
            office.pulse.stop()
        radio.remove_path_faults(self.district)
        slugs = [office.site.slug for office in self.offices]
        workstations.stop_all(slugs)
        sites = tuple(office.site for office in self.offices)
        district = replace(self.district, sites=sites)
        return workstations.last_account(district, self._shelves, DRAIN_S)
