"""Text of an OpenWrt router to data: uci, ubus, ping, mwan3. Pure, tested with cases.

Layouts are those of uci 2021-2025 and netifd; CRLF, colour codes and prompt lines that landed in
the text are expected, a missing key is None.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from rekamatan.modems.known_secrets import without

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PROMPT = re.compile(r"^[\w-]+@[\w.-]+:\S*[#$] ?")
_SECTION = re.compile(r"^### (\S+) (\d+)$")
_UCI_LINE = re.compile(
    r"^([\w-]+)\.(@?[\w-]+(?:\[-?\d+\])?)(?:\.([\w-]+))?(\+=|-=|=)(.*)$", re.DOTALL
)
_UCI_START = re.compile(r"^-?[\w-]+\.@?[\w-]+(?:\[-?\d+\])?(?:\.[\w-]+)?(?:[+-]?=|$)")
_UCI_ITEM = re.compile(r"'((?:[^']|'\\'')*)'")
_SECRET_OPTION = re.compile(
    r"((?:password|pincode|pin|key|psk|private_key|preshared_key|secret)\+?=)"
    r"'(?:[^']|'\\'')*'(?: '(?:[^']|'\\'')*')*"
)
_SECRET_EXPORTED = re.compile(
    r"(?m)^(\s*(?:option|list) (?:\w*(?:password|pincode|key|psk|secret)|pin)) '(?:[^']|'\\'')*'"
)
_PING_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_PING_TIMES = re.compile(r"min/avg/max(?:/mdev)? = ([\d.]+)/([\d.]+)/([\d.]+)")
_MWAN3 = re.compile(r"^\s*interface (\S+) is (\w+)(?:.*? tracking is (.+))?$")
_DEFAULT_ROUTE = re.compile(r"^default\b(.*)$", re.MULTILINE)

UciValue = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one labelled command printed, and its exit status."""

    status: int
    text: str

    @property
    def usable(self) -> str:
        """The text of a command that succeeded, else nothing."""
        return self.text if self.status == 0 else ""


@dataclass(frozen=True, slots=True)
class UciSection:
    """A section of `uci show`; a list option has a tuple."""

    type: str
    options: dict[str, UciValue] = field(default_factory=dict)

    def text(self, option: str) -> str | None:
        """An option as one string; None when it is not set."""
        value = self.options.get(option)
        return " ".join(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class InterfaceStatus:
    """`ubus call network.interface.X status`, and `ifstatus X`, which is the same."""

    up: bool | None = None
    pending: bool | None = None
    available: bool | None = None
    autostart: bool | None = None
    device: str | None = None
    proto: str | None = None
    address: str | None = None
    default_route: bool | None = None
    errors: tuple[str, ...] = ()
    uptime_s: int | None = None


@dataclass(frozen=True, slots=True)
class PingResult:
    """Totals of a ping; times in ms, None on total loss."""

    sent: int
    received: int
    min_ms: float | None = None
    avg_ms: float | None = None
    max_ms: float | None = None


def clean(text: str) -> str:
    """Text without colours, carriage returns, and prompts that were painted into it."""
    plain = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "")
    return "\n".join(_PROMPT.sub("", line).rstrip() for line in plain.split("\n")).strip("\n")


def answers(text: str) -> dict[str, Answer]:
    """Labelled answers; the line `### NAME STATUS` stands after each."""
    found: dict[str, Answer] = {}
    lines: list[str] = []
    for line in clean(text).split("\n"):
        if match := _SECTION.match(line):
            found[match[1]] = Answer(int(match[2]), "\n".join(lines))
            lines = []
        else:
            lines.append(line)
    return found


def raw(found: dict[str, Answer]) -> str:
    """Answers as one text that `answers` reads again."""
    return "".join(f"{a.text}\n### {name} {a.status}\n" for name, a in found.items())


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Text without passwords: those of uci by their key, known ones wherever they stand."""
    return without(_SECRET_OPTION.sub(r"\1'***'", text), secrets)


def redact_export(text: str) -> str:
    """What `uci export` prints without passwords, known by their key."""
    return _SECRET_EXPORTED.sub(r"\1 '***'", text)


def json_in(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The first JSON value in a text with other lines around it; None when there is none.

    Bytes that JSON forbids inside a string are let through: uqmi prints the operator's name as it
    came. Of a key that stands twice in one object the first counts: uqmi adds a second radio's
    figures to the first one's.
    """
    text = clean(text)
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_first_of_each)
    for match in re.finditer(r'^\s*(?=[\[{"])', text, re.MULTILINE):
        try:
            return decoder.raw_decode(text, match.end())[0]
        except ValueError:
            continue
    return None


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def parse_uci_show(text: str, package: str = "") -> dict[str, UciSection]:
    """Sections by name (`wwan`, `@device[0]`, `cfg030f15`); of one package where several show."""
    types: dict[str, str] = {}
    options: dict[str, dict[str, UciValue]] = {}
    for line in _uci_lines(text):
        match = _UCI_LINE.match(line)
        if not match:
            continue
        shown, section, option, _, value = match.groups()
        if package not in {"", shown}:
            continue
        if option is None:
            types[section] = value.strip("'")
        else:
            options.setdefault(section, {})[option] = _uci_value(value)
    names = [*types, *(name for name in options if name not in types)]
    return {name: UciSection(types.get(name, ""), options.get(name, {})) for name in names}


