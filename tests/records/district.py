"""A site and its data centre with records between them, and the commands a person has."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt
from tests.records.services import Record
from tests.records.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.records.conftest import DataCentreService, Forwarding, Intake
    from tests.records.postgres import Postgres

SIZE = 50_000


@dataclass
class District:
    """A site and its data centre with records between them, and the commands a person has."""

    intake: Intake
    data_centre: DataCentreService
    link: Forwarding
    postgres: Postgres

    def capture(self, count: int = 1) -> list[Record]:
        """Records that are acknowledged when this returns."""
        records = [Record.of_size(SIZE) for _ in range(count)]
        before = len(self.link.spool.ledger.acknowledged())
        for record in records:
            self.intake.client().upload(record)
        self.link.wait_acknowledged(before + count)
        return records

    def settle(self, *more: str) -> dict[str, Any]:
        """`rekamatan records settle` at the site."""
        config = ["--config", str(self.intake.config), "--site-file", str(self.intake.site_file)]
        return command("settle", *config, "--tls-dir", str(self.link.tls_dir), *more)

    def reconcile(self, *more: str) -> list[str]:
        """`rekamatan records reconcile` at the data centre; the problems it names."""
        arguments = ("--role", "data-centre", "--config", str(self.data_centre.config))
        return list(command("reconcile", *arguments, *more)["problems"])

    def rows(self) -> list[str]:
        return [str(row[0]) for row in self.postgres.rows("SELECT id FROM record ORDER BY id")]

    def held(self) -> dict[str, bytes]:
        """Id -> bytes in the store; an id twice is an error."""
        found = self.data_centre.stored()
        held = {path.name.split(".")[0]: path.read_bytes() for path in found}
        assert len(held) == len(found), found
        return held

    def receipt(self, record: Record) -> SignedReceipt:
        answer = self.data_centre.client().head(record)
        return SignedReceipt.from_header(answer.headers[RECEIPT_HEADER])

    def wait(self, what: Callable[[], bool], within_s: float = 30.0) -> None:
        wait_for(what, within_s, self.link.service.log)

    def wait_all_acknowledged(self) -> None:
        self.wait(lambda: not self.link.spool.ledger.waiting())

    def must_be_whole(self, records: list[Record]) -> None:
        """Each one once at the data centre, byte for byte, and the ledgers agree."""
        self.wait_all_acknowledged()
        assert self.held() == {record.record_id: record.payload for record in records}
        assert self.rows() == sorted(record.record_id for record in records)
        assert self.settle() == {"missing": [], "altered": [], "unknown": [], "adopted": 0}
        assert self.link.spool.ledger.findings() == []
        assert self.reconcile() == []


def command(action: str, *arguments: str) -> dict[str, Any]:
    argv = [sys.executable, "-m", "rekamatan.cli", "records", action, "--json", *arguments]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
