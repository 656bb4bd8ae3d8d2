"""What must read back after a RouterOS command was accepted. Pure: command in, queries out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rekamatan.modems.routeros_parse import PAIR
from rekamatan.modems.routeros_text import unquote

_SET_COMMAND = re.compile(
    r'^(/[a-z][a-z /-]*?) set(?: (\[find(?: [a-z-]+="(?:[^"\\]|\\.)*")+\]))? (.*)$'
)
_ADD_COMMAND = re.compile(r'^(/[a-z][a-z /-]*?) add ([a-z-]+="(?:[^"\\]|\\.)*") ?(.*)$')


@dataclass(frozen=True, slots=True)
class Check:
    """One value that must read back: `:put [query]` gives `expected`."""

    query: str
    expected: str


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
        for key, value in PAIR.findall(rest)
        if key != "password"
    )
