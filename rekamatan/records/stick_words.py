"""What the two buttons say, in Indonesian and English."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rekamatan.language import Phrase

if TYPE_CHECKING:
    from rekamatan.language import Language
    from rekamatan.records.stick import Problem, Progress, StickError
    from rekamatan.records.stick_export import ExportReport
    from rekamatan.records.stick_import import ImportReport

_SHOWN_PROBLEMS = 20  # a sheet of paper's worth; --json has all

NOTHING_WAITS = Phrase(
    id="Tidak ada rekaman yang menunggu: semuanya sudah diterima pusat data.",
    en="No record waits: all have reached the data centre.",
)
ALL_ON_STICK = Phrase(
    id="Selesai: {carried} rekaman ada di stik ini dan sudah dibaca ulang. Cabut stik dengan aman, "
    "bawa ke pusat data, lalu bawa kembali ke sini.",
    en="Done: {carried} records are on this stick and were read back. Eject the stick, bring it to "
    "the data centre, then bring it back here.",
)
STICK_FULL = Phrase(
    id="Stik penuh: {carried} dari {waiting} rekaman ada di stik ini, {left} belum. "
    "Ulangi dengan stik kedua; yang sudah disalin tidak disalin lagi.",
    en="The stick is full: {carried} of {waiting} records are on it, {left} are not. "
    "Repeat with a second stick; what was copied is not copied again.",
)
PARTLY = Phrase(
    id="{carried} dari {waiting} rekaman ada di stik ini.",
    en="{carried} of {waiting} records are on this stick.",
)
KEPT = Phrase(
    id="Tidak ada yang dihapus dari server ini.", en="Nothing was removed from this server."
)
UNFINISHED = Phrase(
    id="{count} kiriman belum selesai; komputer perekamannya masih menyimpannya.",
    en="{count} uploads never ended; their workstations still have them.",
)
CLEARED = Phrase(
    id="{count} rekaman lama dihapus dari stik: tanda terimanya sudah ada di sini.",
    en="{count} old records were taken off the stick: their receipts are here.",
)
TAKEN = Phrase(
    id="{site}: {taken} rekaman baru disimpan, {known} sudah ada sebelumnya; "
    "{receipts} tanda terima ada di stik. Bawa stik kembali ke kantor {site}.",
    en="{site}: {taken} new records stored, {known} were here already; "
    "{receipts} receipts are on the stick. Bring the stick back to office {site}.",
)
MORE_AT_SITE = Phrase(
    id="{site}: stik ini hanya sebagian: {left} rekaman lain masih menunggu di kantor.",
    en="{site}: this stick is only a part: {left} more records wait at the office.",
)
HOME = Phrase(
    id="{acknowledged} tanda terima baru dari pusat data, {known} sudah diketahui.",
    en="{acknowledged} new receipts from the data centre, {known} were known.",
)
NOT_YET = Phrase(
    id="Stik ini belum dibawa ke pusat data: belum ada tanda terima di dalamnya.",
    en="This stick has not been at the data centre yet: there are no receipts on it.",
)
ADOPTED = Phrase(
    id="{taken} rekaman dari disk server lama disimpan di server ini dan akan terkirim sendiri.",
    en="{taken} records of the old server's disk are on this server now and will be sent.",
)
PROBLEMS: dict[str, Phrase] = {
    "altered": Phrase(
        id="isinya bukan isi yang direkam", en="its bytes are not those that were recorded"
    ),
    "unreadable": Phrase(id="tidak dapat dibaca", en="cannot be read"),
    "missing": Phrase(id="berkasnya tidak ada", en="its file is not there"),
    "conflict": Phrase(
        id="nomor ini sudah dipakai rekaman lain", en="this id belongs to another record"
    ),
    "unproven": Phrase(
        id="tanda terima tidak sah; rekaman tetap disimpan",
        en="the receipt is not genuine; the record stays",
    ),
    "misnamed": Phrase(id="nama berkasnya bukan nama rekaman", en="not named like a record"),
    "disk_full": Phrase(
        id="disk server ini penuh; sisanya tetap di stik. Kosongkan ruang, lalu ulangi",
        en="this server's disk is full; the rest stays on the stick. Free space, then repeat",
    ),
    "no_receipts": Phrase(
        id="rekaman sudah disimpan, tetapi tanda terima tidak dapat ditulis ke stik; "
        "ulangi dengan stik yang dapat ditulisi",
        en="the records are stored, but the receipts could not be written to the stick; "
        "repeat with a stick that can be written to",
    ),
}
MORE = Phrase(id="... dan {count} lagi (--json)", en="... and {count} more (--json)")
ERRORS: dict[str, Phrase] = {
    "read_only": Phrase(
        id="Stik {stick} terkunci (hanya-baca). Geser kuncinya, atau pakai stik lain.",
        en="Stick {stick} is read-only. Move its lock, or take another stick.",
    ),
    "not_writable": Phrase(
        id="Stik {stick} tidak boleh ditulisi. Jalankan dengan sudo.",
        en="Stick {stick} must not be written to. Run it with sudo.",
    ),
    "full": Phrase(
        id="Stik {stick} penuh. Hapus berkas lain atau pakai stik yang lebih besar.",
        en="Stick {stick} is full. Delete other files or take a bigger one.",
    ),
    "gone": Phrase(
        id="Stik {stick} tercabut atau rusak. Pasang lagi dan ulangi: yang sudah selesai tetap "
        "selesai.",
        en="Stick {stick} was pulled out or is damaged. Put it in again and repeat: what is done "
        "stays done.",
    ),
    "broken": Phrase(
        id="Stik {stick} mengembalikan isi yang berbeda dari yang ditulis. Buang stik ini.",
        en="Stick {stick} gives back other bytes than were written. Throw it away.",
    ),
    "other_site": Phrase(id="Ini stik kantor lain.", en="This is another office's stick."),
    "same_disk": Phrase(
        id="{stick} adalah disk server ini sendiri. Apakah stik sudah terpasang (mount)?",
        en="{stick} is this server's own disk. Is the stick mounted?",
    ),
    "busy": Phrase(
        id="Stik {stick} sedang dipakai oleh perintah lain. Tunggu sampai selesai.",
        en="Stick {stick} is in use by another command. Wait until it is done.",
    ),
    "forged": Phrase(
        id="Daftar di stik {stick} tidak sah. Tidak ada yang diambil. Simpan stik ini dan laporkan "
        "ke kabupaten.",
        en="The list on stick {stick} is not genuine. Nothing was taken. Keep the stick and tell "
        "the district.",
    ),
    "no_stick": Phrase(
        id="Tidak ada direktori {stick}. Apakah stik sudah terpasang?",
        en="There is no directory {stick}. Is the stick mounted?",
    ),
    "nothing_here": Phrase(
        id="Tidak ada rekaman maupun tanda terima di stik {stick}.",
        en="There are neither records nor receipts on stick {stick}.",
    ),
}


def export_lines(report: ExportReport, lang: Language) -> list[str]:
    """The outcome of an export."""
    facts = {"carried": report.carried, "waiting": report.waiting, "left": report.left}
    if report.waiting == 0:
        lines = [NOTHING_WAITS(lang)]
    elif report.full:
        lines = [STICK_FULL(lang, **facts)]
    else:
        lines = [(ALL_ON_STICK if report.complete else PARTLY)(lang, **facts)]
    if report.waiting:
        lines.append(KEPT(lang))
    if report.cleared:
        lines.append(CLEARED(lang, count=report.cleared))
    if report.unfinished:
        lines.append(UNFINISHED(lang, count=report.unfinished))
    return lines + _problem_lines(report.problems, lang)


def import_lines(report: ImportReport, role: str, lang: Language) -> list[str]:
    """The outcome of an import, of one site's parcel."""
    if role == "data-centre":
        facts = {"taken": report.taken, "known": report.known, "receipts": report.receipts}
        lines = [TAKEN(lang, site=report.site, **facts)]
        if report.waiting > report.listed:
            lines.append(MORE_AT_SITE(lang, site=report.site, left=report.waiting - report.listed))
    elif report.receipts:
        lines = [HOME(lang, acknowledged=report.acknowledged, known=report.known)]
    else:
        lines = [NOT_YET(lang)]
    if role == "site" and report.taken:
        lines.append(ADOPTED(lang, taken=report.taken))
    return lines + _problem_lines(report.problems, lang)


