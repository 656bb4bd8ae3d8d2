"""Answers of a Huawei HiLink modem to data. Pure: text or parsed answers in, data out.

Meanings of the numbers are those of the modems' own web page (its JavaScript names them): pin state
255-261, connection 900-903, service 2, network types. Models differ in which keys they give, a list
of one comes as a single object, and an error comes with HTTP status 200.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

from rekamatan.models import ModemState, Signal
from rekamatan.modems.json_sections import to_text

PLATFORM = "hilink"
Answer = dict[str, Any]
READ = (
    "device/information",
    "monitoring/status",
    "net/current-plmn",
    "device/signal",
    "dialup/mobile-dataswitch",
    "pin/status",
    "dialup/profiles",
)

CONNECTED = "901"
_CONNECTING, _DISCONNECTING = "900", "903"
_IN_SERVICE = "2"
_PLMN = re.compile(r"\d{5,6}")
# A figure of one antenna is labelled, "RX0:-90dBm": the digit of the label is not the figure.
_NUMBER = re.compile(r"(?<![A-Za-z\d.])-?\d+(?:\.\d+)?")
_SECRET_KEYS = re.compile(r"passw|pwd|psk|\bpin\b|puk|currentpin|newpin|token", re.IGNORECASE)
_COUNTERS = re.compile(r"times$|status$|state$|enable$", re.IGNORECASE)
_NO_ADDRESS = {"", "0.0.0.0"}  # noqa: S104 - the address of a modem that has none

SIM_TROUBLE = {
    "255": ("there is no SIM card", "put the card into the modem's tray"),
    "256": ("the SIM card cannot be read", "take the card out, clean it and put it back"),
    "260": ("the SIM card asks for its PIN", "enter the PIN on the modem's own page, or lift it"),
    "261": ("the SIM card asks for its PUK", "ask the carrier for the PUK of this card"),
}
_TYPES = {
    "1": "GSM", "2": "GPRS", "3": "EDGE", "4": "WCDMA", "5": "HSDPA", "6": "HSUPA", "7": "HSPA",
    "8": "TD-SCDMA", "9": "HSPA+", "10": "EVDO rev. 0", "11": "EVDO rev. A", "12": "EVDO rev. B",
    "13": "1xRTT", "17": "HSPA+", "18": "HSPA+", "19": "LTE", "20": "LTE-NR",
}  # fmt: skip
# The finer number, where a model has it; 20 of the coarse one was LTE on some old models.
_TYPES_EX = {
    "1": "GSM", "2": "GPRS", "3": "EDGE", "41": "WCDMA", "42": "HSDPA", "43": "HSUPA",
    "44": "HSPA", "45": "HSPA+", "46": "DC-HSPA+", "101": "LTE", "1011": "LTE+", "111": "NR",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DialProfile:
    """One dial-up profile as the modem lists it; the password is never part of it."""

    index: str
    name: str
    apn: str
    apn_is_static: bool
    username: str
    auth: str  # 0 automatic, 1 PAP, 2 CHAP; other numbers occur on clones
    ip_type: str | None  # 0 IPv4, 1 IPv6, 2 both; older models do not have it
    read_only: bool


@dataclass(frozen=True, slots=True)
class DialProfiles:
    """All profiles and the index of the one in use, None when none is."""

    current: str | None
    profiles: tuple[DialProfile, ...]

    @property
    def active(self) -> DialProfile | None:
        """The profile in use."""
        found = (profile for profile in self.profiles if profile.index == self.current)
        return next(found, None)

    def named(self, name: str) -> DialProfile | None:
        """The profile of this name; the one in use where the name occurs twice."""
        if self.active is not None and self.active.name == name:
            return self.active
        return next((profile for profile in self.profiles if profile.name == name), None)


def parse_document(text: str) -> Answer:
    """The content of a `response`, `request`, `config` or `error` document.

    Raises:
        ValueError: it is no XML document, as when another device answers with a web page.
    """
    try:
        tree = xmltodict.parse(text.strip().lstrip("\ufeff"), dict_constructor=dict)
    except (ExpatError, ValueError) as error:
        raise ValueError(f"not an XML document ({type(error).__name__})") from None
    ((root, content),) = tree.items()
    if root == "error":
        return {"error": content or {}}
    if isinstance(content, str):
        return {root: content}
    return content or {}


def error_code(answer: Answer) -> int | None:
    """The code of an error document, None when it is none."""
    error = answer.get("error")
    if error is None:
        return None
    code = text_of(error, "code") if isinstance(error, dict) else None
    return int(code) if code and code.lstrip("-").isdigit() else 0


def text_of(answer: Answer, *keys: str) -> str | None:
    """The first value with content under any of these keys; models spell and omit differently."""
    by_name = {key.lower(): value for key, value in answer.items()}
    for key in keys:
        value = by_name.get(key.lower())
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return None


def parse_profiles(answer: Answer) -> DialProfiles:
    """The answer of `dialup/profiles`.

    Raises:
        ValueError: it has neither a list of profiles nor a current one.
    """
    if "Profiles" not in answer and "CurrentProfile" not in answer:
        raise ValueError("there is no list of dial-up profiles in the answer")
    group = answer.get("Profiles")
    listed = group.get("Profile") if isinstance(group, dict) else group
    rows = listed if isinstance(listed, list) else [listed]
    current = text_of(answer, "CurrentProfile")
    return DialProfiles(
        current=None if current == "0" else current,
        profiles=tuple(_profile(row) for row in rows if isinstance(row, dict)),
    )


def _profile(row: Answer) -> DialProfile:
    return DialProfile(
        index=text_of(row, "Index") or "",
        name=text_of(row, "Name") or "",
        apn=text_of(row, "ApnName") or "",
        apn_is_static=text_of(row, "ApnIsStatic") != "0",
        username=text_of(row, "Username") or "",
        auth=text_of(row, "AuthMode") or "",
        ip_type=text_of(row, "iptype"),
        read_only=(text_of(row, "ReadOnly") or "0") != "0",
    )


def number(text: str | None) -> float | None:
    """The number in `-86dBm`, `-7.5 dB`, `>=-51dBm` (its bound); None where there is none."""
    match = _NUMBER.search(text or "")
    return float(match[0]) if match else None


def parse_signal(answer: Answer) -> Signal:
    """The answer of `device/signal`; on 5G alone there are the `nr` figures only."""
    return Signal(
        rssi_dbm=number(text_of(answer, "rssi", "nrrssi")),
        rsrp_dbm=number(text_of(answer, "rsrp", "nrrsrp")),
        rsrq_db=number(text_of(answer, "rsrq", "nrrsrq")),
        sinr_db=number(text_of(answer, "sinr", "nrsinr")),
    )


def registered(status: Answer) -> bool | None:
    """Whether the network serves the card; None when the modem does not say."""
    if text_of(status, "ConnectionStatus") == CONNECTED:
        return True
    service = text_of(status, "ServiceStatus")
    return None if service is None else service == _IN_SERVICE


def disconnected(status: Answer) -> bool:
    """Whether no data connection is up, coming up or not yet taken down."""
    return text_of(status, "ConnectionStatus") not in {CONNECTED, _CONNECTING, _DISCONNECTING}


def network_type(status: Answer) -> str | None:
    """The radio technology in use; no service is None."""
    finer = _TYPES_EX.get(text_of(status, "CurrentNetworkTypeEx") or "")
    return finer or _TYPES.get(text_of(status, "CurrentNetworkType") or "")


def address(status: Answer, information: Answer) -> str | None:
    """The address on the carrier's side while connected; newer models moved it."""
    if text_of(status, "ConnectionStatus") != CONNECTED:
        return None  # a model may go on showing the last one
    found = text_of(status, "WanIPAddress") or text_of(information, "WanIPAddress") or ""
    return None if found in _NO_ADDRESS else found


