"""The network daemon: interfaces from the committed configuration, and their live status."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lab.twins.engine.radio import Forwarding
from lab.twins.openwrt import uci_delta
from lab.twins.openwrt.modem import Request
from lab.twins.openwrt.uci_files import Package, UciError

if TYPE_CHECKING:
    from lab.twins.openwrt.files import Files
    from lab.twins.openwrt.modem import Modem
    from lab.twins.openwrt.uci_files import Section

# What a protocol handler looks at; other options do not restart an interface.
_RELEVANT = ("proto", "device", "apn", "auth", "allowedauth", "username", "password", "pincode",
             "iptype", "pdptype", "sim", "modem", "disabled", "metric", "defaultroute")  # fmt: skip
MODEM_PROTOCOLS = frozenset({"modemmanager", "qmi", "wwan"})
DEVICE = "wwan0"


class Netifd:
    """Interfaces that use the modem.

    Args:
        files: where the configuration is.
        modem: what the interfaces connect with.
        needs_sim: RutOS: an interface belongs to one SIM and fails with another.
    """

    def __init__(self, files: Files, modem: Modem, *, needs_sim: bool) -> None:
        self._files = files
        self._modem = modem
        self._needs_sim = needs_sim
        self._running: dict[str, dict[str, Any]] = {}
        self._down: set[str] = set()
        self._up_since: dict[str, float] = {}

    def names(self) -> list[str]:
        """Interfaces that exist, as ubus lists them."""
        names = ["loopback", "lan", *self._running]
        child = self._child()
        return [*names, child] if child else names

    def reload(self) -> None:
        """Read the committed configuration; changed interfaces start again."""
        sections = self._sections()
        found = {s.name: {k: s.options[k] for k in _RELEVANT if k in s.options} for s in sections}
        changed = found != self._running
        self._running = found
        if changed:
            self.connect()

    def forwarding(self) -> Forwarding:
        """A zone that masquerades and names the interface; its default route unless denied."""
        name = self.active()
        masquerade = any(
            name in str(zone.options.get("network", "")).split()
            or name in zone.options.get("network", ())
            for zone in self._package("firewall").sections
            if zone.type == "zone" and zone.options.get("masq") == "1"
        )
        denied = self._running.get(name, {}).get("defaultroute") == "0"
        return Forwarding(masquerade, not denied)

    def _package(self, name: str) -> Package:
        try:
            return uci_delta.committed(self._files, name)
        except UciError:
            return Package(name)

    def _sections(self) -> list[Section]:
        return [s for s in self._package("network").sections
                if s.type == "interface" and s.options.get("proto") in MODEM_PROTOCOLS]  # fmt: skip

    def up(self, name: str) -> bool:
        """`ifup`: reload, then start the interface again. False when there is none."""
        self.reload()
        if name not in self._running:
            return name in {"loopback", "lan"}
        self._down.discard(name)
        self.connect()
        return True

    def down(self, name: str) -> bool:
        """`ifdown`."""
        if name not in self._running:
            return name in {"loopback", "lan"}
        self._down.add(name)
        self.connect()
        return True

    def connect(self) -> None:
        """Ask the modem for what the interfaces want now."""
        name = self.active()
        options = self._running.get(name, {})
        if not name:
            self._modem.ask(None)
            return
        self._up_since[name] = time.monotonic()
        apn, pin = str(options.get("apn", "")), str(options.get("pincode", ""))
        self._modem.ask(Request(name, apn, pin))

    def active(self) -> str:
        """The interface that may use the modem now; empty when none does."""
        for name, options in self._running.items():
            enabled = options.get("disabled", "0") != "1" and name not in self._down
            fits = not self._needs_sim or options.get("sim", "1") == self._modem.slot
            if enabled and fits:
                return name
        return ""

    def _child(self) -> str:
        """The dynamic interface that carries the address with proto qmi."""
        name = self.active()
        proto = self._running.get(name, {}).get("proto")
        connected = self._modem.bearer is not None
        return f"{name}_4" if name and connected and proto in {"qmi", "wwan"} else ""

    def status(self, name: str) -> dict[str, Any] | None:
        """Status as ubus gives it; None for an interface that is not there."""
        if name == self._child():
            return self._connected(name, "dhcp") | {"dynamic": True}
        if name in {"loopback", "lan"}:
            return {"up": True, "pending": False, "available": True, "proto": "static"}
        if name not in self._running:
            return None
        proto = str(self._running[name].get("proto"))
        mine = self._modem.bearer is not None and self.active() == name
        if mine and proto == "modemmanager":
            return self._connected(name, proto)
        status: dict[str, Any] = {
            "up": mine,
            "pending": not mine and self.active() == name,
            "available": not self._modem.absent,
            "autostart": name not in self._down,
            "dynamic": False,
        }
        if mine:
            status |= {"uptime": self._uptime(), "l3_device": DEVICE}
        status |= {"proto": proto, "data": {}}
        errors = self._errors(name, proto)
        return status | ({"errors": errors} if errors else {})

    def _connected(self, name: str, proto: str) -> dict[str, Any]:
        bearer = self._modem.bearer
        address = bearer.address if bearer else ""
        return {
            "up": True,
            "pending": False,
            "available": True,
            "autostart": True,
            "dynamic": False,
            "uptime": self._uptime(),
            "l3_device": DEVICE,
            "proto": proto,
            "updated": ["addresses", "routes"],
            "metric": int(str(self._running.get(name, {}).get("metric", "0"))),
            "ipv4-address": [{"address": address, "mask": 32}],
            "ipv6-address": [],
            "route": [
                {"target": "0.0.0.0", "mask": 0, "nexthop": "0.0.0.0", "source": f"{address}/32"}  # noqa: S104 - the default route's name
            ],
            "dns-server": list(bearer.dns) if bearer else [],
            "data": {},
        }

    def _uptime(self) -> int:
        return int(time.monotonic() - self._modem.connected_at)

    def _errors(self, name: str, proto: str) -> list[dict[str, str]]:
        if self._needs_sim and self._running[name].get("sim", "1") != self._modem.slot:
            return [{"subsystem": "qmi", "code": "WRONG_SIM"}]
        if self._modem.absent:
            return [{"subsystem": proto, "code": "NO_DEVICE"}]
        if self._modem.failure and self.active() == name:
            return [{"subsystem": proto, "code": self._modem.failure}]
        return []

    def default_route(self) -> str:
        """The line of `ip route` for the default route; empty without one."""
        bearer = self._modem.bearer
        if bearer is None:
            return ""
        return f"default dev {DEVICE} proto static scope link src {bearer.address}"
