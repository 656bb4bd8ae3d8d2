"""`rekamatan records`: how many records wait; and the services that receive and forward them."""

from __future__ import annotations

import argparse
import json
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.commands import answers, stick
from rekamatan.language import Phrase
from rekamatan.records.account import become_service_user
from rekamatan.records.actions import add_ledger_actions
from rekamatan.records.settings import INGEST_FILE, INTAKE_FILE, IngestSettings, IntakeSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[[argparse.Namespace], int]

RECONCILED = Phrase(
    id="Buku catatan dicocokkan dengan disk: {added} ditambahkan, {problems} masalah.",
    en="Ledger compared with the disk: {added} entered, {problems} problems.",
)
MIGRATED = Phrase(id="Basis data: {names}", en="Database: {names}")
UP_TO_DATE = Phrase(id="tidak ada perubahan", en="no change")


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `records` with its actions; without one it tells the state of this site's records."""
    parser = subparsers.add_parser("records", parents=[common], help="records and their receipts")
    parser.set_defaults(run=run_status, config=None)
    actions = parser.add_subparsers(dest="action", metavar="action")

    for name, (run, text) in _actions().items():
        add_action(actions, name, run, text)
    add_ledger_actions(partial(add_action, actions))
    _add_options(actions.choices)
    stick.add_actions(actions)
    answers.add_actions(actions)


def _actions() -> dict[str, tuple[Run, str]]:
    return {
        "serve": (run_serve, "receive records (a service)"),
        "forward": (run_forward, "send records to the data centre (a service)"),
        "reconcile": (run_reconcile, "compare ledger and disk, and enter what is missing"),
        "list": (run_list, "records stored at the data centre"),
        "migrate": (run_migrate, "bring the data centre's database up to date"),
    }


def add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: Run, text: str
) -> argparse.ArgumentParser:
    """One action of `records`, with the options that all of them take."""
    action = actions.add_parser(name, help=text)
    action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    action.add_argument("--lang", choices=("id", "en"), default=argparse.SUPPRESS)
    action.add_argument("--config", type=Path, help="settings file of the role")
    action.set_defaults(run=run)
    return action


def _add_options(choices: Mapping[str, argparse.ArgumentParser]) -> None:
    for name in ("serve", "reconcile"):
        choices[name].add_argument("--role", choices=("site", "data-centre"), default="site")
    for name in ("serve", "forward"):
        choices[name].add_argument("--site-file", type=Path, default=paths.SITE_FILE)
        choices[name].add_argument("--tls-dir", type=Path, default=paths.TLS)
    choices["reconcile"].add_argument(
        "--quick", action="store_true", help="data centre: read only files that look changed"
    )
    choices["list"].add_argument("--site", help="only this site")
    choices["migrate"].add_argument("--dsn", help="login that may become the owner")
    choices["migrate"].add_argument("--check", action="store_true", help="only tell")


def run_status(arguments: argparse.Namespace) -> int:
    """Counts of this site, and what they mean for tomorrow."""
    from rekamatan.records import summary  # noqa: PLC0415 - keeps the CLI quick

    found = summary.summarise(paths.RECORDS, arguments.config or INTAKE_FILE)
    if arguments.json:
        _say(json.dumps(summary.as_plain(found)))
        return 0
    for line in summary.lines(found, arguments.lang):
        _say(line)
    return 0


def run_serve(arguments: argparse.Namespace) -> int:
    """Run a receiving service in the foreground."""
    from rekamatan.records import server  # noqa: PLC0415 - aiohttp

    _log_to_journal()
    if arguments.role == "site":
        from rekamatan.config import load_site  # noqa: PLC0415 - not needed at the data centre

        settings = IntakeSettings.load(arguments.config or INTAKE_FILE)
        server.serve_site(settings, load_site(arguments.site_file), arguments.tls_dir)
    else:
        server.serve_data_centre(IngestSettings.load(arguments.config or INGEST_FILE))
    return 0


def run_forward(arguments: argparse.Namespace) -> int:
    """Run the forwarder in the foreground."""
    from rekamatan.records.forwarding import forward  # noqa: PLC0415 - keeps the CLI quick

    _log_to_journal()
    settings = IntakeSettings.load(arguments.config or INTAKE_FILE)
    forward(settings, arguments.site_file, arguments.tls_dir)
    return 0


def run_reconcile(arguments: argparse.Namespace) -> int:
    """Enter what the ledger lacks; exit 1 when something cannot be explained."""
    from rekamatan.records import reconcile  # noqa: PLC0415 - keeps the CLI quick

    become_service_user()
    if arguments.role == "site":
        settings = IntakeSettings.load(arguments.config or INTAKE_FILE)
        outcome = reconcile.reconcile_site(Path(settings.directory))
    else:
        outcome = reconcile.reconcile_data_centre(
            IngestSettings.load(arguments.config or INGEST_FILE), every_byte=not arguments.quick
        )
    if arguments.json:
        _say(json.dumps({"added": outcome.added, "problems": outcome.problems}))
    else:
        for problem in outcome.problems:
            _say(problem)
        count = len(outcome.problems)
        _say(RECONCILED(arguments.lang, added=outcome.added, problems=count))
    return 1 if outcome.problems else 0


def run_list(arguments: argparse.Namespace) -> int:
    """Records at the data centre, canaries left out."""
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - psycopg

    become_service_user()
    settings = IngestSettings.load(arguments.config or INGEST_FILE)
    records = CentralLedger(settings.dsn).records(arguments.site)
    rows = [
        {
            "id": record.record_id,
            "sha256": record.sha256,
            "size": record.size,
            "stored_at": record.stored_at,
            "site": record.owner,
        }
        for record in records
    ]
    if arguments.json:
        _say(json.dumps(rows))
        return 0
    for row in rows:
        _say("{stored_at}  {site:<24} {size:>9}  {id}".format_map(row))
    return 0


def run_migrate(arguments: argparse.Namespace) -> int:
    """Apply missing migrations; run as the postgres user."""
    from rekamatan.records import migrate  # noqa: PLC0415 - psycopg

    dsn = arguments.dsn or "host=/run/postgresql dbname=rekamatan"
    applied = migrate.pending_migrations(dsn) if arguments.check else migrate.apply_migrations(dsn)
    if arguments.json:
        _say(json.dumps({"applied": applied}))
    else:
        names = ", ".join(applied) or UP_TO_DATE(arguments.lang)
        _say(MIGRATED(arguments.lang, names=names))
    return 0


def _log_to_journal() -> None:
    """Plain lines on stderr; systemd adds time and unit. Ids and hashes only, never content."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's own output
