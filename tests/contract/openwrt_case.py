"""Twin, profiles and driver for OpenWrt (both protocols) and RutOS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.twins.engine.radio import MemoryRadio
from lab.twins.harness import APNS, DEFAULTS, RunningTwin
from lab.twins.openwrt import config
from lab.twins.openwrt.device import Device
from lab.twins.openwrt.ssh_front import UnixFront
from rekamatan.models import ModemAccess
from rekamatan.modems.openwrt import OpenwrtDriver
from rekamatan.modems.rutos import RutosDriver
from tests.contract.bench import profile

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.models import ChangePlan, WanProfile

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
Driver = OpenwrtDriver | RutosDriver
OLD, NEW = ("1", "indosatgprs", "indosat"), ("2", "internet", "telkomsel")  # as in `selected`
# the three ways to choose a SIM slot, one a kind
SLOT = "gsmctl -Y|set-primary-sim-slot|uim-switch-slot"
# run a test on all three kinds; without it, on qmi
every = pytest.mark.parametrize("kind", KINDS, indirect=True)


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
        self.device = Device(config.parse(document), self.radio, self._faults, self._clock)  # type: ignore[assignment]
        await self.device.start()
        self._front = UnixFront(self.device, self.host_key_file)  # type: ignore[arg-type]
        self.port = await self._front.start("127.0.0.1", self.port)

    def choose_slot(self, slot: str) -> None:
        """Someone changes the SIM slot past the shell; the modem restarts."""
        self._loop.call_soon_threadsafe(self.device.modem.choose_slot, slot)
        self.wait_for(lambda: self.device.modem.slot == slot, "the slot was not chosen")

    def console(self, line: str, username: str = "root") -> str:
        return super().console(line, username)

    def is_on(self, profile: WanProfile) -> bool:
        """Whether slot, APN and name are committed as in the profile."""
        slot, apn, name = self.selected()
        return (slot, apn, name) == (profile.sim.slot or slot, profile.apn, profile.name)

    def selected(self) -> tuple[str, str, str]:
        """SIM slot, APN and profile's name as the device itself has them committed."""
        slot = str(self.device.modem.slot)
        text = self.device.files.read("/etc/config/network")
        block = text.split(f"config interface '{self.section(slot)}'")[1].split("config ")[0]
        values = dict(line.split(None, 2)[1:] for line in block.splitlines() if line.strip())
        return (
            slot,
            values.get("apn", "").strip("'"),
            values.get("rekamatan_profile", "").strip("'"),
        )

    def section(self, slot: str = "1") -> str:
        """The interface of a SIM slot."""
        return f"mob1s{slot}a1" if self.kind == "rutos" else "wwan"

    def shown(self) -> str:
        """Configuration, uncommitted changes, SIM slot, and whatever was put on flash."""
        lists = "ls /etc; ls /etc/rc.d; ls /etc/config; ls /etc/init.d"
        return self.console(f"uci export; uci changes; {lists}") + str(self.device.modem.slot)

    def apn_password(self, profile: WanProfile) -> str:
        """What the device would dial with."""
        return self.console(f"uci -q get network.{self.section(profile.sim.slot)}.password").strip()


def boot_router(directory: Path, kind: str, faults: Faults, **overrides: object) -> RunningRouter:
    """A router that answers; its bearer may not be up yet."""
    return RunningRouter(directory, kind, faults, **overrides)


def card(name: str, apn: str, slot: str, **more: object) -> WanProfile:
    """A WAN profile whose SIM is the one in the twin's slot."""
    return profile(name, apn, SIMS[slot], slot, **more)


INDOSAT = card("indosat", "indosatgprs", "1")
TELKOMSEL = card("telkomsel", "internet", "2")
PAID = card("paid", "vpn.telkomsel", "2", auth="pap", username="kubu")


def access(twin: RunningRouter, host_key: str = "") -> ModemAccess:
    return ModemAccess(
        platform="rutos" if twin.kind == "rutos" else "openwrt",
        host="127.0.0.1",
        host_key=host_key or twin.host_key,
        username="root",
        read_username="root",
        port=twin.port,
        interface=twin.section(),
    )


def driver_of(twin: RunningRouter, password: str = PASSWORD, **more: float) -> Driver:
    kind = RutosDriver if twin.kind == "rutos" else OpenwrtDriver
    settings: dict[str, Any] = {"patience_s": 8.0, "settle_s": 1} | more
    return kind(access(twin), password, {"vpnapn": "geheim'$1"}, **settings)


def switch_plan(driver: Driver, plan_id: str = "run-1") -> ChangePlan:
    return driver.render(TELKOMSEL, driver.read_state(), plan_id)


def settled_on(twin: RunningRouter, wanted: tuple[str, str, str]) -> None:
    """Wait until slot, APN and profile are these and the bearer is up on them."""
    twin.wait_for(lambda: twin.selected() == wanted, f"not on {wanted}", within_s=20)
    twin.wait_attached()
