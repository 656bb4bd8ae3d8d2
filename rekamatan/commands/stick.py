"""`rekamatan records export|import`: a backlog by car to the data centre, and its receipts back."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.errors import RecordError
from rekamatan.records.settings import INGEST_FILE, INTAKE_FILE, IngestSettings, IntakeSettings
from rekamatan.records.stick import StickError
from rekamatan.records.stick_words import error_lines, export_lines, import_lines, progress_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekamatan.records.stick import Progress
    from rekamatan.records.stick_export import Export

_TELL_EVERY_S = 2.0
# Where a server's records lie below the root of its disk, or of a partition mounted by itself.
_ON_A_DISK = ("var/lib/rekamatan/records", "lib/rekamatan/records", "rekamatan/records", ".")


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `export` and `import` below `rekamatan records`."""
    export = actions.add_parser("export", help="copy waiting records to a stick")
    export.add_argument("stick", type=Path, metavar="DIR", help="where the stick is mounted")
    export.add_argument(
        "--disk", type=Path, metavar="DIR", help="a dead server's disk, mounted here (read-only)"
    )
    export.add_argument(
        "--anywhere", action="store_true", help="also to a directory on the server's own disk"
    )
    export.add_argument("--tls-dir", type=Path, default=paths.TLS)
    export.set_defaults(run=run_export)
    take = actions.add_parser(
        "import", help="data centre: take the records of a stick; site: take their receipts"
    )
    take.add_argument("stick", type=Path, metavar="DIR", help="where the stick is mounted")
    take.add_argument(
        "--role",
        choices=("site", "data-centre"),
        default="data-centre" if INGEST_FILE.exists() else "site",
        help="default: what this machine is",
    )
    take.set_defaults(run=run_import)
    for action in (export, take):
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        action.add_argument("--lang", choices=("id", "en"), default=argparse.SUPPRESS)
        action.add_argument("--config", type=Path, help="settings file of the role")
        action.add_argument("--site-file", type=Path, default=paths.SITE_FILE)


def run_export(arguments: argparse.Namespace) -> int:
    """Exit 0: everything that waits is on this stick; 1: not everything; 3: refused."""
    try:
        export = _export(arguments)
        report = export.run()
    except StickError as error:
        return _refused(error, arguments)
    plain = asdict(report) | {"complete": report.complete}
    _show(plain, export_lines(report, arguments.lang), arguments)
    return 0 if report.complete else 1


def run_import(arguments: argparse.Namespace) -> int:
    """Exit 0: everything on the stick is here and proven; 1: not everything; 3: refused."""
    from rekamatan.config import load_site  # noqa: PLC0415 - keeps the CLI quick
    from rekamatan.records import stick_import  # noqa: PLC0415 - cryptography

    tell = Teller(arguments)
    try:
        if arguments.role == "data-centre":
            ingest = IngestSettings.load(arguments.config or INGEST_FILE)
            reports = stick_import.import_at_data_centre(arguments.stick, ingest, tell)
        else:
            intake = IntakeSettings.load(arguments.config or INTAKE_FILE)
            site = load_site(arguments.site_file)
            reports = [stick_import.import_at_site(arguments.stick, intake, site, tell)]
    except StickError as error:
        return _refused(error, arguments)
    complete = all(report.complete for report in reports)
    plain = {"complete": complete, "parcels": [asdict(report) for report in reports]}
    lines = [
        line for report in reports for line in import_lines(report, arguments.role, arguments.lang)
    ]
    _show(plain, lines, arguments)
    return 0 if complete else 1


class Teller:
    """Tells the progress on stderr, every two seconds and at the end; silent with `--json`."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._lang = arguments.lang
        self._silent = arguments.json
        self._started = self._told = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Called after each record."""
        now = time.monotonic()
        if self._silent or (now - self._told < _TELL_EVERY_S and progress.done < progress.total):
            return
        self._told = now
        print(progress_line(progress, now - self._started, self._lang), file=sys.stderr)  # noqa: T201


def _export(arguments: argparse.Namespace) -> Export:
    """From this server's records, or from a dead server's disk with that server's identity."""
    from rekamatan.config import load_site  # noqa: PLC0415 - keeps the CLI quick
    from rekamatan.records.receipts import ReceiptVerifier  # noqa: PLC0415 - cryptography
    from rekamatan.records.stick_export import Export  # noqa: PLC0415 - as above
    from rekamatan.records.stick_manifest import SiteIdentity  # noqa: PLC0415 - as above
    from rekamatan.records.stick_source import Source  # noqa: PLC0415 - as above

    site_file, tls_dir = arguments.site_file, arguments.tls_dir
    if arguments.disk is None:
        records = Path(IntakeSettings.load(arguments.config or INTAKE_FILE).directory)
    else:
        records = _records_on(arguments.disk)
        theirs = arguments.disk / "etc/rekamatan"
        if (theirs / "tls/forwarder.key").is_file() and (theirs / "site.json").is_file():
            site_file, tls_dir = theirs / "site.json", theirs / "tls"
    site = load_site(site_file)
    identity = SiteIdentity(tls_dir)
    if identity.site != site.slug:
        reason = f"the certificate is of {identity.site}, the settings are of {site.slug}"
        raise RecordError(str(tls_dir), "export", reason, "apply role recording_server again")
    verifier = ReceiptVerifier.of_site(site)
    return Export(
        Source(records, verifier),
        identity,
        arguments.stick,
        tell=Teller(arguments),
        anywhere=arguments.anywhere,
    )


def _records_on(disk: Path) -> Path:
    for below in _ON_A_DISK:
        if (disk / below / "spool").is_dir():
            return disk / below
    hint = "mount it first, read-only: mount -o ro /dev/sdX1 /mnt"
    raise RecordError(str(disk), "look for records", "no record directory on this disk", hint)


def _refused(error: StickError, arguments: argparse.Namespace) -> int:
    """With `--json` the command line's own error object; else in the technician's language."""
    if arguments.json:
        raise error
    for line in error_lines(error, arguments.lang):
        print(line, file=sys.stderr)  # noqa: T201 - the command's own output
    return error.exit_code


def _show(plain: object, lines: Sequence[str], arguments: argparse.Namespace) -> None:
    print(json.dumps(plain) if arguments.json else "\n".join(lines))  # noqa: T201
