"""RouterOS 7 console text to data. Pure: text in, data out, tested with cases.

Units, repeated keys, asynchronous log lines, repainted prompts and CRLF are all expected here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_ASYNC_LINE = re.compile(r"^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d echo: ")
_PROMPT = re.compile(r"^\[[^\]]+@[^\]]*\] (?:[\w/ -]*)?(?:<SAFE> )?> ?")
_MONITOR_LINE = re.compile(r"^\s*([a-z][\w-]*):\s?(.*)$")
_ROW_START = re.compile(r"^\s*(\d+)\s+([A-Za-z*]{1,6}(?=\s|$)(?!\S*=))?\s*(.*)$")
_PAIR = re.compile(r'(?:^|\s)([a-z][\w.-]*)=("(?:[^"\\]|\\.)*"|.*?(?=\s+[a-z][\w.-]*=|\s*$))')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ESCAPE = re.compile(r"\\(.)")
_DURATION_PART = re.compile(r"(\d+)([wdhms])")
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_ERROR = re.compile(
    r"^(?:bad command name |syntax error|expected |failure: |no such item|unknown parameter|"
    r"input does not match |value of .* (?:contains|expects|must|out of range)|invalid |"
    r"ambiguous value|action cancelled|not enough permissions|conditional not boolean|"
    r"Script Error: |missing value|error: )"
)
_SECRET_PAIR = re.compile(r'(\bpassword=)("(?:[^"\\]|\\.)*"|\S+)')


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a `print`: its flag letters and its properties."""

    flags: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Check:
    """One value that must read back: `:put [query]` gives `expected`."""

    query: str
    expected: str


def clean(text: str) -> str:
    """Console output without log lines that landed in it, prompts, and terminal line ends."""
    kept = []
    for line in text.replace("\r\n", "\n").split("\n"):
        last_painted = line.rstrip("\r").rsplit("\r", 1)[-1].rstrip()
        if _ASYNC_LINE.match(last_painted) or _PROMPT.match(last_painted):
            continue
        kept.append(last_painted)
    return "\n".join(kept).strip("\n")


