"""`rekamatan inventory check`: is the desired state of the district fit to be applied?"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.language import Phrase

if TYPE_CHECKING:
    import argparse

OK, WRONG = 0, 2

GOOD = Phrase(
    id="Inventaris {root}: {sites} kecamatan, tidak ada kesalahan.",
    en="Inventory {root}: {sites} sites, no errors.",
)
BAD = Phrase(
    id="Inventaris {root}: {count} kesalahan. Perbaiki semuanya, lalu periksa lagi.",
    en="Inventory {root}: {count} errors. Correct them all, then check again.",
)
NO_SECRETS = Phrase(
    id="Belum ada rahasia untuk {count} host ({hosts}). Buat dengan: rekamatan secrets init {root} "
    "--vault-password-file BERKAS",
    en="No secrets yet for {count} hosts ({hosts}). Make them: rekamatan secrets init {root} "
    "--vault-password-file FILE",
)
NO_UPS = Phrase(
    id="{count} kecamatan tanpa UPS ({hosts}): listrik padam langsung menghentikan perekaman di "
    "sana. Tulis site_power_ups bila ada.",
    en="{count} sites without a UPS ({hosts}): a power failure stops recording there at once. "
    "Write site_power_ups where there is one.",
)


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `inventory check`."""
    parser = subparsers.add_parser("inventory", help="check the desired state of a district")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    check = actions.add_parser("check", parents=[common], help="list every error with its fix")
    check.add_argument("directory", type=Path, help="inventory directory")
    check.add_argument("--profile", help="every site must have a SIM card for this WAN profile")
    check.set_defaults(run=run_check)


def run_check(arguments: argparse.Namespace) -> int:
    """Print all problems; exit 0 without any, else 2."""
    # Here and not above: a recording server runs this CLI without the controller's YAML library.
    from rekamatan.fleet.inventory_check import (  # noqa: PLC0415
        check_inventory,
        hosts_without_secrets,
    )
    from rekamatan.fleet.inventory_upkeep import sites_without_ups  # noqa: PLC0415 - as above

    inventory, problems = check_inventory(arguments.directory, arguments.profile)
    without, unfed = hosts_without_secrets(inventory), sites_without_ups(inventory)
    if arguments.json:
        found = {
            "ok": not problems,
            "sites": [site.name for site in inventory.sites],
            "problems": [dataclasses.asdict(problem) for problem in problems],
            "hosts_without_secrets": without,
            "sites_without_ups": unfed,
        }
        _say(json.dumps(found, indent=2, ensure_ascii=False))
        return WRONG if problems else OK
    for problem in problems:
        _say(str(problem))
    root, lang = arguments.directory, arguments.lang
    if problems:
        _say(BAD(lang, root=root, count=len(problems)))
        return WRONG
    _say(GOOD(lang, root=root, sites=len(inventory.sites)))
    if without:
        _say(NO_SECRETS(lang, root=root, count=len(without), hosts=", ".join(without)))
    if unfed:
        _say(NO_UPS(lang, count=len(unfed), hosts=", ".join(unfed)))
    return OK


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's own output
