"""What each site last told about its ledger, compared by the data centre with its own.

Sites tell; nobody calls them: a server that is off at night tells in the morning, and one that
never tells is named. A site first sends the digests of its acknowledged records and is told which
buckets differ, then lists these one by one. The verdict is the data centre's, kept in
`accounts/<site>.json`:

    {"told_at": ..., "seq": newest row then, "answer": {digests, waiting, findings, off},
     "listed": [buckets that differed], "to_list": [of these, not listed yet],
     "missing": [ids], "altered": [ids], "unknown": [ids]}
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rekamatan.errors import ConfigError, RecordError
from rekamatan.plain import Place, from_plain, to_plain
from rekamatan.records.archive import SECONDS_FORMAT, moment_of
from rekamatan.records.digests import Comparison, bucket_digests, compare, differing, within
from rekamatan.records.district import as_items, named_line, silent
from rekamatan.records.durable import make_directory, write_durably
from rekamatan.records.site_ledger import FindingKind  # noqa: TC001 - read at run time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rekamatan.records.central_ledger import CentralLedger
    from rekamatan.records.digests import Item
    from rekamatan.records.district import SiteComparison

FOLDER = "accounts"
# Sites tell once a day; a server that was off over the weekend has told nothing yet.
SILENT_AFTER = timedelta(hours=36)
_KINDS = ("missing", "altered", "unknown")


class AccountError(RecordError):
    """A list that was not asked for, or an account that is none."""


@dataclass(frozen=True, slots=True)
class Off:
    """The site's last time without power."""

    since: str
    until: str
    night: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a site may tell, and nothing else: a night's comparison reads it unattended."""

    digests: dict[str, str]
    waiting: int
    findings: dict[str, FindingKind]
    off: Off | None = None


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts in `directory`, and the ledger they are compared with; safe from threads."""

    directory: Path
    ledger: CentralLedger

    def take(self, site: str, answer: Mapping[str, Any]) -> list[str]:
        """Begin a new account; returns the buckets that the site has to list.

        Raises:
            AccountError: `answer` is not what `rekamatan records digests` gives.
        """
        told = _told(site, answer)
        rows = self.ledger.entered(site)
        buckets = differing(told.digests, bucket_digests(item for _, item in rows))
        seq = max((number for number, _ in rows), default=0)
        account = {"told_at": _now(), "seq": seq, "answer": to_plain(told)}
        self._write(site, account | {"listed": buckets, "to_list": buckets} | _none())
        return buckets

    def take_bucket(self, site: str, bucket: str, listed: Mapping[str, Any]) -> None:
        """Compare one bucket that the site lists.

        Raises:
            AccountError: this bucket was not asked for, or is no list.
        """
        account = self.read(site)
        if account is None or bucket not in account["to_list"]:
            reason, hint = f"bucket {bucket} was not asked for", "tell the digests first"
            raise AccountError(site, "take a list", reason, hint)
        found = self._compare(site, bucket, listed, account["seq"])
        for kind in _KINDS:
            account[kind] = sorted({*account[kind], *getattr(found, kind)})
        account["to_list"] = [other for other in account["to_list"] if other != bucket]
        self._write(site, account)

    def read(self, site: str) -> dict[str, Any] | None:
        """The last account of `site`; None when there is none, or it cannot be read."""
        with suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.directory / f"{site}.json").read_bytes())
            return found
        return None

    def _compare(self, site: str, bucket: str, listed: Mapping[str, Any], seq: int) -> Comparison:
        try:
            acknowledged = as_items(listed["acknowledged"])
            known = acknowledged + as_items(listed["waiting"])
        except (KeyError, TypeError, ValueError) as error:
            raise AccountError(site, "take a list", f"not understood: {error!r}") from error
        rows = self.ledger.entered(site)
        return compare(
            acknowledged=within(acknowledged, [bucket]),
            known=within(known, [bucket]),
            before=within([item for number, item in rows if number <= seq], [bucket]),
            after=within([item for _, item in rows], [bucket]),
        )

    def _write(self, site: str, account: Mapping[str, Any]) -> None:
        make_directory(self.directory)
        write_durably(self.directory / f"{site}.json", json.dumps(account).encode())


def compare_accounts(
    sites: Sequence[str],
    accounts: Accounts,
    suspects: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> list[SiteComparison]:
    """One line for each site of the district, from its last account and the ledger as it is now.

    Args:
        sites: every site of the district; one without an account is `waiting`.
        accounts: what the sites told.
        suspects: site -> id -> `missing` or `altered`, as the audit of the store finds them.
        now: with time zone.
    """
    return [_site(site, accounts, suspects.get(site, {}), now) for site in sites]


def account_age_s(account: Mapping[str, Any] | None, now: datetime) -> float | None:
    """Seconds since the site told; None when it never did."""
    return None if account is None else (now - moment_of(account["told_at"])).total_seconds()


def _site(
    site: str, accounts: Accounts, suspects: Mapping[str, str], now: datetime
) -> SiteComparison:
    account = accounts.read(site)
    age_s = account_age_s(account, now)
    if account is None or age_s is None or account["to_list"]:
        return silent(site, "waiting", told_at=account["told_at"] if account else "never")
    found = Comparison(*(tuple(account[kind]) for kind in _KINDS))
    rows = accounts.ledger.entered(site)
    line = named_line(
        site, account["answer"], found, suspects, changed=_changed(account, rows, suspects)
    )
    late = age_s > SILENT_AFTER.total_seconds()
    # What has to be explained is told even when the site has been silent since.
    if late and line.state == "agree":
        return silent(site, "waiting", told_at=account["told_at"])
    return line


def _changed(
    account: Mapping[str, Any], rows: list[tuple[int, Item]], suspects: Mapping[str, str]
) -> tuple[str, ...]:
    """Buckets both sides agreed on, and whose rows at the data centre are others now.

    A row is never changed nor deleted by the service; what the audit doubts is named by id.
    """
    then = [item for number, item in rows if number <= account["seq"]]
    now = bucket_digests(then)
    told: Mapping[str, str] = account["answer"]["digests"]
    doubted = set(bucket_digests(as_items([i, "", 0] for i in suspects)))
    agreed = (told.keys() | now.keys()) - set(account["listed"]) - doubted
    return tuple(sorted(bucket for bucket in agreed if told.get(bucket) != now.get(bucket)))


def _told(site: str, answer: Mapping[str, Any]) -> Told:
    try:
        return from_plain(Told, answer, Place(site))
    except ConfigError as error:
        raise AccountError(site, "take an account", str(error)) from error


def _none() -> dict[str, list[str]]:
    return {kind: [] for kind in _KINDS}


def _now() -> str:
    return datetime.now(UTC).strftime(SECONDS_FORMAT)
