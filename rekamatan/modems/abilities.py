"""What a platform can do. Each driver declares it; the contract tests measure it on the twin.

`abilities.json` beside this file holds what was measured: `rekamatan platforms` shows that, and the
tests fail when declaration, measurement and file differ.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MEASURED = Path(__file__).with_name("abilities.json")


@dataclass(frozen=True, slots=True)
class Abilities:
    """Yes or no, each as it shows from outside the device."""

    device_timer: bool  # brings the old profile back by itself when nobody confirms
    survives_power_cut: bool  # an unconfirmed change is undone also over a power cut
    sim_slots: bool  # can move to a SIM in another slot
    make_before_break: bool  # changes the carrier without a moment without any bearer
    signal: bool  # tells at least one radio figure
    survey: bool  # hears the network of the SIM in the other slot, and comes back as it was
    restore: bool  # puts a kept configuration back, under the same timer


# A router with a scheduler of its own and several SIM slots behind one modem.
TIMER_AND_SLOTS = Abilities(
    device_timer=True,
    survives_power_cut=True,
    sim_slots=True,
    make_before_break=False,
    signal=True,
    survey=True,
    restore=True,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One platform as the tests found it."""

    platform: str
    firmware: str  # what the measured device called itself
    abilities: Abilities


def measured(file: Path = MEASURED) -> dict[str, Measured]:
    """Platform -> what was measured, in order of name."""
    document = json.loads(file.read_text(encoding="utf-8"))
    return {
        platform: Measured(platform, entry["firmware"], Abilities(**entry["abilities"]))
        for platform, entry in sorted(document.items())
    }
