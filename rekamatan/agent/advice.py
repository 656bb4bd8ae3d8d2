"""Causes in words of the office, each with what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.language import Phrase

if TYPE_CHECKING:
    from rekamatan.language import Language
    from rekamatan.models import GateResult

ADVICE: dict[str, Phrase] = {
    "not_attached": Phrase(
        id="Operator baru tidak memberi alamat. Minta kabupaten memeriksa APN dan kartu SIM.",
        en="The new carrier gave no address. Ask the district office to check APN and SIM.",
    ),
    "wrong_iccid": Phrase(
        id="Kartu SIM bukan kartu yang direncanakan. Periksa kartu di modem, mungkin tertukar.",
        en="The SIM is not the planned one. Check the cards in the modem, they may be swapped.",
    ),
    "wrong_plmn": Phrase(
        id="Modem terhubung ke jaringan operator lain. Periksa kartu SIM di modem.",
        en="The modem is on another carrier's network. Check the SIM in the modem.",
    ),
    "no_change_order": Phrase(
        id="Nomor surat perintah belum diberikan. Ulangi dengan --change-order NOMOR.",
        en="No change order was given. Repeat with --change-order NUMBER.",
    ),
    "order_unsigned": Phrase(
        id="Surat perintah bertanda tangan belum diberikan. Ulangi dengan --order BERKAS.",
        en="No signed order was given. Repeat with --order FILE.",
    ),
    "order_unreadable": Phrase(
        id="Berkas itu bukan surat perintah. Minta berkasnya lagi dari kabupaten.",
        en="That file is no change order. Ask the district office for it again.",
    ),
    "order_altered": Phrase(
        id="Surat perintah berubah setelah ditandatangani. Minta berkasnya lagi dari kabupaten.",
        en="The order was altered after signing. Ask the district office for it again.",
    ),
    "order_unknown_key": Phrase(
        id="Penanda tangan surat perintah tidak dikenal. Tanyakan ke kantor kabupaten.",
        en="The order's signer is not known here. Ask the district office.",
    ),
    "order_other_number": Phrase(
        id="Nomor dan berkas surat perintah tidak cocok. Periksa keduanya.",
        en="The order's number and its file do not match. Check both.",
    ),
    "order_other_site": Phrase(
        id="Surat perintah itu bukan untuk kantor ini. Minta yang untuk kantor ini.",
        en="That order is not for this office. Ask for the one that is.",
    ),
    "order_other_profile": Phrase(
        id="Surat perintah itu bukan untuk operator ini. Periksa nama operatornya.",
        en="That order is not for this carrier. Check the carrier's name.",
    ),
    "order_not_yet": Phrase(
        id="Surat perintah belum berlaku. Periksa tanggalnya dan jam server.",
        en="The order is not valid yet. Check its dates and the server's clock.",
    ),
    "order_expired": Phrase(
        id="Surat perintah sudah habis masa berlakunya. Minta yang baru dari kabupaten.",
        en="The order has expired. Ask the district office for a new one.",
    ),
    "not_supported": Phrase(
        id="Modem ini tidak dapat melakukannya. Coba kartu operator lain di telepon, di kantor.",
        en="This modem cannot do it. Try the other carrier's card in a telephone, at the office.",
    ),
    "no_window": Phrase(
        id="Memindahkan SIM memutus jalur. Ulangi dengan --window AWAL/AKHIR di luar jam layanan.",
        en="Moving the SIM drops the link. Repeat with --window START/END outside office hours.",
    ),
    "window_not_yet": Phrase(
        id="Jendela pemeliharaan belum mulai. Tunggu, atau periksa jam server.",
        en="The maintenance window has not begun. Wait, or check the server's clock.",
    ),
    "window_over": Phrase(
        id="Sisa jendela pemeliharaan terlalu pendek. Minta jendela baru.",
        en="Too little is left of the maintenance window. Ask for another one.",
    ),
    "undone_by_power_cut": Phrase(
        id="Listrik modem terputus tepat saat penetapan, jadi modem kembali. Ulangi perintahnya.",
        en="The modem lost power just as it was confirmed, so it went back. Repeat the command.",
    ),
    "capture_in_progress": Phrase(
        id="Perekaman sedang berjalan. Tunggu sampai selesai, lalu ulangi.",
        en="A recording is in progress. Wait until it is finished, then repeat.",
    ),
    "target_bearer_unfit": Phrase(
        id="Jalur baru diuji dulu dan tidak baik; kantor tetap di jalur lama. Periksa jalur itu.",
        en="The new link was tested first and is not good; the old one stays. Check the new link.",
    ),
    "pending_on_modem": Phrase(
        id="Modem masih menunggu pergantian sebelumnya. Tunggu lima menit, lalu ulangi.",
        en="The modem is still waiting for an earlier switch. Wait five minutes, then repeat.",
    ),
    "on_battery": Phrase(
        id="Server memakai baterai. Tunggu sampai listrik menyala, lalu ulangi.",
        en="The server runs on its battery. Wait until the mains are back, then repeat.",
    ),
    "weak_signal": Phrase(
        id="Sinyal lemah. Periksa antena dan letak modem.",
        en="The signal is weak. Check the antenna and where the modem stands.",
    ),
    "large_backlog": Phrase(
        id="Banyak rekaman belum terkirim. Tidak ada yang hilang; pengirimannya perlu waktu.",
        en="Many records still wait to be sent. None is lost; sending them takes time.",
    ),
    "disk_full": Phrase(
        id="Disk server penuh. Hubungi kantor kabupaten sebelum mengulangi.",
        en="The server's disk is full. Call the district office before repeating.",
    ),
    "journal_damaged": Phrase(
        id="Buku catatan pergantian di server rusak. Hubungi kantor kabupaten.",
        en="The server's record of switches is damaged. Call the district office.",
    ),
    "unknown_active_profile": Phrase(
        id="Modem memakai pengaturan yang tidak dikenal. Jalankan penyiapan kantor ini lagi.",
        en="The modem uses a setting that is not known here. Provision this office again.",
    ),
    "unknown_profile": Phrase(
        id="Nama operator itu tidak ada di kantor ini. Periksa ejaannya.",
        en="This office has no such carrier profile. Check the spelling.",
    ),
    "already_active": Phrase(
        id="Operator itu sudah dipakai, tetapi jalurnya tidak baik. Jalankan `rekamatan verify`.",
        en="That carrier is in use already, but its link is not good. Run `rekamatan verify`.",
    ),
    "nothing_pending": Phrase(
        id="Tidak ada pergantian yang perlu ditetapkan.", en="There is no switch to settle."
    ),
    "stale_request": Phrase(
        id="Permintaan sudah terlalu lama. Ulangi perintahnya.",
        en="The request is too old. Give the command again.",
    ),
    "interrupted": Phrase(
        id="Listrik atau program terputus di tengah jalan. Ulangi perintahnya bila diperlukan.",
        en="Power or program was cut in the middle. Repeat the command if it is still wanted.",
    ),
    "registration": Phrase(
        id="Modem tidak terdaftar di operator. Periksa antena dan kartu SIM.",
        en="The modem is not registered with the carrier. Check antenna and SIM.",
    ),
    "route": Phrase(
        id="Operator tidak memberi alamat. Periksa APN dan kartu SIM.",
        en="The carrier gave no address. Check APN and SIM.",
    ),
    "dns": Phrase(
        id="Nama pusat data tidak ditemukan. Laporkan ke kantor kabupaten.",
        en="The data centre's name is not found. Report it to the district office.",
    ),
    "ping.loss": Phrase(
        id="Terlalu banyak paket hilang. Periksa antena; bila tetap, laporkan ke kantor kabupaten.",
        en="Too many packets are lost. Check the antenna; if it stays, report it to the district.",
    ),
    "tcp": Phrase(
        id="Layanan pusat data tidak menjawab. Laporkan ke kantor kabupaten.",
        en="A service of the data centre does not answer. Report it to the district office.",
    ),
    "mtu": Phrase(
        id="Paket besar tidak lewat. Laporkan ke kantor kabupaten.",
        en="Large packets do not get through. Report it to the district office.",
    ),
    "tunnel": Phrase(
        id="Jalur aman (VPN) ke pusat data tidak tersambung. Laporkan ke kantor kabupaten.",
        en="The tunnel to the data centre is not up. Report it to the district office.",
    ),
    "canary.receipt": Phrase(
        id="Rekaman uji tidak diterima pusat data. Laporkan ke kantor kabupaten.",
        en="The test record did not reach the data centre. Report it to the district office.",
    ),
    "canary.throughput": Phrase(
        id="Jalur terlalu lambat untuk rekaman. Laporkan ke kantor kabupaten.",
        en="The link is too slow for records. Report it to the district office.",
    ),
    "clock": Phrase(
        id="Jam server tidak tepat. Laporkan ke kantor kabupaten.",
        en="The server's clock is off. Report it to the district office.",
    ),
    "ping": Phrase(
        id="Jalur lebih lambat menjawab dari biasanya. Perekaman tetap dapat berjalan.",
        en="The link answers slower than usual. Recording can go on.",
    ),
}
OTHER = Phrase(
    id="Sebab: {reason}. Laporkan ke kantor kabupaten.",
    en="Cause: {reason}. Report it to the district office.",
)
_ALIASES = {
    "wrong_imsi": "wrong_iccid",
    "slot_planned_twice": "wrong_iccid",
    "clock_off": "clock",
}


def next_step(code: str, lang: Language) -> str:
    """What to do about `code`, in words; empty when nothing is known."""
    known = cause(code, None)
    return known(lang) if known else ""


def cause(reason: str, gate: GateResult | None) -> Phrase | None:
    """The phrase for a reason's code, or for the first check that failed; None when unknown."""
    codes = [reason.partition(":")[0].partition(" ")[0]]
    if gate is not None:
        codes += [probe.name for probe in gate.probes if probe.ok is False]
    for code in codes:
        known = _ALIASES.get(code, code)
        for name in (known, known.partition(".")[0]):
            if name in ADVICE:
                return ADVICE[name]
    return None
