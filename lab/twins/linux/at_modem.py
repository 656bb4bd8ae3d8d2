"""What an LTE stick answers to AT commands: a Huawei NDIS modem, as ModemManager drives it.

Only what ModemManager 1.20 asks of this family, measured by watching it; anything else is ERROR,
as on the stick. Commands and their answers: 3GPP TS 27.007 (+), Huawei's own (^).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

OK, ERROR = "OK", "ERROR"
_NO_SIM, _PIN_WANTED, _WRONG_PIN, _UNKNOWN_APN = 10, 11, 16, 127
_HOME, _NOT_REGISTERED = 1, 0
_LTE_ACT = 7  # TS 27.007, access technology of +COPS and +CEREG
_CONNECT = re.compile(r'\^NDISDUP=1,1(?:,"([^"]*)")?(?:,"([^"]*)")?(?:,"([^"]*)")?(?:,\d)?')
# Commands that only set what this modem does not need told.
_AGREED = re.compile(
    r"Z|E0|E1|V1|X4|S0=0|&C1|&D1|H|\+CMEE=.*|\+CREG=.*|\+CGREG=.*|\+CEREG=.*|\+CRC=.*|\+CMER=.*"
    r"|\+CSCS=.*|\+CNMI=.*|\+CMGF=.*|\+CPMS=.*|\+COPS=0|\+CFUN=.*|\^CURC=.*|\^SYSCFGEX=.*"
    r"|\+CGDCONT=.*|\^RFSWITCH=.*|\+IFC=.*"
)


@dataclass
class Card:
    """The SIM that is in."""

    iccid: str
    imsi: str
    plmn: str
    operator: str
    pin: str = ""  # wanted until given; empty when the card asks for none


@dataclass
class Dialled:
    """The bearer that was asked for last."""

    apn: str
    username: str = ""
    password: str = ""
    address: str = ""  # empty while there is none


class Network(Protocol):
    """The carrier, as the modem sees it."""

    def attach(self, card: Card, apn: str) -> str:
        """The address given. Raises `AttachRefusedError`."""
        ...

    def detach(self) -> None:
        """Drop the bearer."""
        ...


class RefusedError(Exception):
    """The carrier refuses this APN; `cause` is TS 27.007's +CME ERROR."""

    def __init__(self, cause: int = _UNKNOWN_APN) -> None:
        self.cause = cause
        super().__init__(f"+CME ERROR: {cause}")


