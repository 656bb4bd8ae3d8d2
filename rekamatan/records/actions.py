"""`rekamatan records digests|items|settle|rebuild`: the actions about the two ledgers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.errors import ConfigError
from rekamatan.language import Phrase
from rekamatan.records.account import become_service_user
from rekamatan.records.digests import is_bucket
from rekamatan.records.settings import INGEST_FILE, INTAKE_FILE, IngestSettings, IntakeSettings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

AGREE = Phrase(id="Kedua buku catatan cocok.", en="Both ledgers agree.")
DIFFER = Phrase(
    id="Hilang di pusat data: {missing}; berubah: {altered}; tidak dikenal: {unknown}.",
    en="Missing at the data centre: {missing}; altered: {altered}; unknown: {unknown}.",
)
ADOPTED = Phrase(
    id="{count} rekaman dari pusat data dicatat sebagai milik kantor ini.",
    en="{count} records of the data centre are now counted as this office's.",
)
REBUILT = Phrase(
    id="Buku catatan dibuat ulang dari disk: {count} rekaman.",
    en="The ledger was rebuilt from the disk: {count} records.",
)
STRANGER = Phrase(
    id="{name}: ada rekaman atas nama ini, padahal bukan kantor kabupaten ini.",
    en="{name}: there are records in this name, and it is no site of the district.",
)


def add_ledger_actions(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Register them; `add(name, run, help)` makes one action with the common options."""
    digests = add("digests", run_digests, "one digest per bucket of records, for comparing ledgers")
    _add_role(digests)
    items = add("items", run_items, "the records of some buckets")
    _add_role(items)
    items.add_argument("--bucket", required=True, help="two hex digits; several with commas")
    add("district", run_district, "data centre: every site's ledger compared with this one")
    rebuild = add("rebuild", run_rebuild, "make the ledger anew from the files on the disk")
    _add_role(rebuild)
    rebuild.add_argument("--site-file", type=Path, default=paths.SITE_FILE)
    settle = add("settle", run_settle, "compare with the data centre now, and settle")
    settle.add_argument("--site-file", type=Path, default=paths.SITE_FILE)
    settle.add_argument("--tls-dir", type=Path, default=paths.TLS)
    settle.add_argument(
        "--adopt", action="store_true", help="count unknown records as this site's (spare server)"
    )


def _add_role(action: argparse.ArgumentParser) -> None:
    action.add_argument("--role", choices=("site", "data-centre"), default="site")


def run_digests(arguments: argparse.Namespace) -> int:
    """JSON: what `playbooks/status.yml` compares."""
    from rekamatan.records import listing  # noqa: PLC0415 - keeps the CLI quick

    become_service_user()
    if arguments.role == "site":
        found: Any = listing.site_digests(_intake(arguments))
    else:
        found = listing.central_digests(_ingest(arguments))
    _say(json.dumps(found))
    return 0


def run_items(arguments: argparse.Namespace) -> int:
    """JSON: the records of the buckets, `[id, sha256, size]` each."""
    from rekamatan.records import listing  # noqa: PLC0415 - keeps the CLI quick

    become_service_user()
    buckets = [bucket for bucket in arguments.bucket.split(",") if bucket]
    if not all(is_bucket(bucket) for bucket in buckets):
        raise ConfigError("--bucket", "list records", "buckets are 00 to ff, with commas between")
    if arguments.role == "site":
        found: Any = listing.site_items(_intake(arguments), buckets)
    else:
        found = listing.central_items(_ingest(arguments), buckets)
    _say(json.dumps(found))
    return 0


def run_district(arguments: argparse.Namespace) -> int:
    """What the nightly timer of the data centre runs; exit 1 when a record is to be explained."""
    from rekamatan.records import nightly  # noqa: PLC0415 - keeps the CLI quick

    become_service_user()
    night = nightly.compare_district_now(_ingest(arguments))
    if arguments.json:
        _say(json.dumps({**asdict(night), "agree": night.agree}))
    else:
        for line in night.sites:
            _say(line.line())
        for name in night.strangers:
            _say(STRANGER(arguments.lang, name=name))
    return 0 if night.agree else 1


def run_rebuild(arguments: argparse.Namespace) -> int:
    """Make the ledger anew; at a site both services must be stopped."""
    from rekamatan.records import reconcile  # noqa: PLC0415 - keeps the CLI quick

    become_service_user()
    if arguments.role == "site":
        directory = Path(_intake(arguments).directory)
        count = reconcile.rebuild_site(directory, arguments.site_file)
    else:
        count = len(reconcile.reconcile_data_centre(_ingest(arguments)).entered)
    if arguments.json:
        _say(json.dumps({"records": count}))
    else:
        _say(REBUILT(arguments.lang, count=count))
    return 0


def run_settle(arguments: argparse.Namespace) -> int:
    """Settle with the data centre; exit 1 when something differs."""
    from rekamatan.records import forwarding  # noqa: PLC0415 - keeps the CLI quick

    become_service_user()
    found, adopted = forwarding.settle_now(
        _intake(arguments), arguments.site_file, arguments.tls_dir, adopt=arguments.adopt
    )
    if arguments.json:
        _say(json.dumps({**asdict(found), "adopted": adopted}))
    else:
        lists = {kind: ", ".join(ids) or "-" for kind, ids in asdict(found).items()}
        _say((AGREE if found.agree else DIFFER)(arguments.lang, **lists))
        if arguments.adopt:
            _say(ADOPTED(arguments.lang, count=adopted))
    return 0 if found.agree else 1


def _intake(arguments: argparse.Namespace) -> IntakeSettings:
    return IntakeSettings.load(arguments.config or INTAKE_FILE)


def _ingest(arguments: argparse.Namespace) -> IngestSettings:
    return IngestSettings.load(arguments.config or INGEST_FILE)


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's own output
