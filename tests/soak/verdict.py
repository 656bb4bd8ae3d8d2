"""What the workstations noted against what the data centre has: by bytes, rows and receipts."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rekamatan.errors import RecordError
from rekamatan.records.receipts import ReceiptVerifier, SignedReceipt
from rekamatan.records.spool import Spool
from tests.soak.nodes import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.soak.district import SoakDistrict
    from tests.soak.nodes import Office


@dataclass(frozen=True, slots=True)
class Verdict:
    """The counts that decide."""

    captured: int
    acknowledged: int
    lost: list[str]
    duplicated: list[str]
    altered: list[str]
    unanswered: int  # at the data centre, while their workstation never got an answer: no loss
    max_gap_s: float
    disagreements: list[str]  # what the two ledgers, asked at the end, still name

    @property
    def green(self) -> bool:
        wrong = self.lost or self.duplicated or self.altered or self.disagreements
        return not wrong and self.acknowledged == self.captured > 0


def judge(district: SoakDistrict) -> Verdict:
    """Read everything back; the services may run."""
    captured = {row["id"]: row for office in district.offices for row in _captured(office)}
    files = [path for path in district.centre.store.rglob("*.rec") if "canary" not in path.parts]
    copies = Counter(path.name.split(".")[0] for path in files)
    held = {path.name.split(".")[0]: path for path in files}
    query = "SELECT id, sha256, size FROM record"
    rows = {str(r[0]): r for r in district.centre.postgres.rows(query)}
    truly = {record_id: _sha256(path) for record_id, path in held.items()}
    lost = [i for i in captured if i not in held or i not in rows]
    altered = [i for i in held if i in captured and not _agrees(captured[i], truly[i], rows.get(i))]
    altered += [i for i, path in held.items() if truly[i] != path.name.split(".")[1]]
    return Verdict(
        captured=len(captured),
        acknowledged=len(captured.keys() & _acknowledged(district)),
        lost=sorted(lost),
        duplicated=sorted(i for i, count in copies.items() if count > 1),
        altered=sorted(set(altered)),
        unanswered=len(held.keys() - captured.keys()),
        max_gap_s=max((_longest_gap(office) for office in district.offices), default=0.0),
        disagreements=_disagreements(district),
    )


def _captured(office: Office) -> list[dict[str, Any]]:
    lines = [line for book in office.notebooks for line in book.read_text("utf-8").splitlines()]
    return [row for row in map(json.loads, lines) if row["event"] == "captured"]


def _longest_gap(office: Office) -> float:
    """The longest time a workstation could not hand over a record."""
    longest = 0.0
    for book in office.notebooks:
        rows = [json.loads(line) for line in book.read_text("utf-8").splitlines()]
        times = [row["boottime"] for row in rows if row["event"] in {"started", "captured"}]
        longest = max([longest, *(b - a for a, b in pairwise(times))])
    return round(longest, 1)


def _agrees(noted: dict[str, Any], sha256: str, row: tuple[object, ...] | None) -> bool:
    facts = (noted["sha256"], noted["size"])
    return noted["sha256"] == sha256 and row is not None and row[1:] == facts


def _acknowledged(district: SoakDistrict) -> set[str]:
    """Ids for which a site holds a receipt that the pinned key has signed."""
    proven = set()
    for office in district.offices:
        verifier = ReceiptVerifier(district.public_key, office.slug)
        with closing(Spool(office.records).ledger) as ledger:
            entries = ledger.acknowledged()
        for entry in entries:
            path = office.records / "receipts" / f"{entry.record_id}.json"
            try:
                signed = SignedReceipt.from_json(path.read_text(encoding="ascii"))
                verifier.check(
                    signed, record_id=entry.record_id, sha256=entry.sha256, size=entry.size
                )
            except (OSError, RecordError):
                continue
            proven.add(entry.record_id)
    return proven


def _disagreements(district: SoakDistrict) -> list[str]:
    """Ask the product itself: `settle` at every office, `reconcile` at the data centre."""
    found = []
    for office in district.offices:
        settings = ["--config", str(office.directory / "records.json")]
        settings += ["--site-file", str(office.directory / "site.json")]
        settings += ["--tls-dir", str(office.directory / "tls")]
        answer = _command(office.namespace, "settle", *settings)
        for kind in ("missing", "altered", "unknown"):
            found += [f"{office.slug}: {kind}: {record_id}" for record_id in answer[kind]]
    config = ["--role", "data-centre", "--config", str(district.centre.config)]
    answer = _command("", "reconcile", *config)
    return found + [f"centre: {problem}" for problem in answer["problems"]]


def _command(namespace: str, action: str, *arguments: str) -> dict[str, Any]:
    inside = ["ip", "netns", "exec", namespace] if namespace else []
    argv = [*inside, sys.executable, "-m", "rekamatan.cli", "records", action, "--json", *arguments]
    done = subprocess.run(
        argv, cwd=CHECKOUT, check=False, capture_output=True, text=True, timeout=300
    )
    found: dict[str, Any] = json.loads(done.stdout)
    if "error" in found:
        raise RuntimeError(f"{action}: {found}")
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
