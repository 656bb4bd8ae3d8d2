"""Cisco IOS and IOS-XE console text to data. Pure: text in, data out, tested with cases.

`show cellular U all` is the other `show cellular` outputs one after the other, so one parser reads
any of them. Keys differ by modem and release (3G, LTE, 5G); a missing one is None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rekamatan.models import ModemState, Signal
from rekamatan.modems.known_secrets import without

PLATFORM = "ios"
# With a time stamp, with a sequence number, or bare: `*Feb 15 15:56:41.528: %SYS-5-CONFIG_I: ...`
_SYSLOG = re.compile(r"^(?:\d+: )?(?:[*.]?[A-Z][a-z]{2} +\d+ [^%]*: )?%[A-Z0-9_]+-(\d)-\w+:")
_ROLLBACK_NOISE = re.compile(
    r'^(?:Rollback Confirmed Change: Rollback will begin|Enter "configure confirm" if you wish)'
)
# A log line that says a command was not carried out is an error, whatever else it is.
_NOT_DONE = re.compile(r"(?:ignored|rejected|not (?:allowed|permitted))\.?\s*$", re.IGNORECASE)
_ERROR = re.compile(
    r"^\s*(?:%(?![A-Z0-9_]+-\d-)|Command (?:rejected|authorization failed)|ERROR:|Error:|"
    r"Configuration mode is locked|Unable to|Translating )"
)
_MORE = re.compile(r" ?--More-- ?(?:\x08+ *\x08+)?")
_PAIR = re.compile(r"^\s*([A-Za-z0-9][^=:]*?)\s*(?:=|:(?=\s|$))\s*(.*?)\s*$")
_NEXT_PAIR = re.compile(r"\s*,\s*(?=[A-Z][^=:,]*(?:=|: ))")
_PROFILE = re.compile(r"^\s*Profile\s+(\d+)\s*=\s*((?:IN)?ACTIVE)\s*((?:\*+\s*)*)$", re.IGNORECASE)
_DEFAULT_LINE = re.compile(r"default profile for active SIM \d+ is profile (\d+)", re.IGNORECASE)
_SESSION = re.compile(r"^\s*Profile\s+(\d+),\s*Packet Session Status\s*=\s*(\w+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_ROUTE = re.compile(r"^\s*\*\s.*?\bvia ([A-Za-z]+[\d/.]+)|^\s*\*\s(\d[\d.]+)", re.MULTILINE)
_SECRET = re.compile(
    r"(?i)(\b(?:password|secret|community|key|key-string|pre-shared-key|unlock)\b"
    r"(?:[ \t]+\d{1,2}(?=[ \t]))?[ \t]+|\bPassword(?::|[ \t]*=)[ \t]*|"
    r"\bprofile create \d+ \S+ (?:pap|chap|pap_chap) \S+ )([^\s\"]+)"
)
_MNC_DIGITS = 2


@dataclass(frozen=True, slots=True)
class CellProfile:
    """One data profile of the modem."""

    number: int
    apn: str
    auth: str = "none"  # "none" | "pap" | "chap" | "pap_chap"
    username: str = ""
    active: bool = False
    default: bool = False
    address: str | None = None


def is_noise(line: str) -> bool:
    """Whether IOS prints such a line by itself, at any moment."""
    stripped = line.strip()
    if _ROLLBACK_NOISE.match(stripped):
        return True
    return bool(_SYSLOG.match(stripped)) and not _NOT_DONE.search(stripped)


def clean(text: str) -> str:
    """Console output without log lines that landed in it, pager remains and terminal line ends."""
    lines = _MORE.sub("", text).replace("\r", "").replace("\x08", "").split("\n")
    return "\n".join(line.rstrip() for line in lines if not is_noise(line)).strip("\n")


def error_in(text: str) -> str | None:
    """The error line of an answer, if it is one."""
    for line in text.splitlines():
        if _ERROR.match(line) or (_SYSLOG.match(line.strip()) and _NOT_DONE.search(line)):
            return line.strip()
    return None


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Text without passwords: shown ones by their key, known ones wherever they stand."""
    return without(_SECRET.sub(r"\1***", text), secrets)


def pairs(text: str) -> list[tuple[str, str]]:
    """`key = value` and `key: value` of every line, several on a line included, in order."""
    parts = (part for line in text.splitlines() for part in _NEXT_PAIR.split(line))
    matches = (_PAIR.match(part) for part in parts)
    return [(" ".join(match[1].split()), match[2].strip()) for match in matches if match]


def value_of(figures: list[tuple[str, str]], *keys: str) -> str | None:
    """The first non-empty value under the first of these keys that has one."""
    for key in keys:
        for name, value in figures:
            if name.lower() == key.lower() and value:
                return value
    return None


def number(text: str | None) -> float | None:
    """The number in `-110 dBm`; None for `N/A`."""
    match = _NUMBER.search(text or "")
    return float(match[0]) if match else None


def parse_signal(text: str) -> Signal:
    """Radio figures. `Current X` before any other key that names X: on 5G the anchor's come so."""
    figures = pairs(clean(text))
    return Signal(
        rssi_dbm=_figure(figures, "RSSI"),
        rsrp_dbm=_figure(figures, "RSRP"),
        rsrq_db=_figure(figures, "RSRQ"),
        sinr_db=_figure(figures, "S(?:I)?NR"),
    )


def _figure(figures: list[tuple[str, str]], name: str) -> float | None:
    exact = re.compile(rf"^Current {name}(?:\(RSCP\))?$", re.IGNORECASE)
    loose = re.compile(rf"\b{name}\b", re.IGNORECASE)
    for pattern in (exact, loose):
        for key, value in figures:
            if pattern.search(key) and (found := number(value)) is not None:
                return found
    return None


