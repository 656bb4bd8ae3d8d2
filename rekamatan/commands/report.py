"""`rekamatan report`: one self-contained page about a rollout, and the same for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.language import Phrase

if TYPE_CHECKING:
    import argparse

WRITTEN = Phrase(id="Laporan ditulis: {file}", en="Report written: {file}")


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `report`."""
    parser = subparsers.add_parser("report", parents=[common], help="write the report of a rollout")
    parser.add_argument(
        "--input", type=Path, required=True, help="directory the playbooks collected into"
    )
    parser.add_argument("--output", type=Path, default=Path("build/report"), help="where to write")
    parser.add_argument("--table", action="store_true", help="also print the table of sites")
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 unless every site is verified, 4 if unknown"
    )
    parser.set_defaults(run=run_report)


def run_report(arguments: argparse.Namespace) -> int:
    """Write the three files; exit 0, or with --strict what the sites say."""
    # Here and not above: only the controller reports, and a site's CLI starts faster without.
    from rekamatan.fleet.ledger import SiteState  # noqa: PLC0415
    from rekamatan.fleet.report_data import read_rollout  # noqa: PLC0415
    from rekamatan.fleet.report_files import to_table, write_report  # noqa: PLC0415

    rollout = read_rollout(arguments.input)
    files = write_report(rollout, arguments.output, arguments.lang)
    if arguments.json:
        _say(json.dumps({"files": [str(file) for file in files]}))
    else:
        if arguments.table:
            _say(to_table(rollout, arguments.lang))
        _say(WRITTEN(arguments.lang, file=files[0]))
    if not arguments.strict or not rollout.open_sites:
        return 0
    undecided = {SiteState.UNKNOWN, SiteState.WAITING, SiteState.SWITCHING, SiteState.PLANNED}
    return 4 if all(site.state in undecided for site in rollout.open_sites) else 1


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's own output
