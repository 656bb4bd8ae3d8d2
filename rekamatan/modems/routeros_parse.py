"""RouterOS 6 and 7 console output to data. Pure: text in, data out, tested with cases and captures.

Units, repeated keys, missing keys, log lines and prompts in between, and CRLF are expected.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.modems.routeros_text import clean, unquote
from rekamatan.modems.routeros_values import number

if TYPE_CHECKING:
    from collections.abc import Iterator

Figures = dict[str, list[str]]

PAIR = re.compile(r'(?:^|\s)([a-z][\w.-]*)=("(?:[^"\\]|\\.)*"|.*?(?=\s+[a-z][\w.-]*=|\s*$))')
_MONITOR_LINE = re.compile(r"^\s*([a-z][\w-]*):(?:\s+(.*))?$")
_MODEMS = re.compile(r"^\s*[a-z][\w-]*: \S.*?\s{2,}(?=\S)")
_FEWEST_ALIGNED = 3  # lines that must agree before values are taken for two modems side by side
_LEGEND = re.compile(r"^(?:Flags|Columns): ")
_KEY = r"(?=;;;|[a-z][\w.-]*=)"
_NUMBERED = re.compile(rf"^\s*\d+\s+((?:[A-Za-z*+-]{{1,6}}\s+)*?)\s*{_KEY}(.*)$")
_FLAGGED = re.compile(rf"^((?:[A-Za-z*+-]{{1,4}} +)+?){_KEY}(.*)$")
_BARE = re.compile(rf"^\s*(){_KEY}(.*)$")
_FIRST_PAIR = re.compile(r"^\s+[a-z][\w.-]*=", re.MULTILINE)
_ABSENT = frozenset({"", "n/a"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a `print`: its flag letters and its properties."""

    flags: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class PingResult:
    """The last line of `/ping`: counts, loss in percent, round trips in milliseconds."""

    sent: int
    received: int
    loss_percent: float
    rtt_min_ms: float | None = None
    rtt_avg_ms: float | None = None
    rtt_max_ms: float | None = None


def parse_monitors(text: str) -> list[Figures]:
    """`key: value` lines of `monitor`, `info` and of settings, one record a modem.

    A repeated key keeps all its values, and a line without a key goes on with the one before.
    `monitor lte1,lte2` prints its modems side by side, in columns.
    """
    lines = [line for line in clean(text).splitlines() if line.strip()]
    starts = _column_starts(lines)
    found: list[Figures] = [{} for _ in range(len(starts) + 1)]
    last = ""
    for line in lines:
        if match := _MONITOR_LINE.match(line):
            last = match[1]
            offset = match.start(2) if match[2] else len(line)
        elif last and line.startswith(" "):
            offset = len(line) - len(line.lstrip())
        else:
            continue
        edges = [offset, *starts, len(line) + 1]
        for at, figures in enumerate(found):
            value = line[edges[at] : edges[at + 1]].strip().strip('"')
            figures.setdefault(last, []).append(value)
    return found


def parse_monitor(text: str) -> Figures:
    """The one record of `parse_monitors`; empty when several modems stand side by side."""
    found = parse_monitors(text)
    return found[0] if len(found) == 1 else {}


def _column_starts(lines: list[str]) -> list[int]:
    """Where a second modem's values begin, as most lines show it; empty for one modem."""
    ends = Counter(match.end() for line in lines if (match := _MODEMS.match(line)))
    for end, count in ends.most_common(1):
        apart = all(line[end - 1 : end] in {"", " "} for line in lines)
        if count >= _FEWEST_ALIGNED and 2 * count > len(lines) and apart:
            return [end]
    return []


def first(values: Figures, *names: str) -> str | None:
    """The first value under any of these keys; `n/a` and empty count as absent."""
    for name in names:
        for value in values.get(name, []):
            if value.lower() not in _ABSENT:
                return value
    return None


def parse_print(text: str) -> list[Row]:
    """Rows of `print detail` or `print terse`, numbered or not; wrapped lines are joined."""
    return [_row(flags, block) for flags, block in _blocks(clean(text).splitlines())]


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Flags and the rest of each row; an unnumbered row begins after an empty line."""
    flags, block = "", ""
    fresh = True
    for line in lines:
        if _LEGEND.match(line):
            continue
        in_source = " source=" in block
        start = _NUMBERED.match(line) or _FLAGGED.match(line)
        if start is None and fresh and not in_source:
            start = _BARE.match(line)
        if start is not None:
            if block:
                yield flags, block
            flags, block = "".join(start[1].split()), start[2]
        elif block and (line.strip() or in_source):
            block += f"\n{line}"
        fresh = not line.strip()
    if block:
        yield flags, block


def _row(flags: str, block: str) -> Row:
    values: dict[str, str] = {}
    if block.startswith(";;;"):
        pairs = _FIRST_PAIR.search(block)
        end = pairs.start() if pairs else len(block)
        values["comment"] = " ".join(block[3:end].split())
        block = block[end:]
    # a script's source comes last, unquoted, one line each
    head, marker, source = block.partition(" source=")
    for key, value in PAIR.findall(head.replace("\n", " ")):
        values[key] = unquote(value)
    if marker:
        values["source"] = "\n".join(line.strip() for line in source.strip("\n").split("\n"))
    return Row(flags, values)


def parse_ping(text: str) -> PingResult | None:
    """The summary of `/ping`; None when there is none. Total loss has no round trips."""
    found = dict(PAIR.findall(clean(text).strip().rpartition("\n")[2]))
    sent, received = number(found.get("sent")), number(found.get("received"))
    loss = number(found.get("packet-loss"))
    if sent is None or received is None or loss is None:
        return None
    trips = (milliseconds(found.get(f"{name}-rtt")) for name in ("min", "avg", "max"))
    return PingResult(int(sent), int(received), loss, *trips)


def milliseconds(text: str | None) -> float | None:
    """`157ms`, `12ms345us`, `1s20ms`; None where there is none."""
    parts = re.findall(r"(\d+)(us|ms|s)", text or "")
    if not parts:
        return None
    return sum(int(count) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit] for count, unit in parts)
