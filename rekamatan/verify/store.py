"""What the gate leaves on disk: the last result and one baseline per profile, as plain JSON."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from rekamatan.models import GateResult, Verdict
from rekamatan.plain import Place, from_plain, to_plain

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.clock import Clock

BASELINE_FRESH_S = 3600.0  # a canary costs 2 MB on a metered link: measure at most hourly
FAILED_FRESH_S = 600.0  # a fault may be repaired: then the old link's own pace counts again


def gate_from(data: object) -> GateResult:
    """A gate result as `plain.to_plain` wrote it."""
    return from_plain(GateResult, data, Place("gate result"))


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Replace `path` at once and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.new")
    with scratch.open("w", encoding="utf-8") as handle:
        json.dump(data, handle, indent=1, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    scratch.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """The document, or None when it is missing or not one of ours."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


class BaselineStore:
    """One baseline per profile, stamped with the boot it was measured in.

    Args:
        root: directory of the files.
        clock: tells age; a baseline of an earlier boot has no age and is not used.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    def keep(self, result: GateResult) -> None:
        """Store `result` as the baseline of its profile."""
        stamp = {"boot_id": self._clock.boot_id(), "monotonic": self._clock.monotonic()}
        write_json(self._path(result.profile), stamp | {"gate": to_plain(result)})

    def fresh(self, profile: str) -> GateResult | None:
        """The baseline of `profile`, unless it is of another boot or too old to be believed."""
        data = read_json(self._path(profile))
        if data is None or data.get("boot_id") != self._clock.boot_id():
            return None
        age = self._clock.monotonic() - float(data["monotonic"])
        result = gate_from(data["gate"])
        longest = FAILED_FRESH_S if result.verdict is Verdict.FAIL else BASELINE_FRESH_S
        return result if 0 <= age < longest else None

    def _path(self, profile: str) -> Path:
        return self._root / f"baseline-{profile}.json"
