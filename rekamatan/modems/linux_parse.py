"""Text of a Linux machine's own tools to data: `ip`, `nmcli`. Pure, tested with cases."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"^\s+inet (\S+)(?: peer (\S+))?")
_LINK = re.compile(r"^\d+: ([^:@\s]+)(?:@\S+)?: <([^>]*)>")
_KINDS = frozenset(
    {"unicast", "unreachable", "blackhole", "prohibit", "broadcast", "local", "multicast", "throw"}
)
_WORDS = frozenset({"via", "dev", "proto", "scope", "src", "metric", "table", "mtu", "advmss"})
_FLAGS = frozenset({"onlink", "linkdown", "dead", "pervasive", "offload"})
_ERROR = re.compile(r"^Error: (.*)$", re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)")
_SECRET = re.compile(r"^(password|pin|psk|.*-password)\s*=.+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Route:
    """One line of `ip route`. `dst` is "default" or a network; no metric is 0, the best."""

    dst: str
    kind: str = "unicast"
    via: str | None = None
    dev: str | None = None
    proto: str | None = None
    src: str | None = None
    metric: int = 0
    flags: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether packets can take it."""
        return self.kind == "unicast" and not {"linkdown", "dead"} & set(self.flags)


@dataclass(frozen=True, slots=True)
class Link:
    """One interface of `ip address`: its flags and its IPv4 addresses with prefix length."""

    name: str
    flags: tuple[str, ...]
    addresses: tuple[str, ...]

    @property
    def up(self) -> bool:
        """Whether it is switched on and has a carrier."""
        return "UP" in self.flags and "NO-CARRIER" not in self.flags


def parse_routes(text: str) -> tuple[Route, ...]:
    """Lines of `ip -4 route show`, in their order; lines that are no route are left out."""
    found = (_route(line.split()) for line in text.replace("\r", "").splitlines())
    return tuple(route for route in found if route is not None)


def _route(words: list[str]) -> Route | None:
    kind = words.pop(0) if words and words[0] in _KINDS else "unicast"
    if not words or not (words[0] == "default" or words[0][0].isdigit()):
        return None
    dst, *rest = words
    values: dict[str, str] = {}
    flags: list[str] = []
    while rest:
        word = rest.pop(0)
        if word in _WORDS and rest:
            values[word] = rest.pop(0)
        elif word in _FLAGS:
            flags.append(word)
    metric = values.get("metric", "0")
    return Route(
        dst=dst,
        kind=kind,
        via=values.get("via"),
        dev=values.get("dev"),
        proto=values.get("proto"),
        src=values.get("src"),
        metric=int(metric) if metric.isdigit() else 0,
        flags=tuple(flags),
    )


def best_default(routes: tuple[Route, ...]) -> Route | None:
    """The default route that packets take: the usable one with the least metric."""
    usable = [route for route in routes if route.dst == "default" and route.usable]
    return min(usable, key=lambda route: route.metric, default=None)


def parse_addresses(text: str) -> dict[str, Link]:
    """`ip address show`, of iproute2 or BusyBox, by interface."""
    found: dict[str, Link] = {}
    name = ""
    for line in text.replace("\r", "").splitlines():
        if link := _LINK.match(line):
            name = link[1]
            found[name] = Link(name, tuple(link[2].split(",")), ())
        elif name and (address := _ADDRESS.match(line)):
            shown = found[name]
            found[name] = Link(name, shown.flags, (*shown.addresses, address[1]))
    return found


def nmcli_error(text: str) -> str | None:
    """The message of an `nmcli` that failed."""
    match = _ERROR.search(text)
    return match[1].strip() if match else None


def parse_terse(text: str, fields: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    """Rows of `nmcli -t -f FIELDS`: colons inside values are escaped, as are backslashes.

    Raises:
        ValueError: a row has another number of fields, or nmcli failed.
    """
    if problem := nmcli_error(text):
        raise ValueError(problem)
    rows = []
    for line in text.replace("\r", "").splitlines():
        if not line:
            continue
        values = [_ESCAPED.sub(r"\1", part) for part in _split(line)]
        if len(values) != len(fields):
            raise ValueError(f"{len(values)} fields instead of {len(fields)}: {line}")
        rows.append(dict(zip(fields, values, strict=True)))
    return tuple(rows)


def _split(line: str) -> list[str]:
    """Split at colons before which there is an even number of backslashes."""
    parts, part, escaped = [], "", False
    for letter in line:
        if letter == ":" and not escaped:
            parts.append(part)
            part = ""
            continue
        part += letter
        escaped = letter == "\\" and not escaped
    return [*parts, part]


def parse_columns(text: str) -> tuple[dict[str, str], ...]:
    """Rows of a table for people, as `nmcli connection show`; `--` is left out.

    Raises:
        ValueError: nmcli failed.
    """
    if problem := nmcli_error(text):
        raise ValueError(problem)
    lines = [line for line in text.replace("\r", "").splitlines() if line.strip()]
    if not lines:
        return ()
    starts = [(match[0], match.start()) for match in re.finditer(r"\S+", lines[0])]
    rows = []
    for line in lines[1:]:
        row = {}
        for at, (name, start) in enumerate(starts):
            end = starts[at + 1][1] if at + 1 < len(starts) else None
            value = line[start:end].strip()
            if value and value != "--":
                row[name] = value
        rows.append(row)
    return tuple(rows)


def parse_keyfile(text: str) -> dict[str, dict[str, str]]:
    """A NetworkManager connection file, by section. Raises `ValueError` when it is none."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign] # keys keep their case
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return {section: dict(parser.items(section)) for section in parser.sections()}


def redact(text: str) -> str:
    """A connection file without its passwords and PINs."""
    return _SECRET.sub(r"\1=***", text)
