"""What the units leave in the site's evidence chain."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.errors import RekamatanError
from rekamatan.evidence import chain

if TYPE_CHECKING:
    from pathlib import Path


def leave_evidence(entry: dict[str, Any], path: Path | None = None) -> None:
    """Append `entry`. What happened has happened: failing to note it must not look like failing."""
    try:
        chain.append(path or paths.EVIDENCE / "chain.jsonl", entry)
    except (RekamatanError, OSError) as error:
        print(f"rekamatan: evidence not written: {error}", file=sys.stderr)  # noqa: T201 - journald
