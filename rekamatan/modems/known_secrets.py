"""Known passwords out of a text, wherever a device repeats them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "***"
NOT_IN_A_BACKUP = "a secret, which no backup holds"


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with `***` for each secret; one that contains another goes whole."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def told_apart(line: str, before: Iterable[str]) -> str:
    """A line as one of its own: two secrets look alike, and one more of them is a difference.

    Args:
        line: of a text without secrets.
        before: the lines before it, as this function gave them.
    """
    if REDACTED not in line:
        return line
    alike = sum(1 for found in before if found == line or found.startswith(f"{line} (#"))
    return f"{line} (#{alike + 1})" if alike else line
