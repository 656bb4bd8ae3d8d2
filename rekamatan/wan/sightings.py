"""What each carrier looks like from this office: the last reading of every SIM, kept on the site.

A modem with one radio hears the network of the active card alone. So each verification leaves what
it heard, and a survey (`wan/survey.py`) goes and listens where nothing was heard yet.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from rekamatan.errors import ConfigError, NotSupportedError
from rekamatan.models import Signal
from rekamatan.plain import Place, from_plain, to_plain
from rekamatan.wan.ports import replace

if TYPE_CHECKING:
    from rekamatan.models import ModemState
    from rekamatan.modems.base import ModemDriver
    from rekamatan.wan.ports import Disk

SURVEY = "survey.json"
FRESH = timedelta(days=14)  # masts are moved and trees grow, but not within two weeks


@dataclass(frozen=True, slots=True)
class Sighting:
    """One carrier as one SIM saw it from here; a field that was not told is None."""

    profile: str
    at: str  # ISO 8601 UTC, a label
    how: Literal["active", "moved"]  # the office was on it anyway, or a survey went there
    registered: bool | None
    operator: str | None
    plmn: str | None
    rat: str | None
    signal: Signal
    detail: str = ""  # what was not as planned

    @property
    def heard(self) -> bool:
        """Whether it gives at least one radio figure of a network that let the card in."""
        figures = (self.signal.rsrp_dbm, self.signal.rssi_dbm, self.signal.sinr_db)
        return self.registered is not False and any(figure is not None for figure in figures)


def listened(driver: ModemDriver) -> ModemState:
    """A fresh reading; where it shows no figure, the modem is told to measure and asked once more.

    ModemManager forgets to measure whenever the modem restarts, as it does when the SIM is moved.

    Raises:
        DeviceError: the modem does not answer.
    """
    state = driver.read_state()
    if state.registered and state.signal == Signal():
        with suppress(NotSupportedError):
            return changed(state, signal=driver.signal())
    return state


def sighting_of(
    state: ModemState, profile: str, at: datetime, how: Literal["active", "moved"], detail: str = ""
) -> Sighting:
    """The radio part of a reading, as a sighting of `profile`."""
    return Sighting(
        profile=profile,
        at=at.isoformat(timespec="seconds"),
        how=how,
        registered=state.registered,
        operator=state.operator,
        plmn=state.plmn,
        rat=state.rat,
        signal=state.signal,
        detail=detail,
    )


def sightings(disk: Disk) -> dict[str, Sighting]:
    """Profile -> its last sighting. A file that cannot be read counts as none: it is made again."""
    content = disk.read(SURVEY)
    try:
        return from_plain(dict[str, Sighting], json.loads(content or b"{}"), Place(SURVEY))
    except (ValueError, ConfigError):
        return {}


def keep_sighting(disk: Disk, sighting: Sighting) -> None:
    """Put it in the place of the profile's older one. Raises `OSError` when the disk is full."""
    kept = sightings(disk) | {sighting.profile: sighting}
    replace(disk, SURVEY, json.dumps(to_plain(kept), sort_keys=True).encode())


def fresh_sighting(disk: Disk, profile: str, now: datetime) -> Sighting | None:
    """The last sighting of `profile`, unless it is too old to be believed or from the future."""
    found = sightings(disk).get(profile)
    if found is None:
        return None
    age = now - datetime.fromisoformat(found.at)
    return found if timedelta(0) <= age <= FRESH else None
