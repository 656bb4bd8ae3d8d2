"""A console's answers to a reading as one text: for evidence, and for planning from it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_text(answers: Mapping[str, str]) -> str:
    """`### label` and the answer, one after the other."""
    return "".join(f"### {name}\n{text.rstrip()}\n" for name, text in answers.items())


def from_text(text: str) -> dict[str, str]:
    """The answers by label."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("### "):
            name = line[4:]
            found[name] = ""
        else:
            found[name] = f"{found.get(name, '')}{line}\n"
    return found
