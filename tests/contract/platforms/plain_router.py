"""A plain router: the recording server's own routes, in network namespaces. Needs root."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.bench import Bench, Situation
from tests.contract.uplinks import FIBRE, POSSIBLE, VSAT, Office

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ModemAccess
    from rekamatan.modems.plain_router import PlainRouterDriver

_OFFICES: dict[int, Office] = {}
_NO_RADIO = "a plain router's radio, if it has one, is not asked"


def start(directory: Path, situation: Situation, faults: Faults) -> Office:
    del situation  # the only one is the normal one
    if not POSSIBLE:
        pytest.skip("needs root, iproute2 and ping")
    office = Office(directory, faults)
    office.restore()
    office.watch()
    _OFFICES[office.port] = office
    return office


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> PlainRouterDriver:
    del password, apn_passwords
    return _OFFICES[access.port].driver()


BENCH = Bench(
    platform="plain_router",
    start=start,
    connect=connect,
    password="nobody-logs-in",  # noqa: S106 - not used
    home=FIBRE,
    away=VSAT,
    version="not asked",
    reading="route show",
    switching=("route replace",),
    refusals={"route replace": "Error: Nexthop has invalid gateway."},
    busy={},
    interface="to-fibre",
    transport="none",
    cannot={
        "APN": "an uplink has no APN",
        "SIM": "an uplink has no SIM",
        "radio": _NO_RADIO,
        "signal": _NO_RADIO,
        "link": "the routes are this machine's own: no link lies between",
        "login": "nobody logs in",
        Situation.NO_SIM: "an uplink has no SIM",
        Situation.PIN_LOCKED: "an uplink has no SIM",
        Situation.UNKNOWN_FIRMWARE: "the router is not asked",
        Situation.RESTARTING: "the router is not asked",
        Situation.TIMER_FORBIDDEN: "it has no timer",
    },
)