def error_in(text: str) -> str | None:
    """The error line of an answer, if it is one. RouterOS gives exit status 0 for errors too."""
    for line in text.splitlines():
        if _ERROR.match(line.strip()):
            return line.strip()
    return None


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Text without passwords: shown ones by their key, known ones wherever they stand."""
    text = _SECRET_PAIR.sub(r"\1***", text)
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def parse_monitor(text: str) -> dict[str, list[str]]:
    """`key: value` lines of `monitor` and of settings; a repeated key keeps all its values."""
    found: dict[str, list[str]] = {}
    for line in clean(text).splitlines():
        if match := _MONITOR_LINE.match(line):
            found.setdefault(match[1], []).append(match[2].strip().strip('"'))
    return found


def first(values: dict[str, list[str]], *names: str) -> str | None:
    """The first value under any of these keys; `n/a` and empty count as absent."""
    for name in names:
        for value in values.get(name, []):
            if value and value.lower() != "n/a":
                return value
    return None


def number(text: str | None) -> float | None:
    """The number in `-97dBm`, `-113 dBm`, `-5.5dB`; None where there is none."""
    match = _NUMBER.search(text or "")
    return float(match[0]) if match else None


def parse_print(text: str) -> list[Row]:
    """Rows of `print detail` or `print terse`; wrapped lines are joined, comments kept."""
    rows: list[str] = []
    for line in clean(text).splitlines():
        if not line.strip() or line.startswith(("Flags:", "Columns:")):
            continue
        if _ROW_START.match(line):
            rows.append(line)
        elif rows:
            rows[-1] += f"\n{line}"
    return [_row(text) for text in rows]


def _row(text: str) -> Row:
    match = _ROW_START.match(text.split("\n", 1)[0])
    flags = (match[2] or "") if match else ""
    rest = text[match.start(3) :] if match else text
    values: dict[str, str] = {}
    if rest.lstrip().startswith(";;;"):
        comment, _, rest = rest.lstrip()[3:].partition("\n")
        values["comment"] = comment.strip()
    # a script's source comes last, unquoted, one line each
    head, marker, source = rest.partition(" source=")
    for key, value in _PAIR.findall(head.replace("\n", " ")):
        values[key] = unquote(value)
    if marker:
        values["source"] = "\n".join(line.strip() for line in source.strip("\n").split("\n"))
    return Row(flags, values)


def unquote(value: str) -> str:
    """A printed value without its quotes and escapes."""
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return _ESCAPE.sub(lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), value[1:-1])
    return value.strip()


def parse_duration(text: str) -> int | None:
    """Seconds of `5m`, `1d2h`, `00:05:00`; None when it is none."""
    if clock := re.fullmatch(r"(\d+):(\d\d):(\d\d)", text):
        hours, minutes, seconds = (int(part) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    if re.fullmatch(r"(?:\d+[wdhms])+", text):
        return sum(int(count) * _UNITS[unit] for count, unit in _DURATION_PART.findall(text))
    return int(text) if text.isdigit() else None


def parse_moment(text: str, today: str = "") -> datetime | None:
    """A date and time as RouterOS prints it, old (`nov/24/2026`) or new (`2026-11-24`) style.

    Args:
        text: "2026-11-24 04:10:00", "nov/24/2026 04:10:00" or "04:10:00".
        today: the device's date, for a time that stands alone.
    """
    if re.fullmatch(r"\d\d:\d\d:\d\d", text):
        text = f"{today} {text}"
    for layout in ("%Y-%m-%d %H:%M:%S", "%b/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text.title(), layout).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def remaining_seconds(next_run: str, clock: dict[str, list[str]]) -> float | None:
    """Seconds from the device's own clock until `next_run`; None where they cannot be told."""
    today, time = first(clock, "date") or "", first(clock, "time") or ""
    now, then = parse_moment(f"{today} {time}"), parse_moment(next_run, today)
    if now is None or then is None:
        return None
    if then < now and re.fullmatch(r"\d\d:\d\d:\d\d", next_run):
        then += timedelta(days=1)
    return max(0.0, (then - now).total_seconds())


_SET_COMMAND = re.compile(
    r'^(/[a-z][a-z /-]*?) set(?: (\[find(?: [a-z-]+="(?:[^"\\]|\\.)*")+\]))? (.*)$'
)
_ADD_COMMAND = re.compile(r'^(/[a-z][a-z /-]*?) add ([a-z-]+="(?:[^"\\]|\\.)*") ?(.*)$')


def as_set(command: str) -> str:
    """An `add` as the `set` of an item that is there already; its first pair identifies it."""
    match = _ADD_COMMAND.match(command)
    return f"{match[1]} set [find {match[2]}] {match[3]}" if match else command


def checks_of(command: str) -> tuple[Check, ...]:
    """What must read back after a `set` or `add` was accepted. Secrets cannot be read back."""
    match = _SET_COMMAND.match(as_set(command))
    if not match:
        return ()
    path, selector, rest = match.groups()
    row = f"{selector} " if selector else ""
    return tuple(
        Check(f"{path} get {row}{key}", unquote(value))
        for key, value in _PAIR.findall(rest)
        if key != "password"
    )


def same_value(shown: str, wanted: str) -> bool:
    """Whether a read value is the wanted one.

    `get` says true where `set` says yes; lists come back in another order, with `;`, and with what
    is not granted as `!name`.
    """
    return _canonical(shown) == _canonical(wanted)


def _canonical(text: str) -> list[str]:
    parts = [part for part in re.split("[,;]", truth(text)) if not part.startswith("!")]
    return sorted(parts)


def truth(text: str) -> str:
    """A value as `get` shows it: booleans as true and false."""
    return {"yes": "true", "no": "false"}.get(text, text)