def parse_uci_changes(text: str) -> tuple[tuple[str, str], ...]:
    """Uncommitted changes as (section, option); an empty option is the section itself."""
    found = []
    for line in _uci_lines(text):
        place = re.split(r"[+-]?=", line.removeprefix("-"), maxsplit=1)[0].split(".")
        found.append((place[1], place[2] if len(place) > 2 else ""))  # noqa: PLR2004 - package.section.option
    return tuple(found)


def _uci_lines(text: str) -> list[str]:
    """Lines of `show` or `changes`; a value with newlines inside is one."""
    found: list[str] = []
    for line in clean(text).split("\n"):
        inside = bool(found) and found[-1].replace("'\\''", "").count("'") % 2
        if inside:
            found[-1] += f"\n{line}"
        elif _UCI_START.match(line):
            found.append(line)
    return found


def _uci_value(text: str) -> UciValue:
    items = tuple(item.replace("'\\''", "'") for item in _UCI_ITEM.findall(text))
    if len(items) > 1:
        return items
    return items[0] if items else text


def parse_interface(text: str) -> InterfaceStatus:
    """Status of an interface; all None when there is no JSON in the text."""
    status = json_in(text)
    if not isinstance(status, dict):
        return InterfaceStatus()
    addresses = status.get("ipv4-address") or []
    routes = status.get("route")
    return InterfaceStatus(
        up=status.get("up"),
        pending=status.get("pending"),
        available=status.get("available"),
        autostart=status.get("autostart"),
        device=status.get("l3_device") or status.get("device"),
        proto=status.get("proto"),
        address=addresses[0].get("address") if addresses else None,
        default_route=None if routes is None else any(_is_default(r) for r in routes),
        errors=tuple(str(e["code"]) for e in status.get("errors") or [] if "code" in e),
        uptime_s=status.get("uptime"),
    )


def _is_default(route: dict[str, Any]) -> bool:
    return route.get("target") == "0.0.0.0" and route.get("mask") == 0  # noqa: S104 - a route, not an address to bind


def parse_ping(text: str) -> PingResult | None:
    """Totals of BusyBox's ping (or another's); None when it did not get that far."""
    counts = _PING_COUNTS.search(text)
    if not counts:
        return None
    times = _PING_TIMES.search(text)
    figures = tuple(float(t) for t in times.groups()) if times else (None, None, None)
    return PingResult(int(counts[1]), int(counts[2]), *figures)


def parse_mwan3(text: str) -> dict[str, str]:
    """Interfaces of `mwan3 interfaces`: name -> `online`, `offline`, `disabled` ..."""
    matches = (_MWAN3.match(line) for line in clean(text).splitlines())
    return {match[1]: match[2] for match in matches if match}


def parse_default_route(text: str) -> str | None:
    """The device of the default route with the least metric in `ip route`'s output."""
    best: tuple[int, str] | None = None
    for rest in _DEFAULT_ROUTE.findall(clean(text)):
        words = rest.split()
        if "dev" not in words[:-1] or "linkdown" in words:
            continue
        device = words[words.index("dev") + 1]
        metric = int(words[words.index("metric") + 1]) if "metric" in words[:-1] else 0
        if best is None or metric < best[0]:
            best = (metric, device)
    return best[1] if best else None


def parse_board(text: str) -> tuple[str, str, str]:
    """Model, distribution and version of `ubus call system board`; empty where it lacks them."""
    board = json_in(text)
    if not isinstance(board, dict):
        return "", "", ""
    release = board.get("release") or {}
    return (
        str(board.get("model", "")),
        str(release.get("distribution", "")),
        str(release.get("version", "")),
    )
