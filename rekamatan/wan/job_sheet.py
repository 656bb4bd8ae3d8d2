"""The job sheet: what a technician takes along to an office that has no working link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.language import Phrase

if TYPE_CHECKING:
    from rekamatan.language import Language
    from rekamatan.models import LadderStep, Site, SwitchOutcome

TITLE = Phrase(
    id="LEMBAR KERJA TEKNISI: {name} ({code})", en="JOB SHEET FOR THE TECHNICIAN: {name} ({code})"
)
WHAT = Phrase(
    id="Kantor ini tidak punya jalur yang bekerja sejak {started} (UTC), saat diganti dari "
    "{previous} ke {target}. Surat perintah: {order}. Nomor proses: {run_id}.",
    en="This office has had no working link since {started} (UTC), when it was to be moved from "
    "{previous} to {target}. Change order: {order}. Run: {run_id}.",
)
CAUSE = Phrase(id="Sebab yang ditemukan: {reason}", en="Cause as found: {reason}")
SAFE = Phrase(
    id="Rekaman tersimpan aman di server. Jangan menghapus apa pun di server.",
    en="Recordings are safe on the server. Do not delete anything on it.",
)
TRIED = Phrase(id="Sudah dicoba oleh server sendiri:", en="Already tried by the server itself:")
CARDS = Phrase(
    id="Kartu SIM menurut rencana (bandingkan dengan nomor yang tercetak di kartu):",
    en="SIM cards as planned (compare with the numbers printed on them):",
)
CARD = Phrase(
    id="slot {slot}: {profile}, ICCID {iccid}, APN {apn}",
    en="slot {slot}: {profile}, ICCID {iccid}, APN {apn}",
)
STEPS = Phrase(id="Langkah di kantor:", en="What to do at the office:")
TASKS = (
    Phrase(
        id="Lihat modem dan antena: lampu menyala, kabel antena terpasang kencang.",
        en="Look at the modem and its antenna: lights on, antenna cables tight.",
    ),
    Phrase(
        id="Cabut listrik modem 10 detik, pasang lagi, tunggu 3 menit.",
        en="Unplug the modem for 10 seconds, plug it in, wait 3 minutes.",
    ),
    Phrase(
        id="Jalankan: sudo rekamatan verify. Bila jalur baik, selesai.",
        en="Run: sudo rekamatan verify. If the link is good, you are done.",
    ),
    Phrase(
        id="Keluarkan kartu SIM, cocokkan ICCID dengan daftar di atas, pasang di slot yang benar.",
        en="Take out the SIM cards, compare their ICCIDs with the list, put each in its slot.",
    ),
    Phrase(
        id="Coba kartu di telepon dengan APN di atas: bila tidak tersambung, kartu atau operator "
        "yang bermasalah. Telepon kabupaten.",
        en="Try the card in a phone with the APN above: if it does not connect, the card or the "
        "carrier is at fault. Call the district office.",
    ),
    Phrase(
        id="Bila modem tidak menjawab di {host}: ganti modem, lalu jalankan pasang lagi.",
        en="If the modem does not answer at {host}: replace it, then run pasang again.",
    ),
    Phrase(
        id="Tidak ada jalur sampai pulang: bawa rekaman dengan stik (lapor), jangan bawa server.",
        en="No link until you leave: carry the records on a stick (lapor), not the server.",
    ),
)
RUNGS = {
    "reset_modem": Phrase(id="menyalakan ulang modem", en="restart the modem"),
    "other_sim": Phrase(id="kartu SIM lain", en="the other SIM card"),
    "other_apn": Phrase(id="APN lain", en="another APN"),
    "other_bearer": Phrase(id="jalur lain", en="another bearer"),
    "power_cycle": Phrase(id="memutus listrik modem", en="cut the modem's power"),
}
RESULTS = {
    "worked": Phrase(id="berhasil", en="worked"),
    "no_help": Phrase(id="tidak membantu", en="did not help"),
    "not_here": Phrase(id="tidak ada di kantor ini", en="not available at this office"),
    "failed": Phrase(id="tidak dapat dilakukan", en="could not be done"),
}


def job_sheet(site: Site, outcome: SwitchOutcome, lang: Language) -> str:
    """The sheet as text, one page; pure."""
    what = {
        "started": outcome.started,
        "previous": outcome.previous or "-",
        "target": outcome.target or "-",
        "order": outcome.change_order or "-",
        "run_id": outcome.run_id,
    }
    tasks = [phrase(lang, host=site.modem.host) for phrase in TASKS]
    lines = [
        TITLE(lang, name=site.name, code=site.code),
        "",
        WHAT(lang, **what),
        CAUSE(lang, reason=outcome.reason),
        SAFE(lang),
        "",
        TRIED(lang),
        *(f"  - {_say_step(step, lang)}" for step in outcome.ladder),
        "",
        CARDS(lang),
        *(f"  - {line}" for line in _cards(site, lang)),
        "",
        STEPS(lang),
        *(f"  {number}. {text}" for number, text in enumerate(tasks, start=1)),
    ]
    return "\n".join(lines) + "\n"


def _cards(site: Site, lang: Language) -> list[str]:
    return [
        CARD(
            lang,
            slot=profile.sim.slot or "-",
            profile=profile.name,
            iccid=profile.sim.iccid or "-",
            apn=profile.apn,
        )
        for profile in site.profiles.values()
    ]


def _say_step(step: LadderStep, lang: Language) -> str:
    kind, _, which = step.name.partition(":")
    name = RUNGS[kind](lang) if kind in RUNGS else kind
    said = f"{name} {which}".strip()
    result = f"{said}: {RESULTS[step.result](lang)} ({step.seconds:.0f} s)"
    return f"{result}. {step.detail}" if step.detail else result
