"""A VyOS configuration: paths in order, some of them with a value."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"[\w.+:-]+"
_SINGLE = (
    r"interfaces wwan wwan\d+ (?:apn|description|authentication (?:username|password))",
    rf"interfaces ethernet {_NAME} (?:description|hw-id)",
    r"interfaces wireguard wg\d+ (?:private-key|port|mtu|description)",
    r"system (?:host-name|time-zone)",
    r"system config-management commit-confirm action",
    rf"system login user {_NAME} (?:authentication plaintext-password|level)",
    r"service ssh port",
    r"nat source rule \d+ (?:outbound-interface name|source address|translation address)",
)
_MULTI = (
    rf"interfaces (?:wwan wwan\d+|ethernet {_NAME}|wireguard wg\d+) address",
    r"system name-server",
    r"protocols static route [\d./]+ next-hop",
)
_BARE = (
    rf"interfaces (?:wwan wwan\d+|ethernet {_NAME}|wireguard wg\d+|loopback lo)",
    r"nat source rule \d+",
    r"protocols static route [\d./]+",
    r"interfaces wwan wwan\d+ disable",
    r"service ssh",
    r"protocols static route [\d./]+ interface wwan\d+",
)
Line = tuple[str, str]  # path, value; a path without a value has ""


class VyosError(Exception):
    """What VyOS prints instead of doing it."""


@dataclass
class Settings:
    """One configuration."""

    lines: list[Line]

    def copy(self) -> Settings:
        """One of its own."""
        return Settings(list(self.lines))

    def value(self, path: str) -> str | None:
        """The value of a single-valued path."""
        return next((value for found, value in self.lines if found == path), None)

    def put(self, words: list[str]) -> None:
        """`set`. Raises `VyosError`."""
        path, value = _resolved(words)
        if (path, value) in self.lines:
            raise VyosError(_block(f"Configuration path: [{' '.join(words)}] already exists"))
        if _matches(_SINGLE, path):
            at = next((i for i, (found, _) in enumerate(self.lines) if found == path), None)
            if at is not None:
                self.lines[at] = (path, value)
                return
        self.lines.append((path, value))

    def take(self, words: list[str]) -> None:
        """`delete`. Raises `VyosError`."""
        wanted = " ".join(words)
        kept = [line for line in self.lines if not _below(line, wanted)]
        if len(kept) == len(self.lines):
            raise VyosError(_block("Nothing to delete (the specified node does not exist)"))
        self.lines = kept
        node = _node_above(words)
        if node and not any(_below(line, node) for line in kept):
            self.lines.append((node, ""))  # without its last setting it is still there

    def commands(self) -> str:
        """`show configuration commands`: nodes in order of their names, numbers as numbers."""
        paths = [path for path, _ in self.lines]
        shown = [
            line
            for line in self.lines
            if line[1] or not any(path.startswith(f"{line[0]} ") for path in paths)
        ]
        return "\n".join(f"set {_shown(line)}" for line in sorted(shown, key=_place))

    def check(self) -> None:
        """What a commit refuses. Raises `VyosError`."""
        for interface in sorted({m[0] for path, _ in self.lines if (m := _WWAN.match(path))}):
            name = interface.split()[-1]
            if self.value(f"interfaces wwan {name} apn") is None:
                raise VyosError(
                    f'[ interfaces wwan {name} ]\nNo APN configured for "{name}"!\n\n'
                    f"[[interfaces wwan {name}]] failed\nCommit failed"
                )

    def difference(self, other: Settings) -> str:
        """`compare`: what is here and not there with `+`, the other way with `-`."""
        added = [f"+ {_shown(line)}" for line in self.lines if line not in other.lines]
        gone = [f"- {_shown(line)}" for line in other.lines if line not in self.lines]
        return "\n".join(gone + added)


_WWAN = re.compile(r"interfaces wwan wwan\d+")


def _resolved(words: list[str]) -> Line:
    path = " ".join(words)
    if _matches(_BARE, path):
        return path, ""
    node, value = " ".join(words[:-1]), words[-1]
    if _matches(_SINGLE, node) or _matches(_MULTI, node):
        return node, value
    raise VyosError(_block(f"Configuration path: [{path}] is not valid\n  Set failed"))


def _matches(patterns: tuple[str, ...], path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in patterns)


def _below(line: Line, wanted: str) -> bool:
    path, value = line
    return f"{path} {value} ".startswith(f"{wanted} ")


def _node_above(words: list[str]) -> str:
    """The closest node above a path that can be without settings; empty when there is none."""
    above = (" ".join(words[:length]) for length in reversed(range(1, len(words))))
    return next((path for path in above if _matches(_BARE, path)), "")


def _place(line: Line) -> list[tuple[bool, int, str]]:
    """Where a path stands; the values of one keep the order in which they were set."""
    parts = re.findall(r"\d+|\D+", line[0])
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _shown(line: Line) -> str:
    return f"{line[0]} '{line[1]}'" if line[1] else line[0]


def _block(text: str) -> str:
    return f"\n  {text}\n"
