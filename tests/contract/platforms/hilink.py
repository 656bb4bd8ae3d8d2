"""Huawei HiLink: the twin of a B525, over its HTTP interface. One card, two APNs of its carrier."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from lab.twins.hilink import xml
from lab.twins.hilink.running import CARD, PASSWORD, RunningHilink
from rekamatan.modems import hilink_session
from rekamatan.modems.hilink import HilinkDriver
from tests.contract.bench import HUNG_S, Bench, Situation, profile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ModemAccess, WanProfile

SITUATIONS: dict[Situation, dict[str, object]] = {
    Situation.NORMAL: {},
    Situation.NO_SIM: {"sims": {}},
    Situation.PIN_LOCKED: {"pin_locked": True},
    Situation.UNKNOWN_FIRMWARE: {"model": ""},
}


class HilinkTwin(RunningHilink):
    """What the suite looks at and does, past the HTTP interface."""

    host_key = ""

    @property
    def attached(self) -> bool:
        return self.device.dialer.bearer is not None

    @property
    def gaps(self) -> int:
        return self.device.dialer.gaps

    def is_on(self, profile: WanProfile) -> bool:
        row = next(row for row in self.device.profiles if row["Name"] == self.device.active)
        return (row["Name"], row["ApnName"]) == (profile.name, profile.apn) and self.device.data_on

    def shown(self) -> str:
        return json.dumps(self.device._document())

    def apn_password(self, profile: WanProfile) -> str:
        rows = [row for row in self.device.profiles if row["Name"] == profile.name]
        return rows[0]["Password"] if rows else ""

    def advance(self, seconds: float) -> None:
        """Nothing on this device waits for a time."""

    def change_host_key(self) -> None:
        raise NotImplementedError("HTTP has no host key")


def start(directory: Path, situation: Situation, faults: Faults) -> HilinkTwin:
    return HilinkTwin(directory, faults, **SITUATIONS[situation])


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> HilinkDriver:
    admin = dataclasses.replace(access, username="admin")
    return HilinkDriver(admin, password, apn_passwords, patience_s=8.0)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hilink_session, "ANSWER_TIMEOUT_S", HUNG_S)


BENCH = Bench(
    platform="hilink",
    start=start,
    connect=connect,
    password=PASSWORD,
    home=profile("internet", "internet", CARD, ""),
    away=profile("ktp", "ktp.telkomsel", CARD, ""),
    paid=profile("paid", "vpn.telkomsel", CARD, "", auth="pap", username="kubu"),
    version="11.189.63.00.74",
    reading="GET dialup/profiles",
    switching=("<dataswitch>0<", "<Modify>1<", "<SetDefault>2<", "<dataswitch>1<"),
    refusals={
        "<dataswitch>0<": xml.error(100001),
        "<Modify>1<": xml.error(100005),
        "<SetDefault>2<": xml.error(100006),
        "<dataswitch>1<": "<response>FAILED</response>",
    },
    busy={"POST dialup/profiles": xml.error(100004)},
    transport="http",
    cannot={
        "interface": "it names neither its interface nor its routes",
        Situation.RESTARTING: "its page answers again only when the modem is ready",
        Situation.TIMER_FORBIDDEN: "it has no timer",
    },
    hurry=hurry,
)
