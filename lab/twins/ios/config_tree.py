"""A configuration as IOS has it: top lines in order, some with lines of their own below."""

from __future__ import annotations

import re

Tree = dict[str, list[str]]
_MODES = re.compile(r"^(?:controller|interface|archive|event manager applet|line)\b")
# A line with the same key replaces the one before; every other line stands for itself.
_KEYS = (
    re.compile(r"^(hostname|description|path|maximum|event timer countdown)\b"),
    re.compile(r"^(lte sim data-profile) \d+ attach-profile \d+( slot \d+)?"),
    re.compile(r"^(lte sim primary)\b"),
    re.compile(r"^(profile id \d+)\b"),
    re.compile(r"^(event manager environment \S+)\b"),
    re.compile(r"^(username \S+)\b"),
    re.compile(r"^(action \S+)\b"),
    re.compile(r"^(ip address)\b"),
)


def opens_mode(line: str) -> bool:
    """Whether lines follow below this one."""
    return bool(_MODES.match(line))


def put(tree: Tree, section: str, line: str) -> None:
    """Add a line, or replace the one with its key."""
    if section:
        tree.setdefault(section, [])
        tree[section] = _replaced(tree[section], line)
        return
    if opens_mode(line):
        tree.setdefault(line, [])
        return
    old = next((top for top in tree if key_of(top) == key_of(line)), None)
    if old is None:
        tree[line] = []
    else:
        items = [(line, below) if top == old else (top, below) for top, below in tree.items()]
        tree.clear()
        tree.update(items)


def take(tree: Tree, section: str, line: str) -> bool:
    """Remove lines that are this one or begin with it; False when there was none."""
    if section:
        kept = [found for found in tree.get(section, []) if not _begins(found, line)]
        changed = kept != tree.get(section, [])
        tree[section] = kept
        return changed
    doomed = [top for top in tree if _begins(top, line)]
    for top in doomed:
        del tree[top]
    return bool(doomed)


def key_of(line: str) -> str:
    """What makes two lines the same setting."""
    for pattern in _KEYS:
        if match := pattern.match(line):
            return "".join(part or "" for part in match.groups())
    return line


def text_of(tree: Tree) -> str:
    """As `show running-config` prints it, without head and tail."""
    lines: list[str] = []
    for top, below in tree.items():
        lines += ["!"] if opens_mode(top) else []
        lines += [top, *(f" {line}" for line in below)]
        lines += ["!"] if opens_mode(top) else []
    return "\n".join(lines)


def _replaced(lines: list[str], line: str) -> list[str]:
    for at, found in enumerate(lines):
        if key_of(found) == key_of(line):
            return [*lines[:at], line, *lines[at + 1 :]]
    return [*lines, line]


def _begins(found: str, line: str) -> bool:
    return f"{found} ".startswith(f"{line} ")
