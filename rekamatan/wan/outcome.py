"""Outcomes as JSON, and back: in the journal, in `outcomes/<run_id>.json` and in `--json`."""

from __future__ import annotations

from typing import Any

from rekamatan.models import SwitchOutcome
from rekamatan.plain import Place, from_plain, to_plain


def outcome_to_dict(outcome: SwitchOutcome) -> dict[str, Any]:
    """Plain data."""
    plain: dict[str, Any] = to_plain(outcome)
    return plain


def outcome_from_dict(data: object) -> SwitchOutcome:
    """The inverse. Raises `ConfigError` naming the key that is not as expected."""
    return from_plain(SwitchOutcome, data, Place("outcome"))