def error_lines(error: StickError, lang: Language) -> list[str]:
    """What is wrong with the stick and what to do, then the exact words for the telephone."""
    phrase = ERRORS.get(error.code)
    first = [phrase(lang, stick=error.stick)] if phrase else []
    return [*first, f"rekamatan: {error}"]


def progress_line(progress: Progress, seconds: float, lang: Language) -> str:
    """`12/340 (3%), 24 MB, 8.1 MB/s, about 4 min`; the rate where bytes are counted."""
    share = 100 * progress.done // max(progress.total, 1)
    text = f"{progress.done}/{progress.total} ({share}%)"
    if not progress.total_bytes or seconds <= 0 or not progress.done_bytes:
        return text
    rate = progress.done_bytes / seconds
    minutes = (progress.total_bytes - progress.done_bytes) / rate / timedelta(minutes=1).seconds
    about = Phrase(id="kira-kira {minutes:.0f} menit lagi", en="about {minutes:.0f} min left")
    return (
        f"{text}, {progress.done_bytes / 1e6:.0f} MB, {rate / 1e6:.1f} MB/s, "
        f"{about(lang, minutes=minutes)}"
    )


def _problem_lines(problems: tuple[Problem, ...], lang: Language) -> list[str]:
    lines = [
        f"  {problem.record_id or '-'}: {PROBLEMS[problem.code](lang)}"
        for problem in problems[:_SHOWN_PROBLEMS]
    ]
    if len(problems) > _SHOWN_PROBLEMS:
        lines.append(MORE(lang, count=len(problems) - _SHOWN_PROBLEMS))
    return lines
