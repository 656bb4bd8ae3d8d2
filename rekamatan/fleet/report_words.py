"""The report's words in both languages, and how each language writes numbers and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rekamatan.fleet.ledger import SiteState
from rekamatan.language import Phrase

if TYPE_CHECKING:
    from rekamatan.language import Language

ZONE = "Asia/Jakarta"
MONTHS = "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des"


@dataclass(frozen=True, slots=True)
class StateWords:
    """One state for people: its label, what it means, what to do now."""

    label: Phrase
    meaning: Phrase
    next_step: Phrase


NOTHING = Phrase(id="Tidak ada yang perlu dilakukan.", en="Nothing to do.")
# What stands between backquotes is a command: the page sets it in another type.
RERUN = (
    "`ansible-playbook playbooks/switch_wan.yml -l {site} "
    "-e wan_profile={profile} -e change_order={order}`"
)
STATES: dict[SiteState, StateWords] = {
    SiteState.VERIFIED: StateWords(
        Phrase(id="Terverifikasi", en="Verified"),
        Phrase(
            id="Rekaman uji sudah diterima pusat data lewat jalur baru.",
            en="A test record reached the data centre through the new link.",
        ),
        NOTHING,
    ),
    SiteState.DEGRADED: StateWords(
        Phrase(id="Di bawah batas", en="Degraded"),
        Phrase(
            id="Jalur baru bekerja, tetapi sebagian ukuran di bawah batas.",
            en="The new link works, but some measurements are below their limits.",
        ),
        Phrase(
            id="Ukur lagi besok: `ansible-playbook playbooks/verify.yml -l {site}`. "
            "Bila tetap, kembalikan: `ansible-playbook playbooks/rollback_wan.yml -l {site}`",
            en="Measure again tomorrow: `ansible-playbook playbooks/verify.yml -l {site}`. "
            "If it stays so, go back: `ansible-playbook playbooks/rollback_wan.yml -l {site}`",
        ),
    ),
    SiteState.ROLLED_BACK: StateWords(
        Phrase(id="Dikembalikan", en="Rolled back"),
        Phrase(
            id="Jalur baru tidak lulus; kantor kembali memakai jalur lama.",
            en="The new link did not pass; the office is back on the old one.",
        ),
        Phrase(
            id="Perbaiki penyebabnya (APN, kartu SIM, sinyal), lalu ulangi: " + RERUN,
            en="Cure the cause (APN, SIM card, signal), then try again: " + RERUN,
        ),
    ),
    SiteState.PREFLIGHT_FAILED: StateWords(
        Phrase(id="Belum diubah", en="Not started"),
        Phrase(
            id="Pemeriksaan awal menolak; tidak ada yang disentuh.",
            en="The preflight refused; nothing was touched.",
        ),
        Phrase(
            id="Perbaiki penyebabnya, lalu ulangi: " + RERUN,
            en="Cure the cause, then try again: " + RERUN,
        ),
    ),
    SiteState.PLANNED: StateWords(
        Phrase(id="Direncanakan", en="Planned"),
        Phrase(id="Gelombangnya belum dimulai.", en="Its wave has not started."),
        Phrase(id="Lanjutkan: " + RERUN, en="Go on: " + RERUN),
    ),
    SiteState.WAITING: StateWords(
        Phrase(id="Menunggu", en="Waiting"),
        Phrase(
            id="Kantor tidak menjawab; tidak ada yang diubah.",
            en="The office did not answer; nothing was changed.",
        ),
        Phrase(
            id="Telepon kantor: apakah listrik dan modem menyala? Lalu ulangi: " + RERUN,
            en="Call the office: are power and modem on? Then try again: " + RERUN,
        ),
    ),
    SiteState.SWITCHING: StateWords(
        Phrase(id="Sedang beralih", en="Switching"),
        Phrase(
            id="Server di kantor sedang bekerja; ia kembali sendiri bila gagal.",
            en="The server at the office is at work; it goes back by itself if it fails.",
        ),
        Phrase(
            id="Tunggu 10 menit, lalu tanyakan: `ansible-playbook playbooks/status.yml -l {site}`",
            en="Wait 10 minutes, then ask: `ansible-playbook playbooks/status.yml -l {site}`",
        ),
    ),
    SiteState.UNKNOWN: StateWords(
        Phrase(id="Belum diketahui", en="Unknown"),
        Phrase(
            id="Hasilnya belum diketahui: mungkin berhasil, mungkin tidak.",
            en="The outcome is not known: it may or may not have happened.",
        ),
        Phrase(
            id="Jangan ulangi dulu. Tanyakan: `ansible-playbook playbooks/status.yml -l {site}`",
            en="Do not repeat it yet. Ask: `ansible-playbook playbooks/status.yml -l {site}`",
        ),
    ),
    SiteState.STRANDED: StateWords(
        Phrase(id="Terputus", en="Stranded"),
        Phrase(
            id="Jalur lama dan jalur baru sama-sama tidak bekerja.",
            en="Neither the old nor the new link works.",
        ),
        Phrase(
            id="Telepon kantor: jalankan `periksa`, lalu `pulihkan`, di server perekaman. "
            "Bila tidak membantu, kirim teknisi; rekaman tetap aman di server.",
            en="Call the office: run `periksa`, then `pulihkan`, on the recording server. "
            "If that does not help, send a technician; the records are safe on the server.",
        ),
    ),
}

PROBES: dict[str, Phrase] = {
    "registration": Phrase(id="Terdaftar di operator", en="Registered at the carrier"),
    "route": Phrase(id="Alamat dan rute", en="Address and route"),
    "dns": Phrase(id="Nama pusat data", en="Data-centre name"),
    "ping.loss": Phrase(id="Paket hilang", en="Packet loss"),
    "ping.rtt": Phrase(id="Waktu pulang-pergi", en="Round-trip time"),
    "ping.jitter": Phrase(id="Naik-turun waktu", en="Jitter"),
    "mtu": Phrase(id="Ukuran paket", en="Path MTU"),
    "tunnel": Phrase(id="Terowongan VPN", en="VPN tunnel"),
    "clock": Phrase(id="Selisih jam", en="Clock offset"),
    "canary.receipt": Phrase(id="Rekaman uji diterima", en="Test record acknowledged"),
    "canary.throughput": Phrase(id="Kecepatan kirim", en="Upload speed"),
}
SERVICE = Phrase(id="Layanan {name}", en="Service {name}")

PAGE: dict[str, Phrase] = {
    "title": Phrase(id="Laporan peralihan jaringan", en="Carrier change report"),
    "to": Phrase(id="ke", en="to"),
    "change_order": Phrase(id="Perintah perubahan", en="Change order"),
    "no_order": Phrase(id="tanpa perintah", en="none"),
    "when": Phrase(id="Waktu", en="When"),
    "running": Phrase(id="masih berjalan", en="still running"),
    "sites": Phrase(id="Kecamatan", en="Sites"),
    "verified": Phrase(id="kecamatan terverifikasi", en="sites verified"),
    "of": Phrase(id="dari", en="of"),
    "records": Phrase(id="Rekaman diterima", en="Records received"),
    "records_tile": Phrase(
        id="rekaman diterima pusat data", en="records acknowledged by the data centre"
    ),
    "lost_tile": Phrase(id="rekaman hilang", en="records lost"),
    "gap_tile": Phrase(id="jeda perekaman terpanjang", en="longest gap between two recordings"),
    "outage_tile": Phrase(
        id="terlama tanpa pusat data saat beralih", en="longest without the data centre, switching"
    ),
    "not_measured": Phrase(id="tidak diukur", en="not measured"),
    "map": Phrase(id="Peta kecamatan", en="Map of the sites"),
    "map_note": Phrase(
        id="Titik = ibu kota kecamatan. Bentuk dan warna = keadaan.",
        en="Points are the kecamatan seats. Shape and colour tell the state.",
    ),
    "north": Phrase(id="U", en="N"),
    "todo": Phrase(id="Perlu tindakan", en="What to do now"),
    "todo_none": Phrase(
        id="Tidak ada. Semua kecamatan sudah terverifikasi.",
        en="Nothing. Every site is verified.",
    ),
    "why": Phrase(id="Sebab", en="Why"),
    "next": Phrase(id="Langkah berikutnya", en="Next step"),
    "table": Phrase(id="Sebelum dan sesudah", en="Before and after"),
    "before": Phrase(id="sebelum", en="before"),
    "after": Phrase(id="sesudah", en="after"),
    "limit": Phrase(id="batas", en="limit"),
    "verdict": Phrase(id="Keadaan", en="Verdict"),
    "loss": Phrase(id="Paket hilang", en="Loss"),
    "latency": Phrase(id="Waktu pulang-pergi", en="Latency"),
    "throughput": Phrase(id="Kecepatan kirim", en="Throughput"),
    "outage": Phrase(id="Tanpa pusat data", en="Without data centre"),
    "district_wide": Phrase(id="Kabupaten, nilai tengah", en="The district, median of its sites"),
    "short_loss": Phrase(id="Hilang %", en="Loss %"),
    "short_latency": Phrase(id="Waktu ms", en="Latency ms"),
    "short_throughput": Phrase(id="Kirim kbit/s", en="Upload kbit/s"),
    "short_outage": Phrase(id="Putus", en="Outage"),
    "note": Phrase(id="Catatan server", en="The server says"),
    "acknowledged": Phrase(id="diterima", en="acknowledged"),
    "largest_gap": Phrase(id="jeda", en="gap"),
    "details": Phrase(id="Semua pengukuran", en="All measurements"),
    "measure": Phrase(id="Ukuran", en="Measurement"),
    "bounds": Phrase(id="Batas", en="Limit"),
    "footer": Phrase(
        id="Dibuat oleh Rekamatan dari hasil yang dikumpulkan di setiap kantor. "
        "Berkas ini dapat dibuka tanpa internet.",
        en="Made by Rekamatan from what was collected at each office. "
        "This file opens without internet.",
    ),
}

ALL_DONE = Phrase(
    id="Semua {total} kecamatan sudah pindah ke {profile} dan terverifikasi.",
    en="All {total} sites are on {profile} and verified.",
)
SOME_DONE = Phrase(
    id="{verified} dari {total} kecamatan sudah pindah ke {profile} dan terverifikasi; "
    "{open} perlu tindakan.",
    en="{verified} of {total} sites are on {profile} and verified; {open} need attention.",
)
NO_LOSS = Phrase(
    id="{captured} rekaman dibuat selama itu, semuanya diterima pusat data.",
    en="{captured} records were made meanwhile, all acknowledged by the data centre.",
)
ON_THE_WAY = Phrase(
    id="{captured} rekaman dibuat selama itu, {waiting} masih menunggu dikirim, "
    "tidak ada yang hilang.",
    en="{captured} records were made meanwhile, {waiting} still wait to be sent, none is lost.",
)
LOST = Phrase(
    id="{lost} dari {captured} rekaman HILANG: hentikan perubahan dan cari sebabnya.",
    en="{lost} of {captured} records are LOST: stop changing and find the cause.",
)


def probe_name(name: str, lang: Language) -> str:
    """A probe's name for people; the technical name when there is none."""
    if name.startswith("tcp."):
        return SERVICE(lang, name=name.removeprefix("tcp."))
    return PROBES[name](lang) if name in PROBES else name


