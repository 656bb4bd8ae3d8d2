"""A survey by the real transaction with the real driver on a twin; only the gate is played."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rekamatan.clock import SystemClock
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from rekamatan.wan.sightings import Sighting, sightings
from tests.faults.office import PlayedGate, quiet_ports, site_of

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import SwitchOutcome
    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin

ATTACH_S = 25


def survey(
    bench: Bench, twin: Twin, driver: ModemDriver, root: Path, *, minutes: int = 60
) -> tuple[SwitchOutcome | None, Sighting | None]:
    """Go and hear `bench.away` in a window of `minutes` from now; how it ended, what was heard."""
    profiles = {
        profile.name: replace(profile, attach_timeout_s=ATTACH_S)
        for profile in (bench.home, bench.away)
    }
    site = site_of(bench.access(twin), profiles, bench.home.name)
    ports = quiet_ports(root, driver, PlayedGate(lambda _: twin.attached))
    now = SystemClock().wall()
    window = f"{now.isoformat()}/{(now + timedelta(minutes=minutes)).isoformat()}"
    request = SwitchRequest("w20260301-000000-aaaa", "survey", bench.away.name, "", window=window)
    filed = Filed(request, ports.clock.boot_id(), ports.clock.monotonic())
    outcomes = carry_out(site, ports, filed)
    heard = sightings(ports.disk).get(bench.away.name)
    return (outcomes[-1] if outcomes else None), heard
