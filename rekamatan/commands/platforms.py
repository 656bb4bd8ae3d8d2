"""`rekamatan platforms`: which modems can be managed, and what each can do, as it was tested."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from rekamatan.language import Phrase
from rekamatan.modems.abilities import Abilities, measured
from rekamatan.modems.registry import platforms

if TYPE_CHECKING:
    import argparse

    from rekamatan.language import Language

WORDS = {
    "device_timer": Phrase(id="kembali sendiri", en="device timer"),
    "survives_power_cut": Phrase(id="tahan mati listrik", en="survives a power cut"),
    "sim_slots": Phrase(id="pindah slot SIM", en="SIM slots"),
    "make_before_break": Phrase(id="tanpa terputus", en="make before break"),
    "signal": Phrase(id="sinyal", en="signal"),
    "survey": Phrase(id="survei operator", en="carrier survey"),
    "restore": Phrase(id="konfigurasi kembali", en="configuration put back"),
}
YES, NO = Phrase(id="ya", en="yes"), Phrase(id="tidak", en="no")
PLATFORM = Phrase(id="platform", en="platform")
UNTESTED = Phrase(id="belum diuji", en="not tested")
LEGEND = Phrase(
    id="Kemampuan seperti yang diuji pada kembaran tiap perangkat, bukan seperti yang dijanjikan.",
    en="Abilities as tested on the twin of each device, not as promised.",
)


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `platforms`."""
    parser = subparsers.add_parser(
        "platforms", parents=[common], help="modems that can be managed, with tested abilities"
    )
    parser.add_argument("--markdown", action="store_true", help="as the table of a README")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print them; exit 0."""
    if arguments.json:
        print(json.dumps(collect(), indent=2, sort_keys=True))  # noqa: T201 - the command's output
        return 0
    lay_out = markdown if arguments.markdown else table
    print("\n".join(lay_out(arguments.lang)))  # noqa: T201
    return 0


def collect() -> dict[str, dict[str, Any] | None]:
    """Platform -> firmware and abilities as tested; None for one that no test has measured."""
    known = measured()
    return {
        name: {
            "firmware": known[name].firmware,
            "abilities": dataclasses.asdict(known[name].abilities),
        }
        if name in known
        else None
        for name in platforms()
    }


def table(lang: Language) -> list[str]:
    """One line a platform, for a terminal."""
    rows = _rows(lang)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [*lines, "", LEGEND(lang)]


def markdown(lang: Language) -> list[str]:
    """The same rows as a table for a README."""
    head, *rows = _rows(lang)
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _rows(lang: Language) -> list[list[str]]:
    head = [PLATFORM(lang), *(WORDS[item.name](lang) for item in dataclasses.fields(Abilities))]
    return [head, *(_row(name, found, lang) for name, found in collect().items())]


def _row(name: str, found: dict[str, Any] | None, lang: Language) -> list[str]:
    fields = [item.name for item in dataclasses.fields(Abilities)]
    if found is None:
        return [name, UNTESTED(lang), *([""] * (len(fields) - 1))]
    return [name, *((YES if found["abilities"][field] else NO)(lang) for field in fields)]
