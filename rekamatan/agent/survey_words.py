"""What a survey found, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.agent.advice import next_step
from rekamatan.agent.sentences import REFUSED, say_outcome
from rekamatan.language import Phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekamatan.language import Language
    from rekamatan.models import Signal, Site, SwitchOutcome
    from rekamatan.wan.sightings import Sighting

LINE = Phrase(
    id="{profile} (slot {slot}): {network}, {signal} ({at})",
    en="{profile} (slot {slot}): {network}, {signal} ({at})",
)
NEVER = Phrase(
    id="{profile} (slot {slot}): belum pernah didengar dari kantor ini",
    en="{profile} (slot {slot}): never heard from this office",
)
NONE_KEPT = Phrase(id="Belum ada konfigurasi yang disimpan.", en="No configuration is kept yet.")
SAME = Phrase(id="Tidak ada bedanya.", en="There is no difference.")
RESTORED = Phrase(
    id="Konfigurasi modem sudah seperti cadangan itu, dan jalurnya lulus uji.",
    en="The modem's configuration is as in that backup, and the link passed.",
)
NOT_RESTORED = Phrase(
    id="Cadangan itu tidak dipasang ({reason}).", en="That backup is not in force ({reason})."
)
NOT_LET_IN = Phrase(id="kartu tidak diterima jaringan", en="the network did not let the card in")
NO_FIGURES = Phrase(id="sinyal tidak diketahui", en="signal not known")
FIGURES = {
    "rsrp_dbm": "RSRP {:g} dBm",
    "rsrq_db": "RSRQ {:g} dB",
    "sinr_db": "SINR {:g} dB",
    "rssi_dbm": "RSSI {:g} dBm",
}


def say_signal(signal: Signal, lang: Language) -> str:
    """The figures that were told, with units."""
    told = [
        text.format(getattr(signal, name))
        for name, text in FIGURES.items()
        if getattr(signal, name) is not None
    ]
    return ", ".join(told) or NO_FIGURES(lang)


def say_sightings(site: Site, known: Mapping[str, Sighting], lang: Language) -> list[str]:
    """One line a profile of the site, in the order of the desired state."""
    return [_line(site, name, known.get(name), lang) for name in site.profiles]


def _line(site: Site, name: str, found: Sighting | None, lang: Language) -> str:
    slot = site.profiles[name].sim.slot or "-"
    if found is None:
        return NEVER(lang, profile=name, slot=slot)
    words = [found.operator or found.plmn or "-", found.rat or ""]
    if found.registered is False:
        words.append(f"({NOT_LET_IN(lang)})")
    network = " ".join(word for word in words if word)
    signal = say_signal(found.signal, lang)
    line = LINE(lang, profile=name, slot=slot, network=network, signal=signal, at=found.at)
    return f"{line}; {found.detail}" if found.detail else line


def say_refused(reasons: str, lang: Language) -> str:
    """Why the other SIM was not listened to, and what to do."""
    step = next_step(reasons, lang)
    return f"{REFUSED(lang)} {step} [{reasons}]"


def say_trouble(outcome: SwitchOutcome, lang: Language) -> str:
    """How a survey ended that did not hear what it went for."""
    return f"{say_outcome(outcome, lang)} [{outcome.reason}]"
