"""`rekamatan records` in words and as data: what waits, how fast it leaves, what needs a person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rekamatan.errors import RekamatanError
from rekamatan.language import Language, Phrase
from rekamatan.records.counts import RecordCounts, record_counts
from rekamatan.records.outlook import Outlook, outlook
from rekamatan.records.settings import IntakeSettings

if TYPE_CHECKING:
    from pathlib import Path

ALL_DELIVERED = Phrase(
    id="Semua {captured} rekaman sudah diterima pusat data.",
    en="All {captured} records have reached the data centre.",
)
WAITING = Phrase(
    id="{waiting} dari {captured} rekaman belum diterima pusat data ({megabytes:.1f} MB); "
    "yang tertua menunggu {minutes:.0f} menit.",
    en="{waiting} of {captured} records have not reached the data centre ({megabytes:.1f} MB); "
    "the oldest has waited {minutes:.0f} minutes.",
)
SAFE = Phrase(
    id="Semuanya aman di server ini dan akan terkirim sendiri.",
    en="They are safe on this server and will be sent by themselves.",
)
CAPTURING = Phrase(
    id="Sedang menerima {count} rekaman dari komputer perekaman.",
    en="{count} records are being received from workstations now.",
)
LAST_RECEIPT = Phrase(
    id="Tanda terima terakhir: {moment} (UTC).", en="Last receipt: {moment} (UTC)."
)
RATE = Phrase(
    id="Kecepatan kirim satu jam terakhir: {kbps:.0f} kbit/detik.",
    en="Sent within the last hour at {kbps:.0f} kbit/s.",
)
DRAIN = Phrase(
    id="Dengan kecepatan ini semua terkirim dalam {hours:.1f} jam.",
    en="At this rate all are sent within {hours:.1f} hours.",
)
NO_DRAIN = Phrase(
    id="Belum ada yang terkirim dalam satu jam terakhir; lamanya belum dapat diperkirakan.",
    en="Nothing was acknowledged within the last hour, so how long it takes is not known.",
)
DISK = Phrase(
    id="Ruang disk cukup untuk sekitar {days} hari perekaman.",
    en="The disk holds about {days} more days of recording.",
)
DISK_LONG = Phrase(
    id="Ruang disk cukup untuk lebih dari setahun perekaman.",
    en="The disk holds more than a year of recording.",
)
NIGHT_OFF = Phrase(
    id="Server dimatikan semalam ({since} sampai {until} UTC): ini bukan gangguan jaringan. "
    "Biarkan menyala agar rekaman terkirim pada malam hari.",
    en="The server was switched off for the night ({since} to {until} UTC): no fault of the link. "
    "Leave it on, and records are sent at night.",
)
OFF_TIME = Phrase(
    id="Server terakhir mati dari {since} sampai {until} (UTC).",
    en="The server was last without power from {since} to {until} (UTC).",
)
FINDING = Phrase(
    id="PERHATIAN: {count} rekaman {what}. Hubungi kantor kabupaten.",
    en="ATTENTION: {count} records {what}. Call the district office.",
)
KINDS = {
    "missing": Phrase(id="hilang di pusat data", en="are gone at the data centre"),
    "altered": Phrase(id="berbeda di pusat data", en="are different at the data centre"),
    "unknown": Phrase(
        id="atas nama kantor ini tetapi tidak dikenal di sini",
        en="are in this office's name at the data centre but not known here",
    ),
    "unproven": Phrase(
        id="bukti terimanya rusak dan sedang diminta lagi",
        en="had a bad receipt, which is being asked for again",
    ),
    "lost": Phrase(id="tidak ada lagi di server ini", en="are no longer on this server"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts, and the outlook where it can be had."""

    counts: RecordCounts
    outlook: Outlook | None
    outlook_problem: str  # why there is none


def summarise(directory: Path, settings_file: Path) -> Summary:
    """Read ledger and disk.

    Raises:
        RecordError: there is no readable ledger. Unknown is never reported as zero.
    """
    counts = record_counts(directory)
    try:
        return Summary(counts, outlook(directory, IntakeSettings.load(settings_file)), "")
    except RekamatanError as error:
        return Summary(counts, None, str(error))


def as_plain(summary: Summary) -> dict[str, Any]:
    """One flat object: the counts as they always were, and `outlook` beside them."""
    return {
        **asdict(summary.counts),
        "outlook": None if summary.outlook is None else asdict(summary.outlook),
        "outlook_problem": summary.outlook_problem,
    }


def lines(summary: Summary, lang: Language) -> list[str]:
    """What a technician reads."""
    return _counted(summary.counts, lang) + _expected(summary, lang)


def _counted(counts: RecordCounts, lang: Language) -> list[str]:
    waiting = counts.captured - counts.acknowledged
    if waiting == 0:
        found = [ALL_DELIVERED(lang, captured=counts.captured)]
    else:
        minutes = (counts.oldest_unacknowledged_s or 0.0) / timedelta(minutes=1).total_seconds()
        megabytes = counts.backlog_bytes / 1e6
        facts = {"waiting": waiting, "captured": counts.captured}
        found = [WAITING(lang, **facts, megabytes=megabytes, minutes=minutes), SAFE(lang)]
    if counts.active_captures:
        found.append(CAPTURING(lang, count=counts.active_captures))
    if counts.last_receipt_at:
        found.append(LAST_RECEIPT(lang, moment=counts.last_receipt_at))
    return found


def _expected(summary: Summary, lang: Language) -> list[str]:
    ahead = summary.outlook
    if ahead is None:
        return [summary.outlook_problem]
    found = []
    if ahead.rate_kbps is not None:
        found.append(RATE(lang, kbps=ahead.rate_kbps))
    if ahead.drain_s is None:
        found.append(NO_DRAIN(lang))
    elif ahead.drain_s > 0:
        found.append(DRAIN(lang, hours=ahead.drain_s / timedelta(hours=1).total_seconds()))
    found.append(DISK_LONG(lang) if ahead.disk_days is None else DISK(lang, days=ahead.disk_days))
    if ahead.off is not None:
        phrase = NIGHT_OFF if ahead.off.is_night() else OFF_TIME
        found.append(phrase(lang, since=ahead.off.since, until=ahead.off.until))
    for kind, count in sorted(ahead.findings.items()):
        found.append(FINDING(lang, count=count, what=KINDS[kind](lang)))
    return found
