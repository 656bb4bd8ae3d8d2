"""What happens to a district while it records: one fault after another, each mended first.

Every fault ends with both sides running again; what they lost by it is found out at the end.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lab.shell import wait_until
from tests.soak.steps import PURGE, plan

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.soak.district import SoakDistrict
    from tests.soak.nodes import Office, Program

_TRIP_WITHIN_S = 15.0
_TRIES = 4
_CARRIERS = ("telkomsel_good_4g", "apn_m2m_1m", "cell_4g_weak", "vsat_geo")


class Faults:
    """The menu, drawn from with a seeded chance."""

    def __init__(self, district: SoakDistrict, chance: random.Random, speed: float) -> None:
        self._district = district
        self._chance = chance
        self._speed = speed
        self.counts: dict[str, int] = {}
        self.steps: dict[str, int] = {}  # cuts at each step, `service: side step`
        self.log: list[str] = []
        self._menu: dict[str, tuple[Callable[[], str], int]] = {
            "kill intake": (self._kill_intake, 2),
            "kill forwarder": (self._kill_forwarder, 2),
            "kill ingest": (self._kill_ingest, 2),
            "power cut of an office": (self._office_power, 3),
            "power cut of the data centre": (self._centre_power, 3),
            "power cut at a step": (lambda: self._cut_at(*chance.choice(plan())), 13),
            "full disk at an office": (self._office_full, 2),
            "full disk at the data centre": (self._centre_full, 2),
            "link outage": (self._outage, 3),
            "carrier switch": (self._carrier_switch, 2),
            "database restart": (self._database_restart, 1),
            "spare server": (self._spare_server, 1),
        }

    def every_kind(self) -> list[str]:
        """One of each, in random order."""
        return self._chance.sample(list(self._menu), len(self._menu))

    def draw(self) -> str:
        """A kind by its weight."""
        names = list(self._menu)
        weights = [weight for _, weight in self._menu.values()]
        return self._chance.choices(names, weights)[0]

    def inject(self, name: str) -> None:
        """Do it and mend it; it counts once it has happened."""
        began = time.monotonic()
        self._note(name, self._menu[name][0](), began)

    def _note(self, name: str, detail: str, began: float) -> None:
        if detail != "missed":
            self.counts[name] = self.counts.get(name, 0) + 1
        self.log.append(f"{began:.0f} {name}: {detail} ({time.monotonic() - began:.1f} s)")

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def _office(self) -> Office:
        return self._chance.choice(self._district.offices)

    def _pause(self, low: float, high: float) -> None:
        """A random moment, so that faults fall anywhere within a record."""
        time.sleep(self._chance.uniform(low, high))

    def _kill_intake(self) -> str:
        return self._kill(self._office().intake)

    def _kill_forwarder(self) -> str:
        return self._kill(self._office().forwarder)

    def _kill_ingest(self) -> str:
        self._district.centre.ingest.kill()
        self._district.centre.start()
        return "ingest"

    def _kill(self, program: Program) -> str:
        program.kill()
        office = next(o for o in self._district.offices if program in o.programs)
        program.start(office.environment)
        return office.slug

    def _office_power(self) -> str:
        office = self._office()
        self._pause(0, 1)
        office.power_cut()
        return office.slug

    def _centre_power(self) -> str:
        self._pause(0, 1)
        self._district.centre.power_cut()
        return "centre"

    def cut_at(self, service: str, side: str, step: str) -> None:
        """One aimed cut, tried again when the service did not come to that step."""
        for _ in range(_TRIES):
            began = time.monotonic()
            detail = self._cut_at(service, side, step)
            self._note("power cut at a step", detail, began)
            if detail != "missed":
                return

    def _cut_at(self, service: str, side: str, step: str) -> str:
        """Let one service die at a durable step of its own, and the power with it."""
        office, centre = self._district.offices[0], self._district.centre  # the busiest office
        program = {"intake": office.intake, "forwarder": office.forwarder}.get(
            service, centre.ingest
        )
        # A purge finds as many as came since the last; of the others, not always the first.
        passing = 0 if step in PURGE else self._chance.randrange(3)
        trip = {
            "SOAK_TRIP": f"{side} {step}",
            "SOAK_PASS": str(passing),
            "SOAK_STEPS": str(self._district.steps),
        }
        program.kill()
        program.start({**office.environment, **trip}, wait=False)
        tripped = program.died(_TRIP_WITHIN_S)
        (centre if service == "ingest" else office).power_cut()
        if not tripped:
            return "missed"
        name = f"{service}: {side} {step}"
        self.steps[name] = self.steps.get(name, 0) + 1
        return name

    def _office_full(self) -> str:
        office = self._office()
        ballast = office.disk.fill()
        self._pause(2, 4)
        ballast.unlink(missing_ok=True)
        for program in office.programs:  # systemd starts what a full disk ended
            if not program.alive:
                program.kill()
                program.start(office.environment)
        return office.slug

    def _centre_full(self) -> str:
        centre = self._district.centre
        ballast = centre.disk.fill()
        self._pause(2, 4)
        ballast.unlink(missing_ok=True)
        if not self._district.database_answers():
            centre.postgres.crash()
            centre.postgres.boot()
        if not centre.ingest.alive:
            centre.ingest.kill()
            centre.start()
        return "centre"

    def _outage(self) -> str:
        office = self._office()
        self._district.tell_carriers(site=office.slug, down=True)
        self._pause(2, 6)
        self._district.tell_carriers(site=office.slug, down=False)
        return office.slug

    def _carrier_switch(self) -> str:
        """Another carrier gives another address; connections of the old one die in silence."""
        office = self._office()
        self._district.tell_carriers(site=office.slug, down=True)
        profile = self._chance.choice(_CARRIERS)
        self._district.tell_carriers(site=office.slug, profile=profile, speed=self._speed)
        office.address = 2 + (office.address - 1) % 200
        office.wire()
        self._district.tell_carriers(site=office.slug, down=False)
        return f"{office.slug} to {profile}"

    def _database_restart(self) -> str:
        centre = self._district.centre
        centre.postgres.stop()
        centre.postgres.start()
        wait_until("database", self._district.database_answers, 30)
        return "centre"

    def _spare_server(self) -> str:
        office = self._office()
        office.replace_server()
        return office.slug
