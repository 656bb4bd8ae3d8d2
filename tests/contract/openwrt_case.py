"""Twin, profiles and driver for OpenWrt (both protocols) and RutOS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab.twins.engine.radio import MemoryRadio
from lab.twins.harness import APNS, DEFAULTS, RunningTwin
from lab.twins.openwrt import config
from lab.twins.openwrt.device import Device
from lab.twins.openwrt.ssh_front import UnixFront
from rekamatan.models import Limits, ModemAccess, Sim, WanProfile
from rekamatan.modems.openwrt import OpenwrtDriver
from rekamatan.modems.rutos import RutosDriver

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults

PASSWORD = DEFAULTS["users"]["rekamatan"]["password"]
KINDS = ("modemmanager", "qmi", "rutos")
SIMS = {
    "1": {
        "iccid": "8962010000000000017",
        "imsi": "510010000000017",
        "carrier": "indosat",
        "plmn": "51001",
    },
    "2": {
        "iccid": "8962100000000000025",
        "imsi": "510100000000025",
        "carrier": "telkomsel",
        "plmn": "51010",
    },
}
LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
Driver = OpenwrtDriver | RutosDriver


class RunningRouter(RunningTwin):
    """A booted router; flash and the modem's own memory survive `power_cut` and `boot`."""

    def __init__(self, directory: Path, kind: str, faults: Faults, **overrides: object) -> None:
        self.kind = kind
        settings: dict[str, Any] = {
            "kind": kind,
            "sims": SIMS,
            "users": {"root": {"password": PASSWORD}},
            "initial": {"profile": "indosat", "sim_slot": "1", "apn": "indosatgprs"},
        }
        super().__init__(directory, faults, **(settings | overrides))

    async def _boot(self) -> None:
        self.radio = MemoryRadio(APNS)
        document = json.loads(json.dumps(self._document))
        document.pop("startup_s")
        self.device = Device(config.parse(document), self.radio, self._faults)  # type: ignore[assignment]
        await self.device.start()
        self._front = UnixFront(self.device, self.host_key_file)  # type: ignore[arg-type]
        self.port = await self._front.start("127.0.0.1", self.port)

    def console(self, line: str, username: str = "root") -> str:
        return super().console(line, username)

    def wait_reachable(self) -> None:
        """Nothing: the SSH server is up as soon as the device has booted."""


def boot_router(directory: Path, kind: str, faults: Faults, **overrides: object) -> RunningRouter:
    """A router that answers; its bearer may not be up yet."""
    return RunningRouter(directory, kind, faults, **overrides)


def profile(name: str, apn: str, slot: str, **more: object) -> WanProfile:
    """A WAN profile whose SIM is the one in the twin's slot."""
    sim = Sim(slot=slot, iccid=SIMS[slot]["iccid"], imsi=SIMS[slot]["imsi"])
    return WanProfile(
        name=name,
        carrier=name,
        apn=apn,
        plmns=(SIMS[slot]["plmn"],),
        sim=sim,
        limits=LIMITS,
        **more,
    )  # type: ignore[arg-type]


INDOSAT = profile("indosat", "indosatgprs", "1")
TELKOMSEL = profile("telkomsel", "internet", "2")


def access(twin: RunningRouter, host_key: str = "") -> ModemAccess:
    rutos = twin.kind == "rutos"
    return ModemAccess(
        platform="rutos" if rutos else "openwrt",
        host="127.0.0.1",
        host_key=host_key or twin.host_key,
        username="root",
        read_username="root",
        port=twin.port,
        interface="mob1s1a1" if rutos else "wwan",
    )


def driver_of(twin: RunningRouter, password: str = PASSWORD, **more: float) -> Driver:
    kind = RutosDriver if twin.kind == "rutos" else OpenwrtDriver
    settings: dict[str, Any] = {"patience_s": 8.0, "settle_s": 1} | more
    return kind(access(twin), password, {"vpnapn": "geheim'$1"}, **settings)
