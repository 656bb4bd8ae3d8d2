"""What `upsc` of Network UPS Tools says, as data.

`upsc` prints one `variable: value` a line. `ups.status` holds words that may be combined:
OL on line, OB on battery, LB low battery, RB replace battery, CHRG, DISCHRG, BYPASS, CAL runtime
calibration (the battery is emptied on purpose), OFF, OVER, TRIM, BOOST, FSD forced shutdown.
Source: NUT developer guide, "Status data" (docs/new-drivers.txt); variables: docs/nut-names.txt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rekamatan import paths
from rekamatan.errors import ConfigError
from rekamatan.plain import Place, from_plain, parse_json
from rekamatan.verify.command import NOT_FOUND, TIMED_OUT, run

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.verify.command import Completed, Runner

Supply = Literal["mains", "battery", "unknown"]
POWER_FILE = paths.ETC / "power.json"
_TIMEOUT_S = 5.0
_FULL = 100.0


@dataclass(frozen=True, slots=True)
class PowerState:
    """What feeds the server now. `unknown` is neither: nobody may read it as mains."""

    supply: Supply
    charge_percent: float | None = None
    runtime_s: float | None = None
    low: bool = False  # the UPS will end it soon, or is ending it
    replace_battery: bool = False
    detail: str = ""  # why it is unknown, or the UPS's own words

    @property
    def mains(self) -> bool | None:
        """True on mains, False on battery, None when it is not known."""
        return {"mains": True, "battery": False, "unknown": None}[self.supply]


@dataclass(frozen=True, slots=True)
class PowerSettings:
    """`/etc/rekamatan/power.json`, written by role power where there is a UPS."""

    ups: str  # as NUT names it: office@localhost


def parse_upsc(text: str) -> dict[str, str]:
    """The variables; lines that are none (warnings about TLS) are left out."""
    variables = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator and "." in name and " " not in name:  # every name of NUT has a dot
            variables[name] = value.strip()
    return variables


def power_state(variables: dict[str, str]) -> PowerState:
    """What the variables mean. Contradictory words, and none, are `unknown`."""
    words = frozenset(variables.get("ups.status", "").split())
    supply = _supply(words)
    return PowerState(
        supply=supply,
        charge_percent=_number(variables.get("battery.charge"), most=_FULL),
        runtime_s=_number(variables.get("battery.runtime")),
        low=bool(words & {"LB", "FSD"}),
        replace_battery="RB" in words,
        detail=variables.get("ups.status", "no ups.status"),
    )


def answer_state(done: Completed) -> PowerState:
    """What one run of `upsc` means; every failure is `unknown`, with its reason.

    `upsc` ends with 1 and a line such as `Error: Data stale` when the UPS stopped talking to its
    driver: the last status it printed before says nothing about now.
    """
    if done.code == NOT_FOUND:
        return PowerState("unknown", detail="upsc is not installed")
    if done.code == TIMED_OUT:
        return PowerState("unknown", detail="upsc did not answer in time")
    if done.code != 0:
        lines = [line for line in (done.err + "\n" + done.out).splitlines() if "Error" in line]
        return PowerState("unknown", detail=lines[0].strip() if lines else f"upsc: {done.code}")
    return power_state(parse_upsc(done.out))


def read_power(path: Path = POWER_FILE, runner: Runner = run) -> PowerState:
    """Ask the UPS of this site. Never raises: what cannot be known is `unknown`."""
    try:
        text = path.read_text(encoding="utf-8")
        settings = from_plain(PowerSettings, parse_json(text, str(path)), Place(str(path)))
    except FileNotFoundError:
        return PowerState(
            "unknown", detail="this office has no UPS: a power failure stops it at once"
        )
    except (OSError, ConfigError) as error:
        return PowerState("unknown", detail=str(error))
    return answer_state(runner(["upsc", settings.ups], _TIMEOUT_S))


def _supply(words: frozenset[str]) -> Supply:
    on_line = "OL" in words
    on_battery = bool(words & {"OB", "FSD", "CAL", "LB"})
    if "OFF" in words or {"OL", "OB"} <= words:
        return "unknown"
    if on_battery:
        return "battery"
    return "mains" if on_line else "unknown"


def _number(text: str | None, most: float = math.inf) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value <= most else None  # some drivers say -1 for "not known"
