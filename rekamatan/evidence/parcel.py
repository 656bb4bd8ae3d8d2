"""Evidence as a file to carry: the chain with its head, and the collection it is brought into."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekamatan.errors import ConfigError, RefusedError, RekamatanError
from rekamatan.evidence.chain import Verification, verify, verify_bytes

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Parcel:
    """One site's chain as it was when it was exported."""

    site: str
    head: str
    chain: bytes
    verification: Verification


def export_chain(chain: Path, site: str, target: Path) -> Verification:
    """Write the chain and its head to `target`, also when it is broken: that is evidence too.

    Raises:
        RefusedError: `target` exists.
    """
    found = verify(chain)
    heading = {"rekamatan_evidence": FORMAT, "site": site, "head": found.head}
    try:
        with target.open("xb") as file:
            file.write(json.dumps(heading).encode() + b"\n" + chain.read_bytes())
    except FileExistsError:
        hint = "choose another name"
        raise RefusedError(str(target), "export", "the file is already there", hint) from None
    return found


def read_parcel(source: Path) -> Parcel:
    """Read an exported file and check it against its own head.

    Raises:
        ConfigError: not an exported file.
        RekamatanError: it was changed on the way.
    """
    content = source.read_bytes()
    first, _, chain = content.partition(b"\n")
    heading = _heading(first, source)
    found = verify_bytes(chain)
    if found.head != heading["head"] or found.broken:
        reason = "; ".join(found.broken) or "its last line is not the one it was exported with"
        hint = "ask the site for it again, and find out who carried this one"
        raise RekamatanError(str(source), "import", reason, hint)
    return Parcel(str(heading["site"]), found.head, chain, found)


def import_chain(source: Path, collection: Path) -> Parcel:
    """Bring an exported chain into `collection`, one file per site.

    Raises:
        RefusedError: what is here already is not the beginning of what came: history was rewritten.
    """
    parcel = read_parcel(source)
    kept = collection / f"{parcel.site}.jsonl"
    before = kept.read_bytes() if kept.exists() else b""
    # The newest line here may have been torn then and closed since: compare without its newline.
    if not parcel.chain.startswith(before.removesuffix(b"\n")):
        reason = f"{kept} holds other entries for the same time"
        hint = "keep both files: one of them was rewritten"
        raise RefusedError(str(source), "import", reason, hint)
    collection.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".new")
    fresh.write_bytes(parcel.chain)
    fresh.replace(kept)
    return parcel


def _heading(line: bytes, source: Path) -> dict[str, Any]:
    try:
        heading = json.loads(line)
    except ValueError:
        heading = None
    if not isinstance(heading, dict) or heading.get("rekamatan_evidence") != FORMAT:
        hint = "make it at the site with: rekamatan evidence --export FILE"
        raise ConfigError(str(source), "first line", "not exported evidence", hint)
    if not str(heading.get("site", "")).replace("-", "").isalnum():
        raise ConfigError(str(source), "site", "not the name of a site", "ask for it again")
    return heading