def parse_profiles(text: str) -> tuple[CellProfile, ...]:
    """Data profiles of the modem, in the order printed; those without an APN too."""
    cleaned = clean(text)
    blocks: list[tuple[re.Match[str], list[str]]] = []
    inside = False
    for line in cleaned.splitlines():
        if header := _PROFILE.match(line):
            blocks.append((header, []))
            inside = True
        elif line.lstrip().startswith("====") or _SESSION.match(line):
            inside = False
        elif inside:
            blocks[-1][1].append(line)
    configured = _DEFAULT_LINE.search(cleaned)
    default = int(configured[1]) if configured else None
    return tuple(_profile(header, "\n".join(lines), default) for header, lines in blocks)


def _profile(header: re.Match[str], text: str, default: int | None) -> CellProfile:
    figures = pairs(text)
    stars = header[3].split()
    starred = any(len(star) in {1, 3} for star in stars)
    return CellProfile(
        number=int(header[1]),
        apn=value_of(figures, "Access Point Name (APN)") or "",
        auth=(value_of(figures, "Authentication") or "none").lower(),
        username=value_of(figures, "Username") or "",
        active=header[2].upper() == "ACTIVE",
        default=starred or int(header[1]) == default,
        address=value_of(figures, "PDP address", "PDP IP address", "PDP IPv4 address"),
    )


def default_profile(profiles: tuple[CellProfile, ...]) -> CellProfile | None:
    """The profile data goes through: the default one, else the only active one."""
    for profile in profiles:
        if profile.default:
            return profile
    active = [profile for profile in profiles if profile.active]
    return active[0] if len(active) == 1 else None


def registered(figures: list[tuple[str, str]]) -> bool | None:
    """From the packet domain, else the registration state, else the service status."""
    domain = value_of(figures, "Packet switch domain(PS) state", "Packet Service")
    if domain is not None:
        words = domain.lower()
        return "attached" in words and not re.search(r"not[ -]attached|detached", words)
    state = value_of(figures, "Registration state(EMM)", "Registration state(5GMM)")
    if state is not None:
        return state.lower().startswith("registered")
    service = value_of(figures, "Current Service Status")
    return None if service is None else service.lower() == "normal"


def plmn(figures: list[tuple[str, str]]) -> str | None:
    """MCC and MNC; IOS prints the MNC without its leading zero."""
    mcc = value_of(figures, "Mobile Country Code (MCC)")
    mnc = value_of(figures, "Mobile Network Code (MNC)")
    if not (mcc and mnc and mcc.isdigit() and mnc.isdigit()) or int(mcc) == 0:
        return None
    return mcc.zfill(3) + mnc.zfill(_MNC_DIGITS)


def technology(figures: list[tuple[str, str]]) -> str | None:
    """`LTE`, `HSPA`, `5G`: from the radio, else from the packet service of a 3G modem."""
    selected = value_of(figures, "Radio Access Technology(RAT) Selected", "LTE Technology Selected")
    if selected:
        return selected
    service = value_of(figures, "Packet Service")
    word = (service or "").partition("(")[0].strip()
    return word if word and word.lower() not in {"none", "n/a"} else None


def _roaming(figures: list[tuple[str, str]]) -> bool | None:
    status = (value_of(figures, "Current Roaming Status") or "").lower()
    return {"home": False, "roam": True}.get(status[:4])


def wants_pin(text: str) -> bool:
    """Whether the SIM waits for its PIN, which IOS calls CHV1 (card holder verification)."""
    needed = value_of(pairs(clean(text)), "SIM User Operation Required") or ""
    return bool(re.search(r"CHV|PIN|PUK|unblock", needed, re.IGNORECASE))


def session_address(text: str) -> str | None:
    """`IP address` under the session that is active."""
    active = False
    for line in text.splitlines():
        if session := _SESSION.match(line):
            active = session[2].upper() == "ACTIVE"
        elif active and (match := re.match(r"\s*IP address\s*=\s*(\S+)", line)):
            return match[1]
    return None


def parse_state(text: str) -> ModemState:
    """One reading of any `show cellular` outputs; `profile` is the modem's own number."""
    cleaned = clean(text)
    figures = pairs(cleaned)
    chosen = default_profile(parse_profiles(cleaned))
    iccid = value_of(figures, "Integrated Circuit Card ID (ICCID)")
    return ModemState(
        platform=PLATFORM,
        sim_slot=value_of(figures, "Active SIM"),
        iccid=iccid.rstrip("fF") if iccid else None,
        imsi=value_of(figures, "International Mobile Subscriber Identity (IMSI)"),
        plmn=plmn(figures),
        operator=value_of(figures, "Network"),
        registered=registered(figures),
        roaming=_roaming(figures),
        rat=technology(figures),
        signal=parse_signal(cleaned),
        profile=str(chosen.number) if chosen else None,
        apn=(chosen.apn or None) if chosen else None,
        wan_ip=session_address(cleaned) or (chosen.address if chosen else None),
        raw=redact(cleaned),
    )


def interface_address(text: str, interface: str) -> str | None:
    """The address in `show ip interface brief`; None for `unassigned`."""
    for line in clean(text).splitlines():
        words = line.split()
        if len(words) > 1 and words[0].lower() == interface.lower():
            return words[1] if _ADDRESS.fullmatch(words[1]) else None
    return None


def default_route(text: str) -> str | None:
    """Interface or gateway of `show ip route 0.0.0.0`; None when there is no default route."""
    match = _ROUTE.search(clean(text))
    return (match[1] or match[2]) if match else None
