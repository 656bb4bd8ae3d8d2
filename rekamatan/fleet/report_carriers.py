"""How each carrier was last heard from an office, as lines of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.fleet.report_words import number, period
from rekamatan.language import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.fleet.report_data import SiteReport
    from rekamatan.language import Language
    from rekamatan.models import Signal

WORDS = {
    "carrier": Phrase(id="Operator", en="Carrier"),
    "network": Phrase(id="Jaringan", en="Network"),
    "signal": Phrase(id="Sinyal di kantor", en="Signal at the office"),
    "heard_at": Phrase(id="Terakhir didengar", en="Last heard"),
}
NOT_LET_IN = Phrase(id="kartu tidak diterima", en="card not let in")
FIGURES = (
    ("rsrp_dbm", "RSRP", "dBm"),
    ("rsrq_db", "RSRQ", "dB"),
    ("sinr_db", "SINR", "dB"),
    ("rssi_dbm", "RSSI", "dBm"),
)


@dataclass(frozen=True, slots=True)
class Carrier:
    """One line: a profile, what its SIM saw, how strong, and when."""

    profile: str
    network: str
    signal: str
    at: str
    registered: bool | None


def carriers(site: SiteReport, lang: Language) -> Iterator[Carrier]:
    """The site's sightings in words."""
    for seen in site.carriers:
        words = [seen.operator or seen.plmn or "", seen.rat or ""]
        if seen.registered is False:
            words.append(NOT_LET_IN(lang))
        yield Carrier(
            profile=seen.profile,
            network=" ".join(word for word in words if word) or "–",  # noqa: RUF001 - an en dash
            signal=_figures(seen.signal, lang) or "–",  # noqa: RUF001 - an en dash
            at=period(seen.at, seen.at, lang).partition("–")[0],  # noqa: RUF001 - of a range, its begin
            registered=seen.registered,
        )


def _figures(signal: Signal, lang: Language) -> str:
    told = [(label, getattr(signal, name), unit) for name, label, unit in FIGURES]
    return ", ".join(
        f"{label} {number(value, lang, 0 if value == int(value) else 1)} {unit}"
        for label, value, unit in told
        if value is not None
    )
