"""The command language of IOS: words may be shortened, and every refusal has its text.

A table of patterns is written as `show cellular UNIT profile NUMBER`: small letters are keywords,
capitals are arguments, `REST` takes the rest of the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"\S+")
_ARGUMENTS = {
    "NUMBER": re.compile(r"\d+"),
    "UNIT": re.compile(r"\d+(?:/\d+)*"),
    "ADDRESS": re.compile(r"\d+(?:\.\d+){3}"),
    "WORD": re.compile(r"\S+"),
    "REST": re.compile(r"\S.*"),
}


class IosError(Exception):
    """What IOS prints instead of doing it."""


@dataclass(frozen=True)
class Match:
    """A command that was understood: its pattern and its arguments in order."""

    pattern: str
    arguments: tuple[str, ...] = field(default=())


@dataclass
class _Candidate:
    pattern: str
    words: list[str]
    arguments: list[str] = field(default_factory=list)


class Grammar:
    """The commands of one mode."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [(pattern, pattern.split()) for pattern in patterns]

    def match(self, line: str, indent: int) -> Match:
        """The command a line is. Raises `IosError` with the caret under what was wrong.

        Args:
            line: as typed.
            indent: columns before it, the prompt's.
        """
        candidates = [_Candidate(pattern, list(words)) for pattern, words in self._patterns]
        for word in _WORD.finditer(line):
            candidates = self._narrow(candidates, word[0], line[word.start() :])
            if not candidates:
                raise IosError(_invalid(indent + word.start()))
            literals = {c.words[0] for c in candidates if c.words[0] not in _ARGUMENTS}
            if len(literals) > 1:
                raise IosError(f'% Ambiguous command:  "{line.strip()}"')
            if any(c.words[0] == "REST" for c in candidates):
                chosen = next(c for c in candidates if c.words[0] == "REST")
                return Match(chosen.pattern, (*chosen.arguments, line[word.start() :].strip()))
            for candidate in candidates:
                if candidate.words[0] in _ARGUMENTS:
                    candidate.arguments.append(word[0])
                del candidate.words[0]
        for candidate in candidates:
            if not candidate.words:
                return Match(candidate.pattern, tuple(candidate.arguments))
        raise IosError("% Incomplete command.\n")

    def next_words(self, line: str) -> list[str]:
        """What may follow, for `?`."""
        candidates = [_Candidate(pattern, list(words)) for pattern, words in self._patterns]
        partial = "" if not line or line.endswith(" ") else line.rsplit(maxsplit=1)[-1]
        done = line[: len(line) - len(partial)]
        for word in _WORD.finditer(done):
            candidates = self._narrow(candidates, word[0], word[0])
            for candidate in candidates:
                del candidate.words[0]
        found = {c.words[0] if c.words else "<cr>" for c in candidates}
        return sorted(w for w in found if w in _ARGUMENTS or w.startswith(partial.lower()))

    @staticmethod
    def _narrow(candidates: list[_Candidate], word: str, rest: str) -> list[_Candidate]:
        keywords = [
            c for c in candidates
            if c.words and c.words[0] not in _ARGUMENTS and c.words[0].startswith(word.lower())
        ]  # fmt: skip
        if exact := [c for c in keywords if c.words[0] == word.lower()]:
            return exact
        if keywords:
            return keywords
        return [
            c for c in candidates
            if c.words and c.words[0] in _ARGUMENTS
            and _ARGUMENTS[c.words[0]].fullmatch(rest if c.words[0] == "REST" else word)
        ]  # fmt: skip


def _invalid(column: int) -> str:
    return f"{' ' * column}^\n% Invalid input detected at '^' marker.\n"


def filtered(text: str, pipe: str) -> str:
    """`| include X`, `| exclude X`, `| begin X`, `| section X` of an output."""
    word, _, pattern = pipe.strip().partition(" ")
    expression = re.compile(pattern.strip())
    lines = text.splitlines()
    for name, pick in _PIPES.items():
        if word and name.startswith(word):
            return "\n".join(pick(lines, expression))
    raise IosError(_invalid(0))


def _include(lines: list[str], wanted: re.Pattern[str]) -> list[str]:
    return [line for line in lines if wanted.search(line)]


def _exclude(lines: list[str], unwanted: re.Pattern[str]) -> list[str]:
    return [line for line in lines if not unwanted.search(line)]


def _begin(lines: list[str], wanted: re.Pattern[str]) -> list[str]:
    for at, line in enumerate(lines):
        if wanted.search(line):
            return lines[at:]
    return []


def _section(lines: list[str], wanted: re.Pattern[str]) -> list[str]:
    """Every line that matches, with the lines indented below it."""
    kept: list[str] = []
    inside = False
    for line in lines:
        inside = bool(wanted.search(line)) or (inside and line.startswith(" "))
        if inside:
            kept.append(line)
    return kept


_PIPES = {"include": _include, "exclude": _exclude, "begin": _begin, "section": _section}
