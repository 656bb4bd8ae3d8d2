"""A workstation for measuring: hands records over in an office's network and times what follows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.workstation import Capture, CaptureError, Intake, Notebook
from rekamatan.records.spool import Spool
from tests.soak.nodes import CHECKOUT

if TYPE_CHECKING:
    from tests.soak.district import SoakDistrict
    from tests.soak.nodes import Office

_NAME = "ws8"
_AGAIN_S = 0.5  # refused or cut: a workstation tries again soon, not at once
_OLD = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Captured:
    """One record in the spool, and the moment (boot clock, seconds) its workstation knew it."""

    record_id: str
    boottime: float


class Station:
    """One for each office; its certificate is issued once."""

    def __init__(self, district: SoakDistrict, office: Office) -> None:
        district.authority.issue(f"{_NAME}.{office.slug}")
        self._identity = office.home / "ca" / f"{_NAME}.{office.slug}"
        self._office = office
        self._state = district.centre.disk.mount / "state"

    def capture(self, size: int, count: int = 1) -> list[Captured]:
        """Records of `size` bytes, in the spool when this returns."""
        notebook = self._office.directory / "notebook-8"
        argv = ["ip", "netns", "exec", self._office.namespace, sys.executable, "-m", __name__]
        argv += [str(self._identity), str(notebook), str(size), str(count)]
        subprocess.run(argv, cwd=CHECKOUT, check=True)
        rows = [json.loads(line) for line in notebook.read_text("utf-8").splitlines()]
        return [Captured(row["id"], row["boottime"]) for row in rows[-count:]]

    def age_backlog(self) -> None:
        """What waits becomes of long ago: the bulk lane's."""
        with closing(Spool(self._office.records).ledger) as ledger:
            ledger._write("UPDATE record SET captured_at = ? WHERE receipt IS NULL", _OLD)

    def waiting(self) -> int:
        """Records without a receipt."""
        with closing(Spool(self._office.records).ledger) as ledger:
            return len(ledger.waiting())

    def arrived(self) -> int:
        """Payload bytes of this office at the data centre, unfinished ones too."""
        slug = self._office.slug
        total = 0
        for path in self._state.glob(f"store/*/*/*/*.{slug}.rec"):
            with suppress(OSError):
                total += path.stat().st_size
        for announced in (self._state / "incoming").glob("*.json"):
            with suppress(OSError, ValueError):
                if json.loads(announced.read_text())["owner"] == slug:
                    total += announced.with_suffix(".part").stat().st_size
        return total

    def seconds_to_receipt(self, captured: Captured, limit_s: float) -> float | None:
        """From captured to receipt at the site; None when not within the limit."""
        receipt = self._office.records / "receipts" / f"{captured.record_id}.json"
        while not receipt.exists():
            if _boottime() - captured.boottime > limit_s:
                return None
            time.sleep(0.01)  # as exact as the seconds that are reported
        return round(_boottime() - captured.boottime, 2)


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def main(identity: str, notebook_path: str, size: str, count: str) -> None:
    """Runs inside the namespace: captures, and notes them as the workstation does."""
    intake, notebook = Intake("127.0.0.1", Path(identity)), Notebook(Path(notebook_path))
    for _ in range(int(count)):
        capture = Capture(os.urandom(int(size)))
        while True:
            with suppress(CaptureError):
                intake.take(capture)
                break
            time.sleep(_AGAIN_S)  # refused while the disk is full: tried again, as a person does
        facts = {"id": capture.identifier, "sha256": capture.sha256, "size": int(size)}
        notebook.note("captured", **facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