@dataclass
class AtModem:
    """One modem; `changed` is called whenever its bearer comes or goes."""

    network: Network
    card: Card | None
    firmware: str = "21.318.01.00.00"
    model: str = "E3372"
    imei: str = "861821000000017"
    dialled: Dialled | None = None
    gaps: int = 0
    unlocked: bool = False
    by_name: bool = False  # +COPS tells the operator by name or by number
    changed: Callable[[], None] = lambda: None
    _fixed: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:  # noqa: D105 - of a dataclass
        self._fixed = {
            "I": f"Manufacturer: huawei\nModel: {self.model}\nRevision: {self.firmware}\n"
            f"IMEI: {self.imei}\n+GCAP: +CGSM,+DS,+ES\n",
            "+GCAP": "+GCAP: +CGSM,+DS,+ES",
            "+CGMI": "huawei",
            "+CGMM": self.model,
            "+GMI": "huawei",
            "+GMM": self.model,
            "+CGMR": self.firmware,
            "+GMR": self.firmware,
            "+CGSN": self.imei,
            "+GSN": self.imei,
            "^GETPORTMODE": "^GETPORTMODE: TYPE: WCDMA: huawei,PCUI:0,MDM:1,NDIS:2",
            "^HCSQ?": '^HCSQ: "LTE",46,43,161,22',
            "+CSQ": "+CSQ: 21,99",
            "+CFUN?": "+CFUN: 1",
            "^RFSWITCH?": "^RFSWITCH: 1,1",
            "^SYSCFGEX?": '^SYSCFGEX: "00",3FFFFFFF,1,2,7FFFFFFFFFFFFFFF',
            "^SYSCFGEX=?": '^SYSCFGEX: ("00","01","02","03"),((3fffffff,"All bands")),(0-2),(0-4),'
            '((7fffffffffffffff,"All bands"))',
            "^DIALMODE?": "^DIALMODE: 0,0",
            "+WS46=?": "+WS46: (12,22,25,28,29)",
            "+CPIN=?": "",
            "^NDISDUP=?": "^NDISDUP: (1),(0-1)",
            "+CGDCONT=?": '+CGDCONT: (1-16),"IP",,,(0-2),(0-3)\n'
            '+CGDCONT: (1-16),"IPV6",,,(0-2),(0-3)',
            "+CREG=?": "+CREG: (0-2)",
            "+CGREG=?": "+CGREG: (0-2)",
            "+CEREG=?": "+CEREG: (0-2)",
            "+CMGF=?": "+CMGF: (0,1)",
            "+CPMS=?": '+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")',
            "+CSCS=?": '+CSCS: ("IRA","UCS2","GSM")',
        }

    def answer(self, line: str) -> str:
        """The lines that follow one command, the final result last."""
        command = line.strip()
        if command[:2].upper() != "AT":
            return ERROR
        return self._answer(command[2:])

    def _answer(self, command: str) -> str:
        if command in self._fixed:
            return f"{self._fixed[command]}\n{OK}"
        for verb, act in (
            (r"\+CPIN\?", self._lock),
            (r"\^CPIN\?", self._lock_in_detail),
            (r'\+CPIN="?(\d+)"?', self._unlock),
            (r"\+CIMI", self._imsi),
            (r"\^ICCID\?", self._iccid),
            (r"\+CRSM=(.*)", self._sim_file),
            (r"\+COPS\?", self._operator),
            (r"\+COPS=3,(\d)", self._operator_form),
            (r"\+C(G|E)?REG\?", self._registration),
            (r"\^SYSINFOEX", self._system),
            (r"\^NDISSTATQRY\?", self._bearer),
            (r"\^DHCP\?", self._addresses),
            (r"\^NDISDUP=1,0", self._disconnect),
            (_CONNECT.pattern, self._connect),
        ):
            if match := re.fullmatch(verb, command):
                return act(*match.groups())
        return OK if not command or _AGREED.fullmatch(command) else ERROR

    # SIM

    @property
    def ready(self) -> bool:
        """Whether a SIM is in and open."""
        return self.card is not None and (self.unlocked or not self.card.pin)

    def _missing(self) -> str:
        return f"+CME ERROR: {_NO_SIM if self.card is None else _PIN_WANTED}"

    def _lock(self) -> str:
        if self.card is None:
            return self._missing()
        return f"+CPIN: {'READY' if self.ready else 'SIM PIN'}\n{OK}"

    def _lock_in_detail(self) -> str:
        if self.card is None:
            return self._missing()
        return f"^CPIN: {'READY,,10,3,10,3' if self.ready else 'SIM PIN,3,10,3,10,3'}\n{OK}"

    def _unlock(self, pin: str) -> str:
        if self.card is None or self.card.pin != pin:
            return f"+CME ERROR: {_WRONG_PIN}"
        self.unlocked = True
        return OK

    def _imsi(self) -> str:
        return f"{self.card.imsi}\n{OK}" if self.card and self.ready else self._missing()

    def _iccid(self) -> str:
        return f"^ICCID: {self.card.iccid}\n{OK}" if self.card and self.ready else self._missing()

    def _sim_file(self, arguments: str) -> str:
        """EF-ICCID (12258, digits swapped in pairs) and EF-AD (28589, length of the MNC)."""
        if self.card is None or not self.ready:
            return self._missing()
        digits = self.card.iccid.ljust(20, "F")
        swapped = "".join(digits[at + 1] + digits[at] for at in range(0, 20, 2))
        files = {"12258": swapped, "28589": f"0000000{len(self.card.plmn) - 3}"}
        wanted = arguments.split(",")[1] if "," in arguments else ""
        found = files.get(wanted)
        return f'+CRSM: 144,0,"{found}"\n{OK}' if found else f'+CRSM: 106,130,""\n{OK}'

    # network

    def _operator(self) -> str:
        if self.card is None or not self.ready:
            return f"+COPS: 0\n{OK}"
        told = (0, self.card.operator) if self.by_name else (2, self.card.plmn)
        return f'+COPS: 0,{told[0]},"{told[1]}",{_LTE_ACT}\n{OK}'

    def _operator_form(self, form: str) -> str:
        self.by_name = form == "0"
        return OK

    def _registration(self, kind: str | None) -> str:
        state = _HOME if self.ready else _NOT_REGISTERED
        return f"+C{kind or ''}REG: 0,{state}\n{OK}"

    def _system(self) -> str:
        return f'^SYSINFOEX: 2,3,0,1,,6,"LTE",101,"LTE"\n{OK}'

    # bearer

    def _connect(self, apn: str | None, username: str | None, password: str | None) -> str:
        if self.card is None or not self.ready:
            return self._missing()
        self._drop()
        self.dialled = Dialled(apn or "", username or "", password or "")
        try:
            self.dialled.address = self.network.attach(self.card, self.dialled.apn)
        except RefusedError as refused:
            return str(refused)
        finally:
            self.changed()
        return OK

    def _disconnect(self) -> str:
        self._drop()
        return OK

    def lose(self) -> str:
        """The network drops the bearer: the unsolicited line that tells it."""
        self._drop()
        return '^NDISSTAT:0,,,"IPV4"'

    def _drop(self) -> None:
        if self.dialled and self.dialled.address:
            self.gaps += 1
            self.dialled.address = ""
            self.network.detach()
            self.changed()

    def _bearer(self) -> str:
        up = bool(self.dialled and self.dialled.address)
        return f'^NDISSTATQRY: {int(up)},,,"IPV4"\n{OK}'

    def _addresses(self) -> str:
        """Address, mask, gateway, DHCP server and two DNS servers: hex, lowest byte first."""
        if self.dialled is None or not self.dialled.address:
            return ERROR
        address = ipaddress.ip_address(self.dialled.address)
        gateway = address + 1 if int(address) % 4 == 1 else address - 1
        numbers = (address, ipaddress.ip_address("255.255.255.252"), gateway, gateway)
        dns = ipaddress.ip_address("198.51.100.10")
        words = [bytes(reversed(number.packed)).hex().upper() for number in (*numbers, dns, dns)]
        return f"^DHCP: {','.join(words)},150000000,50000000\n{OK}"