def sim_trouble(pin: Answer, status: Answer) -> tuple[str, str] | None:
    """What is wrong with the card and what to do about it; None when it is ready or not told."""
    state = text_of(pin, "SimState")
    if state is None and text_of(status, "SimStatus") in {"0", "255"}:
        return SIM_TROUBLE["255"]
    return SIM_TROUBLE.get(state or "")


def parse_state(answers: dict[str, Answer], raw: str = "") -> ModemState:
    """One normalised reading from the answers by endpoint; absent answers are allowed.

    Raises:
        ValueError: the list of profiles is not one.
    """
    status = answers.get("monitoring/status", {})
    information = answers.get("device/information", {})
    signal = answers.get("device/signal", {})
    network = answers.get("net/current-plmn", {})
    listed = answers.get("dialup/profiles")
    active = parse_profiles(listed).active if listed is not None else None
    return ModemState(
        platform=PLATFORM,
        iccid=(text_of(information, "Iccid") or "").rstrip("fF") or None,
        imsi=text_of(information, "Imsi"),
        plmn=_plmn(text_of(network, "Numeric")) or _plmn(text_of(signal, "plmn")),
        operator=text_of(network, "FullName", "ShortName"),
        registered=registered(status),
        roaming={"0": False, "1": True}.get(text_of(status, "RoamingStatus") or ""),
        rat=network_type(status),
        signal=parse_signal(signal),
        profile=active.name if active else None,
        apn=(active.apn or None) if active and active.apn_is_static else None,
        wan_ip=address(status, information),
        raw=raw,
    )


def _plmn(text: str | None) -> str | None:
    return text if text and _PLMN.fullmatch(text) else None


def redact(value: Any) -> Any:  # noqa: ANN401 - any plain data
    """Answers without passwords, by their keys.

    Not by their text: a carrier's APN, user and password may be the same word.
    """
    if isinstance(value, dict):
        return {
            key: "***" if item and _is_secret(key) else redact(item) for key, item in value.items()
        }
    return [redact(item) for item in value] if isinstance(value, list) else value


def _is_secret(key: str) -> bool:
    return bool(_SECRET_KEYS.search(key)) and not _COUNTERS.search(key)


def to_raw(answers: dict[str, Answer]) -> str:
    """Answers as text for evidence, without passwords; `json_sections.from_text` reads it back."""
    return to_text({name: redact(answer) for name, answer in answers.items()})
