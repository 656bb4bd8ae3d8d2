"""`rekamatan evidence`: is the log of what happened here whole, and what does it say?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.config import load_site
from rekamatan.evidence.chain import verify
from rekamatan.evidence.parcel import export_chain, import_chain
from rekamatan.language import Phrase

if TYPE_CHECKING:
    import argparse

    from rekamatan.evidence.chain import Entry, Verification

OK, BROKEN, UNKNOWN = 0, 1, 4

NONE_YET = Phrase(id="Belum ada bukti di sini ({file}).", en="No evidence here yet ({file}).")
WHOLE = Phrase(
    id="Bukti utuh: {count} catatan, ujung rantai {head}.",
    en="The evidence is whole: {count} entries, head {head}.",
)
CHANGED = Phrase(
    id="BUKTI TIDAK UTUH. Simpan berkas ini apa adanya dan laporkan ke kabupaten:",
    en="THE EVIDENCE IS NOT WHOLE. Keep the file as it is and tell the district:",
)
TORN = Phrase(
    id="{count} baris terpotong karena listrik padam; itu bukan pengubahan.",
    en="{count} lines were cut off by a power failure; that is no tampering.",
)
EXPORTED = Phrase(id="Bukti disalin ke {file}.", en="Evidence copied to {file}.")
IMPORTED = Phrase(
    id="Bukti {site} diterima: {count} catatan.", en="Evidence of {site} taken in: {count} entries."
)


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `evidence`."""
    parser = subparsers.add_parser(
        "evidence", parents=[common], help="verify and show the log of what was done here"
    )
    parser.add_argument("--file", type=Path, default=paths.EVIDENCE / "chain.jsonl")
    parser.add_argument("--last", type=int, default=20, help="entries to show (default 20)")
    carry = parser.add_mutually_exclusive_group()
    carry.add_argument("--export", type=Path, metavar="FILE", help="copy it to a file to carry")
    carry.add_argument("--import", type=Path, metavar="FILE", dest="take", help="take one in")
    parser.add_argument("--into", type=Path, default=Path("evidence"), help="where --import keeps")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify, then show, export or import; exit 1 when the chain was changed."""
    if arguments.take:
        parcel = import_chain(arguments.take, arguments.into)
        count = len(parcel.verification.entries)
        words = {"site": parcel.site, "count": count}
        _say(json.dumps(words) if arguments.json else IMPORTED(arguments.lang, **words))
        return OK
    if not arguments.file.exists():
        found = json.dumps({"ok": None, "entries": []})
        _say(found if arguments.json else NONE_YET(arguments.lang, file=arguments.file))
        return UNKNOWN
    if arguments.export:
        site = load_site().slug
        verification = export_chain(arguments.file, site, arguments.export)
        if not arguments.json:
            _say(EXPORTED(arguments.lang, file=arguments.export))
    else:
        verification = verify(arguments.file)
    _show(verification, arguments)
    return OK if verification.ok else BROKEN


def _show(found: Verification, arguments: argparse.Namespace) -> None:
    if arguments.json:
        entries = [{"line": e.line, "at": e.at, "entry": e.data} for e in found.entries]
        _say(
            json.dumps(
                {
                    "ok": found.ok,
                    "head": found.head,
                    "broken": found.broken,
                    "torn": found.torn,
                    "entries": entries,
                },
                ensure_ascii=False,
            )
        )
        return
    for entry in found.entries[-arguments.last :]:
        _say(f"{entry.line:5}  {entry.at}  {summary(entry)}")
    if found.torn:
        _say(TORN(arguments.lang, count=len(found.torn)))
    if found.ok:
        _say(WHOLE(arguments.lang, count=len(found.entries), head=found.head[:16]))
        return
    _say(CHANGED(arguments.lang))
    for sentence in found.broken:
        _say(f"  {sentence}")


def summary(entry: Entry) -> str:
    """One line: the kind, and what the plain values and the gate or the outcome say."""
    data = dict(entry.data)
    kind = str(data.pop("kind", "entry"))
    words = [
        f"{key}={value}" for key, value in data.items() if isinstance(value, str | int | float)
    ]
    for key, inner in (
        ("gate", ("profile", "verdict")),
        ("outcome", ("target", "state", "reason")),
    ):
        block = data.get(key)
        if isinstance(block, dict):
            words += [f"{name}={block[name]}" for name in inner if block.get(name)]
    return f"{kind:8} {' '.join(words)}".rstrip()


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's own output
