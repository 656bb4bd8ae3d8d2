"""What the radio side of a modem tells, before it is joined with the router's configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rekamatan.models import Signal

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ABSENT = frozenset({"", "--", "n/a", "na", "null", "none", "unknown"})
# Networks of North America, Central America and India have MNCs of three digits.
_THREE_DIGIT_MNC = re.compile(
    r"302|31[0-6]|33[048]|34[2468]|35[0248]|36[56]|37[046]|405|7(?:08|22|32)"
)
_MCC_DIGITS = 3
_INVALID = frozenset({-32768.0, -3276.8})  # Qualcomm's "not measured", plain and in tenths


@dataclass(frozen=True, slots=True)
class Radio:
    """A reading of the modem; None is `not told`. `trouble`: why there is no service."""

    sim_slot: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    plmn: str | None = None
    operator: str | None = None
    registered: bool | None = None
    roaming: bool | None = None
    rat: str | None = None
    signal: Signal = field(default_factory=Signal)
    trouble: str = ""


def told(value: object) -> str | None:
    """A value as text; None for what modems write instead of one (`--`, `N/A`)."""
    text = "" if value is None else str(value).strip()
    return None if text.lower() in _ABSENT else text


def number(value: object) -> float | None:
    """The number in `-97`, `-97 dBm`, `8.40 dB`; None where there is none."""
    if isinstance(value, bool):
        return None
    match = _NUMBER.search(str(value)) if told(value) else None
    found = float(match[0]) if match else None
    return None if found in _INVALID else found


def plmn_of(mcc: object, mnc: object) -> str | None:
    """MCC and MNC as one number: devices print the MNC without its leading zeros."""
    country, network = told(mcc), told(mnc)
    if not (country and network and country.isdigit() and network.isdigit()):
        return None
    country = country.zfill(_MCC_DIGITS)
    wide = _THREE_DIGIT_MNC.fullmatch(country) and not isinstance(mnc, str)
    return country + network.zfill(3 if wide else 2)


def home_network(imsi: str | None) -> str | None:
    """The network that issued a SIM: MCC and two digits of MNC, as everywhere in Indonesia."""
    return imsi[:5] if imsi and imsi[:5].isdigit() else None
