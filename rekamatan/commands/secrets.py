"""`rekamatan secrets`: make what the district's vault is missing; certificates for workstations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.language import Phrase

if TYPE_CHECKING:
    import argparse

NOTHING = Phrase(
    id="Tidak ada yang kurang: semua rahasia sudah ada.",
    en="Nothing is missing: every secret is there.",
)
MADE = Phrase(id="{file}: dibuat {keys}", en="{file}: made {keys}")
ISSUED = Phrase(
    id="Bawa ketiga berkas ini ke komputer perekaman; kuncinya jangan disimpan di tempat lain.",
    en="Carry these three files to the workstation; keep the key nowhere else.",
)


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `secrets init` and `secrets workstation`."""
    parser = subparsers.add_parser("secrets", help="make the district's keys and passwords")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    init = actions.add_parser("init", parents=[common], help="make every secret that is missing")
    init.add_argument("directory", type=Path, help="inventory directory")
    init.add_argument("--sites", default="", help="only these sites, comma-separated")
    init.set_defaults(run=run_init)
    issue = actions.add_parser(
        "workstation", parents=[common], help="issue a certificate for one enrolment workstation"
    )
    issue.add_argument("directory", type=Path, help="inventory directory")
    issue.add_argument("--site", required=True, help="slug of the site, such as kubu")
    issue.add_argument("--name", required=True, help="name of the workstation, such as ws1")
    issue.add_argument("--out", required=True, type=Path, help="directory for key and certificate")
    issue.set_defaults(run=run_workstation)
    for action in (init, issue):
        action.add_argument(
            "--vault-password-file", required=True, type=Path, help="file with the vault password"
        )


def run_init(arguments: argparse.Namespace) -> int:
    """Make what is missing and say what was made; never a secret on the screen."""
    from rekamatan.fleet.secrets import make_secrets  # noqa: PLC0415 - needs the controller's YAML

    sites = [slug for slug in arguments.sites.split(",") if slug]
    made = make_secrets(arguments.directory, arguments.vault_password_file, sites)
    if arguments.json:
        _say(json.dumps({"made": made.files}, indent=2))
        return 0
    for file, keys in made.files.items():
        _say(MADE(arguments.lang, file=file, keys=", ".join(keys)))
    if not made.files:
        _say(NOTHING(arguments.lang))
    return 0


def run_workstation(arguments: argparse.Namespace) -> int:
    """Issue one certificate and name the files."""
    from rekamatan.fleet.secrets import issue_workstation  # noqa: PLC0415 - needs YAML

    files = issue_workstation(
        arguments.directory,
        arguments.vault_password_file,
        arguments.site,
        arguments.name,
        arguments.out,
    )
    if arguments.json:
        _say(json.dumps({"files": [str(file) for file in files]}))
        return 0
    for file in files:
        _say(str(file))
    _say(ISSUED(arguments.lang))
    return 0


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's own output
