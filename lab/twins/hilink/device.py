"""The modem: dial-up profiles, the data switch, the card, and what it tells of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lab.twins.engine.faults import FaultFile
from lab.twins.engine.radio import AttachRefusedError, Forwarding
from lab.twins.engine.store import FlashStore
from lab.twins.hilink.dialer import Dialer

if TYPE_CHECKING:
    from lab.twins.engine.faults import Faults
    from lab.twins.engine.radio import Bearer, Radio, SimCard
    from lab.twins.hilink.config import TwinConfig

UNSUPPORTED, BUSY, FORMAT, PARAMETER = 100002, 100004, 100005, 100006
NO_SIM, READY, PIN_REQUIRED = 255, 257, 260
MOST_PROFILES = 10
_OURS = ("Name", "ApnIsStatic", "ApnName", "DialupNum", "Username", "AuthMode", "iptype")


class RefusedError(Exception):
    """The modem answers an error document with this code."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))


class Device:
    """One twin. `start` boots it, `power_cut` takes its power, `stop` shuts it down in order."""

    def __init__(self, config: TwinConfig, radio: Radio, faults: Faults | None = None) -> None:
        self.config = config
        self.faults = FaultFile(config.flash / "faults.json", faults)
        self.store = FlashStore(config.flash / "config.json", self._document, config.save_delay_s)
        self.dialer = Dialer(radio, config.timing, self._call)
        self.pin_locked = config.pin_locked
        self._sim = config.sim
        self._card_since = time.monotonic()
        saved = self.store.load()
        self._fresh = saved is None
        self._state: dict[str, Any] = saved or self._factory()

    @property
    def profiles(self) -> list[dict[str, str]]:
        """The dial-up profiles, passwords included."""
        listed: list[dict[str, str]] = self._state["profiles"]
        return listed

    @property
    def active(self) -> str:
        """Name of the profile in use."""
        return self._named_by_index(self._state["current"])["Name"]

    @property
    def data_on(self) -> bool:
        """The data switch."""
        return bool(self._state["data_on"])

    @property
    def registered(self) -> bool:
        """Whether the network serves the card; that takes a moment after power and card are in."""
        waited = time.monotonic() - self._card_since
        return self._usable() is not None and waited >= self.config.timing.attach_s

    @property
    def forwarding(self) -> Forwarding:
        """It does nothing else, and cannot be told otherwise."""
        return Forwarding()

    async def start(self) -> None:
        """Boot: configuration from flash, or the factory's."""
        if self._fresh:
            self.store.flush()
        self._card_since = time.monotonic()
        self._follow()

    async def stop(self) -> None:
        """Shut down in order: what is not yet saved is saved."""
        self.store.flush()
        await self.power_cut()

    async def power_cut(self) -> None:
        """Lose power: what is not yet on flash is gone."""
        self.store.forget()
        await self.dialer.cut()

    async def change_card(self, sim: SimCard | None, *, pin_locked: bool = False) -> None:
        """Take the card out, put another in, or one that asks for its PIN."""
        self._sim, self.pin_locked = sim, pin_locked
        self._card_since = time.monotonic()
        await self.dialer.cut()
        self._follow()

    @property
    def bearer(self) -> Bearer | None:
        """The bearer at this moment."""
        return self.dialer.bearer

    # Questions

    def status(self) -> dict[str, Any]:
        """`monitoring/status`."""
        bearer = self.dialer.bearer
        return {
            "ConnectionStatus": 901 if bearer else 900 if self.dialer.dialling else 902,
            "WifiConnectionStatus": "",
            "SignalStrength": "",
            "SignalIcon": 4 if self.registered else 0,
            "CurrentNetworkType": 19 if self.registered else 0,
            "RoamingStatus": 0,
            "WanIPAddress": bearer.address if bearer else "",
            "PrimaryDns": bearer.dns[0] if bearer and bearer.dns else "",
            "ServiceStatus": 2 if self.registered else 0,
            "SimStatus": 1 if self._sim else 255,
            "classify": "cpe",
        }

    def information(self) -> dict[str, Any]:
        """`device/information`."""
        card = self._usable()
        return {
            "DeviceName": self.config.model,
            "SerialNumber": self.config.serial,
            "Imei": "860000000000000",
            "Imsi": card.imsi if card else "",
            "Iccid": card.iccid if card else "",
            "HardwareVersion": "WL2B520M",
            "SoftwareVersion": "11.189.63.00.74",
            "WebUIVersion": "21.100.44.00.03",
        }

    def network(self) -> dict[str, Any]:
        """`net/current-plmn`."""
        card = self._usable() if self.registered else None
        name = card.carrier.upper() if card else ""
        return {
            "State": 0,
            "FullName": name,
            "ShortName": name,
            "Numeric": card.plmn if card else "",
            "Rat": 7 if card else "",
        }

    def signal(self) -> dict[str, Any]:
        """`device/signal`."""
        heard = self.registered
        return {
            "pci": 43 if heard else "",
            "rsrq": "-9dB" if heard else "",
            "rsrp": "-97dBm" if heard else "",
            "rssi": "-69dBm" if heard else "",
            "sinr": "17dB" if heard else "",
            "mode": 7 if heard else "",
        }

    def pin(self) -> dict[str, Any]:
        """`pin/status`."""
        state = NO_SIM if self._sim is None else PIN_REQUIRED if self.pin_locked else READY
        return {"SimState": state, "PinOptState": 258, "SimPinTimes": 3, "SimPukTimes": 10}

    def dial_profiles(self) -> dict[str, Any]:
        """`dialup/profiles`; passwords are not shown."""
        shown = [{**row, "Password": ""} for row in self.profiles]
        return {"CurrentProfile": self._state["current"], "Profiles": {"Profile": shown}}

    # Changes

    def set_data(self, request: dict[str, Any]) -> None:
        """`dialup/mobile-dataswitch`. Raises `RefusedError`."""
        if request.get("dataswitch") not in {"0", "1"}:
            raise RefusedError(PARAMETER)
        self._state["data_on"] = request["dataswitch"] == "1"
        self.store.mark_dirty()
        self._follow()

    async def set_profiles(self, request: dict[str, Any]) -> None:
        """`dialup/profiles`: delete, make (1) or change (2), and choose. Raises `RefusedError`."""
        before = self._state["current"]
        numbers = [str(request.get(key, "")) for key in ("SetDefault", "Delete", "Modify")]
        if not all(number.isdigit() for number in numbers):
            raise RefusedError(FORMAT)
        chosen, removed, modify = map(int, numbers)
        if modify:
            self._modify(request.get("Profile"), make=modify == 1)
        if removed:
            self._remove(str(removed))
        if chosen and not (modify == 1 and chosen == 1):
            self._state["current"] = self._named_by_index(str(chosen))["Index"]
        self.store.mark_dirty()
        if self._state["current"] != before and self.config.manner.redials:
            await self.dialer.cut()
        self._follow()

    def _modify(self, given: object, *, make: bool) -> None:
        if not isinstance(given, dict) or not given.get("Name"):
            raise RefusedError(FORMAT)
        values = {key: str(given.get(key, "")) for key in _OURS}
        if "Password" in given:
            values["Password"] = str(given["Password"])
        if not make:
            row = self._named_by_index(str(given.get("Index", "")))
            if row["ReadOnly"] != "0":
                raise RefusedError(PARAMETER)
            row.update(values)
            return
        if len(self.profiles) >= MOST_PROFILES:
            raise RefusedError(PARAMETER)
        index = str(max((int(row["Index"]) for row in self.profiles), default=0) + 1)
        self.profiles.append(_profile(index, values))
        if self.config.manner.new_is_default:
            self._state["current"] = index

    def _remove(self, index: str) -> None:
        row = self._named_by_index(index)
        if row["Index"] == self._state["current"]:
            raise RefusedError(PARAMETER)
        self.profiles.remove(row)

    def _follow(self) -> None:
        self.dialer.switch(on=self.data_on and self._usable() is not None)

    def _call(self) -> tuple[SimCard, str]:
        card = self._usable()
        if card is None:
            raise AttachRefusedError(None, "no card")
        return card, self._named_by_index(self._state["current"])["ApnName"]

    def _usable(self) -> SimCard | None:
        return None if self.pin_locked else self._sim

    def _named_by_index(self, index: str) -> dict[str, str]:
        for row in self.profiles:
            if row["Index"] == index:
                return row
        raise RefusedError(PARAMETER)

    def _factory(self) -> dict[str, Any]:
        values = {"Name": self.config.profile, "ApnIsStatic": "1", "ApnName": self.config.apn}
        values |= {"DialupNum": "*99#", "AuthMode": "0", "iptype": "0"}
        return {"current": "1", "data_on": True, "profiles": [_profile("1", values)]}

    def _document(self) -> dict[str, Any]:
        return self._state


def _profile(index: str, values: dict[str, str]) -> dict[str, str]:
    empty = {"Index": index, "IsValid": "1", **dict.fromkeys(_OURS, ""), "Password": ""}
    rest = {"IpIsStatic": "0", "IpAddress": "", "DnsIsStatic": "0", "ReadOnly": "0"}
    return {**empty, **rest, **values}
