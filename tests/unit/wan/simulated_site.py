"""The site of the simulation: two profiles, one modem, and where each profile leads."""

from __future__ import annotations

from dataclasses import dataclass

from rekamatan.models import (
    DataCentre,
    Limits,
    ModemAccess,
    Sim,
    Site,
    WanProfile,
)


@dataclass
class Link:
    """What one profile leads to in this world."""

    card: Sim
    plmn: str
    attach_s: float | None = 10.0  # None: never gets an address (wrong APN, dead SIM)
    path: bool = True  # records reach the data centre
    lets_in: bool = True  # the network accepts the card
    rsrp_dbm: float | None = None


def profile(name: str, slot: str, number: str, plmn: str) -> WanProfile:
    limits = Limits(loss_percent=5, rtt_ms=400, jitter_ms=80, throughput_floor_kbps=512, mtu=1300)
    card = Sim(slot, f"8962{number}0000000000000", f"{plmn}{number}00000000")
    return WanProfile(name, name, "internet", (plmn,), card, limits, attach_timeout_s=60)


def make_site() -> Site:
    return Site(
        slug="kubu",
        code="14.07.01",
        name="Kubu",
        lan="192.168.101.0/24",
        modem=ModemAccess("simulated", "192.168.101.1", ""),
        profiles={
            "indosat": profile("indosat", "up", "11", "51001"),
            "telkomsel": profile("telkomsel", "down", "22", "51010"),
        },
        data_centre=DataCentre("10.77.0.1", (), "https://ingest.example:443", "", "ingest.example"),
        initial_profile="indosat",
    )
