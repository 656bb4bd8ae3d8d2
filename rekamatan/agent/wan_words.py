"""Sentences of `rekamatan wan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rekamatan.agent.sentences import say_checks
from rekamatan.language import Phrase

if TYPE_CHECKING:
    from rekamatan.language import Language

NOTHING_PENDING = Phrase(id="Tidak ada pergantian yang tertunda.", en="No switch is pending.")
PENDING = Phrase(
    id="Pergantian {run_id} ke {target} sedang berjalan: {step} ({seconds:.0f} detik).",
    en="Switch {run_id} to {target} is under way: {step} ({seconds:.0f} seconds).",
)
STARTED = Phrase(
    id="Pergantian {run_id} dimulai. Lihat hasilnya dengan `rekamatan wan outcome {run_id}`.",
    en="Switch {run_id} has begun. See its end with `rekamatan wan outcome {run_id}`.",
)
NO_DIFFERENCE = Phrase(
    id="Modem sudah memakai {profile}: tidak ada yang akan diubah.",
    en="The modem already uses {profile}: nothing would be changed.",
)
NOT_ASKED = Phrase(
    id="Kantor ini tidak punya profil {profile}. Modem tidak ditanya.",
    en="This office has no profile {profile}. The modem was not asked.",
)
DIFFERENCE = Phrase(
    id="Modem akan diganti dari {active} ke {profile}. Belum ada yang diubah.",
    en="The modem would be switched from {active} to {profile}. Nothing has been changed.",
)
ASIDE = Phrase(
    id="Catatan yang rusak disimpan sebagai journal.damaged.jsonl ({damage}). Pergantian dapat "
    "dilakukan lagi.",
    en="The damaged journal is kept as journal.damaged.jsonl ({damage}). Switches can be made "
    "again.",
)
SERVER_ONLY = Phrase(
    id="Modem ini tidak punya pengatur waktu. Jalan kembali hanya dijaga oleh server ini: jangan "
    "matikan server selama pergantian; bila mati, ia memulihkan jalur lama saat menyala lagi.",
    en="This modem has no timer. Only this server guards the way back: do not switch the server "
    "off during the switch; if it goes off, it restores the old link when it is on again.",
)
UPLINK_RESTORED = Phrase(
    id="Jalur pilihan dipasang lagi.", en="The chosen uplink is in force again."
)
UPLINK_AS_IT_IS = Phrase(id="Tidak ada yang perlu dipasang.", en="Nothing had to be restored.")


def say_plan(found: dict[str, Any], lang: Language) -> list[str]:
    """What a switch would change, as the unit that may read the modem found it."""
    commands = [f"  {command}" for command in found["commands"]]
    phrase = DIFFERENCE if commands else NO_DIFFERENCE
    if found["active"] is None and not found["checks"]:
        phrase = NOT_ASKED
    lines = [*say_checks(found["checks"]), *commands, phrase(lang, **found)]
    if commands and found.get("rollback") == "server":
        lines.append(SERVER_ONLY(lang))
    return lines
