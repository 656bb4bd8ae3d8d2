"""What the carrier's side knows of the bearer, for whoever looks at the twin from outside."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.linux.at_modem import Dialled


def tell(folder: Path, gaps: int, dialled: Dialled | None, slot: int | None = None) -> None:
    """Write it down, whole at every moment."""
    seen = {"gaps": gaps, "dialled": asdict(dialled) if dialled else None, "slot": slot}
    new = folder / "seen.new"
    new.write_text(json.dumps(seen), encoding="utf-8")
    new.replace(folder / "seen.json")
