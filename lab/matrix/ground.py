"""The lab made ready for the matrix: raised, provisioned, recording, both carriers good."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from lab import engine, faults, state, workstations
from lab.errors import LabError
from lab.matrix import controller, package, radio
from lab.matrix.office import Office, Shelves
from lab.paths import ROOT, WHEELHOUSE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lab.matrix.cases import Case
    from lab.topology import District, LabSite
    from lab.workstations import Account

GOOD_LINK = "telkomsel_good_4g"  # both carriers pass the gate: a case may start from either
PACE_S = 5
DRAIN_S = 120.0
SIZES = "0.05:1"  # small records, often: the link is the switch's
_RELEASE = "/opt/rekamatan/release/SHA256SUMS"  # written by the provisioning, in sha256sum's format
_LAST_SERVICE = "rekamatan-forwarder.service"  # started by the last of a site's roles


def program() -> str:
    """Which program the sites get: the hash of our own wheel. Raises `LabError` without one."""
    wheels = sorted(WHEELHOUSE.glob("rekamatan-*.whl"))
    if not wheels:
        raise LabError(str(WHEELHOUSE), "find our wheel", "there is none", "make wheelhouse")
    return hashlib.sha256(wheels[-1].read_bytes()).hexdigest()[:12]


def raise_lab(count: int) -> None:
    """`rekamatan-lab up` and the provisioning playbook, unless that is done already."""
    raised = state.raised_sites()
    if len(raised) < count or not all(engine.nodes().values()):
        _command([sys.executable, "-m", "lab", "up", "--sites", str(max(count, len(raised)))])
    if not all(provisioned(site) for site in state.load().sites[:count]):
        _command(controller.playbook("provision"))


def provisioned(site: LabSite) -> bool:
    """Whether the site has this tree's release, by whoever it was provisioned, and records."""
    listing = engine.inside(site.server, "cat", _RELEASE, check=False).stdout
    query = ("systemctl", "is-active", "--quiet", _LAST_SERVICE)
    records = engine.inside(site.server, *query, check=False).returncode == 0
    return records and is_ours(listing)


def is_ours(listing: str, tree: Path = ROOT) -> bool:
    """Whether every file of a release (`sha256sum` lines) is the one in `tree`; False for none."""
    rows = [line.partition("  ") for line in listing.splitlines()]
    return bool(rows) and all(digest == _digest(tree, name) for digest, _, name in rows)


def _digest(tree: Path, name: str) -> str:
    # The wheels lie beside the roles at a site, and under build/ here.
    path = tree / ("build" if name.startswith("wheelhouse/") else "") / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _command(argv: list[str]) -> None:
    done = subprocess.run(argv, cwd=ROOT, env=controller.environment(), check=False)
    if done.returncode:
        raise LabError(" ".join(argv[:4]), "run", f"exit {done.returncode}, see above")


def fit_for_cases(sites: Sequence[LabSite]) -> list[LabSite]:
    """The sites whose modem has a timer: every case can be played there, of either kind.

    Says which they are. Raises `LabError` when none is left.
    """
    fit = [site for site in sites if package.has_timer(site.platform)]
    named = ", ".join(f"{site.slug} ({site.platform})" for site in fit)
    left = ", ".join(f"{site.slug} ({site.platform})" for site in sites if site not in fit)
    if not fit:
        hint = "name a site whose modem has a timer among the first of the inventory"
        raise LabError("matrix", "choose offices", f"no modem with a timer: {left}", hint)
    print(f"matrix: plays at {named}{f'; no timer: {left}' if left else ''}", flush=True)
    return fit


class Ground:
    """The raised district while the matrix runs on it; left as it was found.

    Args:
        district: the lab.
        count: how many of its offices take part.
        plants: case -> bug to put into the site's program or modem while it is played.
    """

    def __init__(self, district: District, count: int, plants: Mapping[str, str]) -> None:
        self.district = district
        self._plants = plants
        self._shelves = Shelves()
        sites = fit_for_cases(district.sites[:count])
        self.offices = [Office(site, district, self._shelves) for site in sites]

    def prepare(self) -> None:
        """Good links, breakable radios, people who record."""
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
            # A program that cannot be changed is known before any case.
            package.set_fsync(office.site, on=True)
            package.set_kind(office.site, "device")
        pace = ["--pace", str(PACE_S), "--sizes", SIZES]
        _command([sys.executable, "-m", "lab", "workstations", "start", *pace])

    def fit(self, office: Office, case: Case) -> None:
        """The office's program and modem for a case, with the bug that is planted for it."""
        plant = self._plants.get(case.name, "")
        package.set_kind(office.site, "server" if plant == "server-only" else case.kind)
        if self._plants:
            package.set_fsync(office.site, on=plant != "no-fsync")
        office.timers_dead = plant == "device-timer-off"

    def leave(self) -> list[Account]:
        """As it was found, but for the links' quality and the profile each office is on.

        Returns what became of the offices' records since the lab was raised.
        """
        for office in self.offices:
            office.pulse.stop()
        for office in self.offices:
            office.timers_dead = False
            office.mend()
            package.set_kind(office.site, "device")
            package.set_fsync(office.site, on=True)
        radio.remove_path_faults(self.district)
        slugs = [office.site.slug for office in self.offices]
        workstations.stop_all(slugs)
        sites = tuple(office.site for office in self.offices)
        district = replace(self.district, sites=sites)
        return workstations.last_account(district, self._shelves, DRAIN_S)
