"""VyOS console text to data. Pure: text in, data out, tested with cases.

VyOS shows the modem with ModemManager's `mmcli` (summary) and with `qmicli` (signal, SIM, IMSI);
both are read here in whatever form they come.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from rekamatan.models import ModemState, Signal
from rekamatan.modems.known_secrets import without

PLATFORM = "vyos"
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07")
_EDIT = re.compile(r"^\[edit[^\]]*\]$")
_BROADCAST = re.compile(r"^(?:Broadcast message from|\[commit-confirm\])")
_ERROR = re.compile(
    r"^\s*(?:Invalid command:|Configuration path: .* is not valid|Set failed|Delete failed|"
    r"Commit failed|Value validation failed|Error:|error:|No APN configured|"
    r"Failed to |Cannot |Permission denied|Command not supported|.*: command not found|"
    r"Another confirm is pending|Interface \".*\" unconfigured|sudo:|.*\bfailed\b\s*$|"
    r"Nothing to delete|You are not in configuration mode|.*temporarily locked)"
)
_TABLE_ROW = re.compile(r"^\s*(?:([A-Za-z0-9 ]+?)\s*)?\|\s*([a-z0-9][a-z0-9 ./-]*?):\s?(.*)$")
_DOTTED = re.compile(r"^([a-z0-9.-]+(?:\[\d+\])?)\s*:\s*(.*)$")
_QMI = re.compile(r"^\s*([A-Za-z0-9 ]+?):\s*'([^']*)'\s*$")
_QMI_SECTION = re.compile(r"^\s*([A-Z0-9][A-Za-z0-9]*):\s*$")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SET = re.compile(r"^set (.+)$")
_SECRET = re.compile(
    r"(?i)(\b(?:password|plaintext-password|encrypted-password|secret|pre-shared-secret|"
    r"private-key|passphrase|community)[ \t]+|\bpassword:[ \t]*)('[^']*'|\S+)"
)
_SLOT = re.compile(r"slot (\d+): (\S+)(?: \((active)\))?")
_REGISTERED = re.compile(r"(?:home|roaming)(?:-csfb-not-preferred)?")
_UNREGISTERED = {"failed", "locked", "disabled", "disabling", "enabling", "searching", "enabled"}
_ROUTES = (
    re.compile(r"^\s*\*\s+directly connected, (\S+)", re.MULTILINE),
    re.compile(r"^\s*\*\s+([\d.]+), via", re.MULTILINE),
    re.compile(r"^\w>\*? +0\.0\.0\.0/0 .*?\bvia ([\d.]+),", re.MULTILINE),
    re.compile(r"^\w>\*? +0\.0\.0\.0/0 .*?\bconnected, (\S+)", re.MULTILINE),
)
_DOTTED_NAMES = {
    "modem.generic.state": "state",
    "modem.generic.state-failed-reason": "failed reason",
    "modem.generic.unlock-required": "lock",
    "modem.generic.access-technologies.value[1]": "access tech",
    "modem.generic.model": "model",
    "modem.generic.primary-sim-slot": "primary sim slot",
    "modem.3gpp.operator-code": "operator id",
    "modem.3gpp.operator-name": "operator name",
    "modem.3gpp.registration-state": "registration",
    "sim.properties.imsi": "imsi",
    "sim.properties.iccid": "iccid",
}


def clean(text: str) -> str:
    """Console output without colours, `[edit]` lines, broadcasts and terminal line ends."""
    kept = []
    for line in _ANSI.sub("", text).replace("\r", "").split("\n"):
        if _EDIT.match(line.strip()) or _BROADCAST.match(line.strip()):
            continue
        kept.append(line.rstrip())
    return "\n".join(kept).strip("\n")


def error_in(text: str) -> str | None:
    """The error line of an answer, if it is one."""
    for line in text.splitlines():
        if _ERROR.match(line):
            return line.strip()
    return None


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Text without passwords: shown ones by their key, known ones wherever they stand."""
    return without(_SECRET.sub(r"\1***", text), secrets)


def number(text: str | None) -> float | None:
    """The number in `-89 dBm`; None for `--`."""
    match = _NUMBER.search(text or "")
    return float(match[0]) if match else None


def parse_mmcli(text: str) -> dict[str, str]:
    """`key: value` of mmcli's table or of its `-K` form, by the table's keys; `--` is absent."""
    found: dict[str, str] = {}
    slots = []
    for line in clean(text).splitlines():
        if match := _TABLE_ROW.match(line):
            key, value = match[2].strip(), match[3].strip().strip("'")  # quoted until mmcli 1.8
        elif match := _DOTTED.match(line):
            key, value = _DOTTED_NAMES.get(match[1], match[1]), match[2].strip()
        else:
            key, value = "", line.rpartition("|")[2].strip()
        if match := _SLOT.search(f"{key}: {value}") or _SLOT.search(value):
            slots.append(match)
        if key and value and value != "--":
            found.setdefault(key, value)
    for slot in slots:
        found[f"slot {slot[1]}"] = slot[2]
        if slot[3]:
            found["primary sim slot"] = slot[1]
    return found


