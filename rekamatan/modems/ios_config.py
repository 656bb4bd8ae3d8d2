"""What of an IOS configuration concerns the WAN, as text and as data. Pure.

The name of the active WAN profile lives in an EEM environment variable: modem profiles have numbers
only. It is believed only while SIM slot and APN of the modem are the ones written beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rekamatan.modems.ios_parse import CellProfile, clean

WAN, TRIAL, CONFIRMED = "rekamatan_wan", "rekamatan_trial", "rekamatan_confirmed"
PREFIX = "wanrb-"
_MARK = re.compile(rf"^event manager environment ({WAN}|{TRIAL}|{CONFIRMED}) (.*)$", re.MULTILINE)
_LISTED = re.compile(rf"^\s*\d+\s+({WAN}|{TRIAL}|{CONFIRMED})\s+(.*)$", re.MULTILINE)
_WAN_VALUE = re.compile(r"^(\S+) slot=(\S*) apn=(\S+)$")
_DATA_PROFILE = re.compile(
    r"^\s*lte sim data-profile (\d+) attach-profile (\d+)(?: slot (\d+))?\s*$"
)
_PRIMARY = re.compile(r"^\s*lte sim primary slot (\d+)\s*$")
_PROFILE_ID = re.compile(
    r"^\s*profile id (\d+) apn (\S+)(?: authentication (\S+)(?: username (\S+))?)?.*$"
)
_APPLET = re.compile(rf"^event manager applet ({PREFIX}\S+)")
_COUNTDOWN = re.compile(r"^\s*event timer countdown time (\d+)")


@dataclass(frozen=True, slots=True)
class WanConfig:
    """The WAN part of a configuration."""

    data_profiles: dict[str, str] = field(default_factory=dict)  # slot -> its line
    primary: str | None = None
    profiles: tuple[CellProfile, ...] = ()  # `profile id`, where the release has them
    marks: dict[str, str] = field(default_factory=dict)  # environment variable -> value

    def number_for(self, slot: str | None) -> int | None:
        """The data profile of a slot."""
        match = _DATA_PROFILE.match(self.data_profiles.get(slot or "0", ""))
        return int(match[1]) if match else None

    @property
    def numbers_in_use(self) -> set[int]:
        """Profiles that some slot dials with."""
        matches = (_DATA_PROFILE.match(line) for line in self.data_profiles.values())
        return {int(n) for match in matches if match for n in (match[1], match[2])}


@dataclass(frozen=True, slots=True)
class Applet:
    """A dead man's applet as the configuration shows it."""

    name: str
    lines: tuple[str, ...]

    @property
    def seconds(self) -> int | None:
        """Its countdown."""
        for line in self.lines:
            if match := _COUNTDOWN.match(line):
                return int(match[1])
        return None


def parse_config(text: str) -> WanConfig:
    """The WAN part of a running or startup configuration, whole or filtered."""
    cleaned = clean(text)
    data_profiles: dict[str, str] = {}
    primary = None
    profiles = []
    for line in cleaned.splitlines():
        if match := _DATA_PROFILE.match(line):
            data_profiles[match[3] or "0"] = line.strip()
        elif match := _PRIMARY.match(line):
            primary = match[1]
        elif match := _PROFILE_ID.match(line):
            number, apn, auth, user = match.groups()
            profiles.append(CellProfile(int(number), apn, auth or "none", user or ""))
    marks = {name: value.strip() for name, value in _MARK.findall(cleaned)}
    return WanConfig(data_profiles, primary, tuple(profiles), marks)


def parse_environment(text: str) -> dict[str, str]:
    """Our variables of `show event manager environment all`: number, name, value."""
    return {name: value.strip() for name, value in _LISTED.findall(clean(text))}


def named_profile(config: WanConfig, slot: str | None, apn: str | None) -> str | None:
    """The WAN profile's name, while slot and APN are what was written beside it."""
    match = _WAN_VALUE.match(config.marks.get(WAN, ""))
    if match and match[2] == (slot or "") and match[3] == apn:
        return match[1]
    return None


def parse_applets(text: str) -> dict[str, Applet]:
    """Dead man's applets of a configuration, by name."""
    found: dict[str, Applet] = {}
    name = ""
    for line in clean(text).splitlines():
        if match := _APPLET.match(line):
            name = match[1]
            found[name] = Applet(name, (line.strip(),))
        elif name and line.startswith(" "):
            found[name] = Applet(name, (*found[name].lines, " ".join(line.split())))
        else:
            name = ""
    return found
