"""What a workstation shows the person at it when a new recording cannot begin."""

from __future__ import annotations

from typing import Literal

from rekamatan.errors import RecordError
from rekamatan.language import Phrase

Code = Literal["offline", "disk_full"]

OFFLINE = Phrase(
    id="Perekaman baru dihentikan sementara: sambungan ke pusat data terputus. Perekaman yang "
    "sedang berjalan boleh diselesaikan. Tidak ada yang perlu direkam ulang; tunggu sampai "
    "sambungan kembali.",
    en="New recordings are stopped for now: the data centre is out of reach. A recording under way "
    "may be finished. Nobody has to be recorded again; wait until the link is back.",
)
DISK_FULL = Phrase(
    id="Perekaman baru ditolak: disk server perekaman penuh. Semua rekaman yang sudah diterima "
    "aman. Hubungi kantor kabupaten sekarang.",
    en="New recordings are refused: the recording server's disk is full. All records it has "
    "received are safe. Call the district office now.",
)
WORDS: dict[Code, Phrase] = {"offline": OFFLINE, "disk_full": DISK_FULL}
STATUS: dict[Code, int] = {"offline": 503, "disk_full": 507}  # HTTP


class CaptureStoppedError(RecordError):
    """No new capture may begin now; `code` says why, `WORDS` says it to people."""

    def __init__(self, code: Code, record_id: str, reason: str) -> None:
        super().__init__(record_id, "begin capture", reason, WORDS[code].en)
        self.code = code


def for_workstations(code: Code) -> str:
    """The body of a refusal: Indonesian, then English, one line each."""
    return f"{WORDS[code].id}\n{WORDS[code].en}\n"