def parse_signal(text: str) -> Signal:
    """Radio figures of `show interfaces wwan ... signal` (qmicli): the first technology shown.

    With LTE and 5G together the first is LTE, the anchor, whose network the modem is registered on.
    """
    section = ""
    figures: dict[str, float | None] = {}
    first = ""
    for line in clean(text).splitlines():
        if match := _QMI_SECTION.match(line):
            section = match[1]
        elif (match := _QMI.match(line)) and match[1].strip() in {"RSSI", "RSRP", "RSRQ", "SNR"}:
            first = first or section or "?"
            if first == (section or "?"):
                figures.setdefault(match[1].strip(), number(match[2]))
    return Signal(
        rssi_dbm=figures.get("RSSI"),
        rsrp_dbm=figures.get("RSRP"),
        rsrq_db=figures.get("RSRQ"),
        sinr_db=figures.get("SNR"),
    )


@dataclass(frozen=True, slots=True)
class WwanConfig:
    """One wwan interface as configured."""

    apn: str | None = None
    username: str | None = None
    description: str = ""
    paths: frozenset[str] = field(default_factory=frozenset)


def parse_config(text: str, interface: str) -> WwanConfig:
    """Of `show configuration commands`, whole or filtered."""
    values: dict[str, str] = {}
    paths = set()
    for line in clean(text).splitlines():
        match = _SET.match(line.strip())
        words = words_of(match[1]) if match else []
        if words[:3] == ["interfaces", "wwan", interface]:
            paths.add(" ".join(words[3:-1]) if len(words) > 4 else " ".join(words[3:]))  # noqa: PLR2004
            values[" ".join(words[3:-1])] = words[-1]
    return WwanConfig(
        apn=values.get("apn"),
        username=values.get("authentication username"),
        description=values.get("description", ""),
        paths=frozenset(paths),
    )


def words_of(text: str) -> list[str]:
    """The words of a configuration command, their quotes taken off."""
    try:
        return shlex.split(text)
    except ValueError:  # a line cut off inside a quoted value
        return text.split()


@dataclass(frozen=True, slots=True)
class Mark:
    """What the description says: `rekamatan:NAME sim:SLOT` and, around a switch, what run it is.

    Attributes:
        profile: name of the WAN profile.
        slot: of its SIM.
        trial: run whose timer is or was live.
        was: the profile before, once the trial was applied.
        run: the last run that was confirmed.
    """

    profile: str = ""
    slot: str = ""
    trial: str = ""
    was: str = ""
    run: str = ""

    def __str__(self) -> str:
        """As it is written."""
        parts = [f"rekamatan:{self.profile}"]
        pairs = {"sim": self.slot, "trial": self.trial, "was": self.was, "run": self.run}
        return " ".join([*parts, *(f"{key}:{value}" for key, value in pairs.items() if value)])


def parse_mark(description: str) -> Mark:
    """The mark in a description; an empty one where the description is somebody else's."""
    pairs = dict(part.split(":", 1) for part in description.split() if ":" in part)
    if not pairs.get("rekamatan"):
        return Mark()
    found = (pairs.get(key, "") for key in ("rekamatan", "sim", "trial", "was", "run"))
    return Mark(*found)


def parse_interfaces(text: str) -> dict[str, list[str]]:
    """Interface -> its addresses, of `show interfaces`; `-` is none."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in clean(text).splitlines():
        words = line.split()
        if not words or words[0] in {"Codes:", "Interface"} or set(words[0]) == {"-"}:
            if words and words[0] == "-" and name:
                continue
            continue
        if not line[0].isspace():
            name = words[0]
            found[name] = [w for w in words[1:2] if w != "-"]
        elif name:
            found[name].append(words[0])
    return found


def registered(modem: dict[str, str]) -> bool | None:
    """From the registration, else from the modem's state."""
    registration = modem.get("registration", "unknown")
    if registration != "unknown":
        return bool(_REGISTERED.fullmatch(registration))
    return False if modem.get("state") in _UNREGISTERED else None


def default_route(text: str) -> str | None:
    """Interface or gateway of the best default route in `show ip route 0.0.0.0`."""
    for pattern in _ROUTES:
        if match := pattern.search(clean(text)):
            return match[1].rstrip(",")
    return None


def parse_state(text: str, signal: str = "") -> ModemState:
    """One reading of mmcli's and qmicli's outputs; what only the configuration knows is None."""
    modem = parse_mmcli(text)
    matches = (_QMI.match(line) for line in clean(text).splitlines())
    qmi = {match[1]: match[2] for match in matches if match}
    registration = modem.get("registration")
    return ModemState(
        platform=PLATFORM,
        sim_slot=modem.get("primary sim slot"),
        iccid=(modem.get("iccid") or qmi.get("ICCID") or "").rstrip("fF") or None,
        imsi=modem.get("imsi") or qmi.get("IMSI"),
        plmn=modem.get("operator id"),
        operator=modem.get("operator name"),
        registered=registered(modem),
        roaming=registration.startswith("roaming") if registered(modem) and registration else None,
        rat=modem.get("access tech"),
        signal=parse_signal(signal or text),
        raw=redact(clean(text)),
    )


_SPAN = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|min|h|d)\b")
_SPAN_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_span(text: str) -> float | None:
    """Seconds of systemd's `1h 2min 3.5s`; None when it is none."""
    parts = _SPAN.findall(text)
    return sum(float(count) * _SPAN_S[unit] for count, unit in parts) if parts else None
