"""A reading of several answers as one text: for evidence, and for planning from it later."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_text(answers: Mapping[str, object]) -> str:
    """`### name` and the answer as JSON, one after the other."""
    parts = [
        f"### {name}\n{json.dumps(answer, indent=1, ensure_ascii=False)}\n"
        for name, answer in answers.items()
    ]
    return "".join(parts)


def from_text(text: str) -> dict[str, Any]:
    """The answers by name."""
    found: dict[str, Any] = {}
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        name, _, answer = part.partition("\n")
        found[name] = json.loads(answer)
    return found
