"""Cisco IOS-XE: the twin of a C1111 with an LTE modem, over SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.ios.config import parse
from lab.twins.ios.device import Device
from lab.twins.ios.session import Session
from rekamatan.modems.ios import IosDriver
from tests.contract.bench import Bench, Restoring, Situation, profile
from tests.contract.cli_twin import INDOSAT_SIM, PASSWORD, SITUATIONS, TELKOMSEL_SIM, CliTwin

if TYPE_CHECKING:
    from rekamatan.models import ModemAccess, WanProfile

UNIT = "0/2/0"
INDOSAT = profile("indosat", "indosatgprs", INDOSAT_SIM, "0")
TELKOMSEL = profile("telkomsel", "internet", TELKOMSEL_SIM, "1")
PAID = profile("paid", "vpn.telkomsel", TELKOMSEL_SIM, "1", auth="pap", username="kubu")
SECRET = "kunci-rahasia"  # noqa: S105 - of the twin alone
_LAN = "interface Vlan1"
RESTORING = Restoring(
    before=(
        "ip name-server 192.0.2.1",
        f"snmp-server community {SECRET} RO",
        "interface Vlan20",
        "description Ruang rekam",
        "ip address 192.0.2.1 255.255.255.0",
        "exit",
    ),
    by_hand={
        "line": ("no ip name-server 192.0.2.1", "ip name-server 192.0.2.53"),
        "line added": ("ip route 203.0.113.0 255.255.255.0 192.168.101.9",),
        "line gone": (f"no ip route 0.0.0.0 0.0.0.0 Cellular{UNIT}",),
        "in an interface": (_LAN, "description diubah", "no ip nat inside", "exit"),
        "address": ("interface Vlan20", "ip address 192.0.2.9 255.255.255.0", "exit"),
        "interface gone": ("no interface Vlan20",),
        "interface added": (
            "interface Loopback9",
            "ip address 198.51.100.9 255.255.255.255",
            "exit",
        ),
        "way out": (
            f"interface Cellular{UNIT}",
            "description diubah",
            "no ip nat outside",
            "exit",
            "ntp server 192.0.2.123",
            "no interface Vlan20",
        ),
    },
    by_person={
        "key gone": (
            (f"no snmp-server community {SECRET} RO",),
            "snmp-server community ***: a secret",
        ),
        "key added": (("snmp-server community other RO",), "snmp-server community ***: a secret"),
        "list whose order counts": (
            ("access-list 10 deny 192.0.2.9",),
            "access-list 10 deny: the order or the rest of it counts",
        ),
        "name of the console": (("hostname diubah",), "hostname diubah: the order or the rest"),
        "metal": (
            ("interface GigabitEthernet0/0/1", "description diubah", "exit"),
            "interface GigabitEthernet0/0/1: it comes and goes with the hardware",
        ),
    },
    sending=("^no ip name-server", "^ip name-server", "^end"),
    noticed=("^no ip name-server", "^ip name-server"),
    secret=SECRET,
    timer=(
        r"(?ms)^!?\n?event manager applet .*?^ action 080 end\n!?\n?"
        r"|^event manager environment rekamatan_(?:trial|confirmed) [^\n]*\n"
        r"|^!\n|^Current configuration[^\n]*\n"
    ),
    any_order=True,
    type_in=lambda twin, lines: twin.configure(*lines),
)
POWER_SAVE = "%CELLWAN-2-POWER_SAVE_MODE: [Cellular0/2/0]: is in Power save mode. Command ignored."
LOCKED = (
    "Configuration mode is locked by process '105' user 'admin' from terminal 'vty1'. "
    "Please try later."
)


class IosTwin(CliTwin):
    """What the suite looks at and does."""

    parse = staticmethod(parse)
    device_class = Device
    slots = ("0", "1")
    situations = SITUATIONS | {
        Situation.UNKNOWN_FIRMWARE: {"version": "12.4(15)T9"},
        Situation.TIMER_FORBIDDEN: {"archive": False},
    }
    to_away_slot = f"cellular {UNIT} lte sim activate slot 1"

    def configure(self, *lines: str, write: bool = True) -> None:
        """What somebody types in configuration mode, and writes."""

        async def type_in() -> list[str]:
            session = Session(self.device, "rekamatan", None)
            told = ["configure terminal", *lines, "end", *(["write memory"] if write else [])]
            return [await session.execute(line) for line in told]

        answers = self._call(type_in)
        assert not any(answers[1 : 1 + len(lines)]), answers

    def is_on(self, profile: WanProfile) -> bool:
        found = self.device.profiles().get(self.device.current_number, {})
        return (found.get("apn"), self.device.active_slot) == (profile.apn, profile.sim.slot)

    def shown(self) -> str:
        return f"{self.device.document()}\n{self.device.startup_text()}"

    def apn_password(self, profile: WanProfile) -> str:
        passwords = [
            found["password"]
            for found in self.device.profiles().values()
            if found["apn"] == profile.apn
        ]
        return (passwords or [""])[0]

    def forget_apn_password(self, profile: WanProfile) -> None:
        """Another one is in the modem, which no command shows."""
        for found in self.device.profiles().values():
            if found["apn"] == profile.apn:
                found["password"] = found["password"][::-1]


def connect(access: ModemAccess, password: str, apn_passwords: dict[str, str]) -> IosDriver:
    return IosDriver(access, password, apn_passwords, patience_s=8.0)


BENCH = Bench(
    platform="ios",
    start=IosTwin.found_as,
    connect=connect,
    password=PASSWORD,
    home=INDOSAT,
    away=TELKOMSEL,
    paid=PAID,
    version="17.09.04a",
    interface=f"Cellular{UNIT}",
    reading="show cellular .* all",
    switching=(
        "lte profile create",
        "data-profile 2 attach-profile 2 slot 1",
        "lte sim primary slot 1",
        "environment rekamatan_wan telkomsel",
        "sim activate slot 1",
    ),
    refusals={
        "lte profile create": "% Incomplete command.",
        "lte sim primary": " ^\n% Invalid input detected at '^' marker.\n",
        "environment rekamatan_wan": '% Ambiguous command:  "event"',
        "sim activate": POWER_SAVE,
    },
    busy={"^configure terminal$": LOCKED, "sim activate": POWER_SAVE},
    arming=(
        "^event manager applet",
        "countdown time",
        "action 060",
        "action 070",
        "revert timer",
        "environment rekamatan_trial",
    ),
    restoring=RESTORING,
    confirming=(
        "configure confirm",
        "^no event manager applet",
        "environment rekamatan_confirmed",
        "write memory",
    ),
)
