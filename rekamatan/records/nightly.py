"""The nightly comparison at the data centre: every site, its alarm, and its figures for a monitor.

Figures are Prometheus' text format, read by node_exporter's textfile collector: one file, replaced
whole, `# HELP` and `# TYPE` before each family.
Source: prometheus.io, "Exposition formats", text-based format.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.records.accounts import FOLDER, Accounts, account_age_s, compare_accounts
from rekamatan.records.durable import write_durably

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekamatan.records.district import SiteComparison
    from rekamatan.records.settings import IngestSettings

METRICS_FILE = "rekamatan_records.prom"
_alarm = logging.getLogger("rekamatan.records.alarm")


@dataclass(frozen=True, slots=True)
class Night:
    """What one night found."""

    sites: tuple[SiteComparison, ...]
    strangers: tuple[str, ...]  # names with records here that are no sites of the district
    ages_s: Mapping[str, float | None]  # site -> seconds since it told; None: never

    @property
    def agree(self) -> bool:
        """False when a record has to be explained; a silent site is no such thing."""
        return not self.strangers and all(line.state != "differ" for line in self.sites)


def compare_district_now(settings: IngestSettings) -> Night:
    """Compare, raise the alarms, and write the figures if the settings say where.

    Raises:
        LedgerUnavailableError: PostgreSQL does not answer; nothing is concluded.
    """
    from rekamatan.records.audit import suspects  # noqa: PLC0415 - psycopg: not at sites
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    with closing(CentralLedger(settings.dsn)) as ledger:
        accounts = Accounts(Path(settings.directory) / FOLDER, ledger)
        doubted = suspects(ledger)
        lines = compare_accounts(settings.sites, accounts, doubted, now)
        strangers = sorted(set(ledger.sites()) - set(settings.sites)) if settings.sites else []
        ages = {site: account_age_s(accounts.read(site), now) for site in settings.sites}
    night = Night(tuple(lines), tuple(strangers), ages)
    _raise_alarms(night)
    if settings.metrics:
        path = Path(settings.metrics) / METRICS_FILE
        write_durably(path, metrics(night, now).encode())
        path.chmod(0o644)  # the monitor is another user
    return night


def metrics(night: Night, now: datetime) -> str:
    """The figures as text."""
    families = [
        _family(
            f"rekamatan_records_{kind}",
            f"Records of a site that are {kind} and have to be explained",
            {line.site: len(getattr(line, kind)) for line in night.sites},
        )
        for kind in ("missing", "altered", "unknown")
    ]
    more: Iterable[tuple[str, str, dict[str, float]]] = (
        (
            "changed_buckets",
            "Lists both sides agreed on that the data centre no longer has so",
            {line.site: len(line.changed) for line in night.sites},
        ),
        (
            "waiting",
            "Records of a site without a receipt, as it last told",
            {line.site: line.waiting for line in night.sites if line.waiting is not None},
        ),
        (
            "silent",
            "1 when a site has not told about its ledger in time",
            {line.site: int(line.state == "waiting") for line in night.sites},
        ),
        (
            "account_age_seconds",
            "Time since a site told about its ledger",
            {site: round(age) for site, age in night.ages_s.items() if age is not None},
        ),
    )
    families += [_family(f"rekamatan_records_{name}", text, rows) for name, text, rows in more]
    families.append(
        "# HELP rekamatan_records_compared_timestamp_seconds When the district was compared\n"
        "# TYPE rekamatan_records_compared_timestamp_seconds gauge\n"
        f"rekamatan_records_compared_timestamp_seconds {now.timestamp():.0f}\n"
    )
    families.append(
        "# HELP rekamatan_records_strangers Names with records here that are no sites\n"
        "# TYPE rekamatan_records_strangers gauge\n"
        f"rekamatan_records_strangers {len(night.strangers)}\n"
    )
    return "".join(families)


def _family(name: str, text: str, rows: Mapping[str, float]) -> str:
    lines = [f'{name}{{site="{site}"}} {value}\n' for site, value in sorted(rows.items())]
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n{''.join(lines)}"


def _raise_alarms(night: Night) -> None:
    for line in night.sites:
        if line.state == "differ":
            _alarm.critical("records to be explained: %s", line.line())
        elif line.state == "waiting":
            _alarm.warning("%s", line.line())
    for name in night.strangers:
        _alarm.critical("records in the name of %s, which is no site of the district", name)