def number(value: float, lang: Language, decimals: int = 0) -> str:
    """Indonesian writes 1.234,5 where English writes 1,234.5."""
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "id" else text


def duration(seconds: float | None, lang: Language) -> str:
    """Seconds for people: "8,4 dtk", "2 mnt 5 dtk"; a dash when not measured."""
    if seconds is None:
        return "–"  # noqa: RUF001 - an en dash, as tables have it
    second, minute = ("dtk", "mnt") if lang == "id" else ("s", "min")
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{number(seconds, lang, 1 if seconds < 10 else 0)} {second}"  # noqa: PLR2004
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} {minute} {rest} {second}" if rest else f"{minutes} {minute}"


def period(started: str, finished: str, lang: Language) -> str:
    """From when to when, on the district's clock; a day said once."""
    begin, end = _local(started), _local(finished)
    if begin is None:
        return started
    clock, label = ("%H.%M" if lang == "id" else "%H:%M"), begin.tzname()
    if end is None:
        return f"{_day(begin, lang)}, {begin:{clock}} {label}, {PAGE['running'](lang)}"
    until = f"{end:{clock}}" if end.date() == begin.date() else f"{_day(end, lang)}, {end:{clock}}"
    return f"{_day(begin, lang)}, {begin:{clock}}–{until} {label}"  # noqa: RUF001 - a range


def _local(stamp: str) -> datetime | None:
    """An ISO time stamp (UTC unless it says otherwise) on the district's clock."""
    try:
        at = datetime.fromisoformat(stamp)
        zone: tzinfo = ZoneInfo(ZONE)
    except ValueError:
        return None
    except ZoneInfoNotFoundError:  # no tz database on this machine
        zone = UTC
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone)


def _day(at: datetime, lang: Language) -> str:
    month = MONTHS.split()[at.month - 1] if lang == "id" else f"{at:%b}"
    return f"{at.day} {month} {at.year}"
