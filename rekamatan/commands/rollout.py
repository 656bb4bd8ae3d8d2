"""`rekamatan rollout show`: what the ledger of a rollout says about each site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rekamatan.language import Phrase

if TYPE_CHECKING:
    import argparse

    from rekamatan.fleet.ledger import RolloutLedger
    from rekamatan.language import Language

HEADING = Phrase(
    id="Perintah perubahan {order}, ke {profile}: {verified} dari {total} terverifikasi.",
    en="Change order {order}, to {profile}: {verified} of {total} verified.",
)


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `rollout show`."""
    parser = subparsers.add_parser("rollout", help="look at the ledger of a rollout")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    show = actions.add_parser("show", parents=[common], help="state of each site")
    show.add_argument("directory", type=Path, help="directory of the rollout")
    show.set_defaults(run=run_show)


def run_show(arguments: argparse.Namespace) -> int:
    """Print the latest word about each site; exit 0 when all are verified, 4 when any is open."""
    from rekamatan.fleet.ledger import RolloutLedger, SiteState  # noqa: PLC0415 - controller only

    ledger = RolloutLedger.read(arguments.directory)
    if arguments.json:
        _say(json.dumps(_as_data(ledger), indent=2, ensure_ascii=False))
    else:
        _show(ledger, arguments.lang)
    states = {entry.state for entry in ledger.entries().values()}
    if states <= {SiteState.VERIFIED}:
        return 0
    failed = {SiteState.PREFLIGHT_FAILED, SiteState.ROLLED_BACK, SiteState.STRANDED}
    return 1 if states & failed else 4


def _as_data(ledger: RolloutLedger) -> dict[str, Any]:
    sites = {
        site: {"state": entry.state, "at": entry.at, "data": entry.data}
        for site, entry in ledger.entries().items()
    }
    return {"change_order": ledger.change_order, "profile": ledger.profile, "sites": sites}


def _show(ledger: RolloutLedger, lang: Language) -> None:
    from rekamatan.fleet.ledger import SiteState  # noqa: PLC0415 - controller only
    from rekamatan.fleet.report_words import STATES  # noqa: PLC0415

    entries = ledger.entries()
    verified = sum(entry.state is SiteState.VERIFIED for entry in entries.values())
    order, total = ledger.change_order or "-", len(entries)
    _say(HEADING(lang, order=order, profile=ledger.profile, verified=verified, total=total))
    for site, entry in entries.items():
        state = STATES[entry.state].label(lang)
        _say(f"  {site:28} {state:22} {entry.at}  {entry.data.get('reason', '')}".rstrip())


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's own output
