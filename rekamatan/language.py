"""Two languages, Indonesian first: what a technician reads is written in both, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["id", "en"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One sentence in Indonesian and in English; both take the same `str.format` fields."""

    id: str
    en: str

    def __call__(self, lang: Language, /, **fields: object) -> str:
        """The sentence in `lang`, with its fields filled in."""
        return (self.id if lang == "id" else self.en).format(**fields)
