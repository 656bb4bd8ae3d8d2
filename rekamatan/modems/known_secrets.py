"""Known passwords out of a text, wherever a device repeats them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with `***` for each secret; one that contains another goes whole."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
