"""Plain `print` of RouterOS: a table under a line of headings. Pure.

The driver itself asks for `terse` and `detail`; tables are what people paste and other tools log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.modems.routeros_parse import Row
from rekamatan.modems.routeros_text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r"^\s*#\s+(?=[A-Z])")
_WORD = re.compile(r"\S+")
_CELL = re.compile(r"\S+(?: \S+)*")
_NUMBER = re.compile(r"^\s*\d+")
_COMMENT = re.compile(r"^(.*?)\s*;;; ?(.*)$")


@dataclass(frozen=True, slots=True)
class _Column:
    """A heading and the span it covers; values may hang over on either side."""

    name: str
    start: int
    end: int


def parse_columns(text: str) -> list[Row]:
    """Rows of a plain `print`, properties by their heading in lower case; no headings, no rows.

    A comment stands after `;;;`, before its row (RouterOS 7) or in its row's first line (6).
    """
    columns: list[_Column] = []
    rows = []
    for comment, line in _rows(clean(text).splitlines()):
        if heading := _HEADING.match(line):
            columns = [
                _Column(word[0].lower(), word.start(), word.end())
                for word in _WORD.finditer(line, heading.end())
            ]
        elif columns and (number := _NUMBER.match(line)):
            start = max(number.end(), columns[0].start)
            values = {"comment": comment} if comment else {}
            values |= _cells(line, start, columns)
            rows.append(Row("".join(line[number.end() : start].split()), values))
    return rows


def _rows(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Comment and line of each row; in RouterOS 6 the values follow on the comment's next line."""
    comment, head = "", ""
    for line in lines:
        if found := _COMMENT.match(line):
            head, comment = found[1], found[2].strip()
            continue
        yield comment, head + line[len(head) :] if head.strip() else line
        comment, head = "", ""


def _cells(line: str, start: int, columns: list[_Column]) -> dict[str, str]:
    """Values of one row: one a column, else each word where it stands under a heading."""
    for pattern in (_CELL, _WORD):
        cells = [cell[0] for cell in pattern.finditer(line, start)]
        if len(cells) == len(columns):
            return {column.name: cell for column, cell in zip(columns, cells, strict=True)}
    values: dict[str, str] = {}
    for word in _WORD.finditer(line, start):
        column = _under(word.start(), word.end(), columns)
        values[column.name] = f"{values.get(column.name, '')} {word[0]}".strip()
    return values


def _under(start: int, end: int, columns: list[_Column]) -> _Column:
    """The heading a word stands under: the one it overlaps most, else the nearest before it."""
    overlap = {at: min(end, c.end) - max(start, c.start) for at, c in enumerate(columns)}
    best = max(overlap, key=lambda at: overlap[at])
    if overlap[best] > 0:
        return columns[best]
    before = [column for column in columns if column.start <= start]
    return before[-1] if before else columns[0]
