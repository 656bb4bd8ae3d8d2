"""Reads the YAML of an inventory directory and keeps the file and line of every key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VAULT_HEADER = "$ANSIBLE_VAULT;"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct: where, what, and how."""

    file: str
    line: int  # 0: the file as a whole
    key: str
    reason: str
    fix: str

    def __str__(self) -> str:
        """One line, as compilers write it."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.reason} ({self.fix})"


@dataclass(frozen=True, slots=True)
class VaultedText:
    """A value encrypted in place (`!vault |`): present, secret, and not to be judged here."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its data, and the line of each dotted key."""

    path: Path
    name: str  # relative to the inventory directory, for people
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def encrypted(self) -> bool:
        """True for a whole file encrypted by ansible-vault."""
        return self.text.startswith(VAULT_HEADER)

    def line(self, key: str) -> int:
        """The line of a dotted key, or of its nearest parent that is there."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return self.lines.get(key, 0)


def read_document(path: Path, root: Path) -> Document:
    """Read one file; what cannot be read becomes a problem of the document, not an exception."""
    name = str(path.relative_to(root))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(name, 0, "file", f"unreadable: {error}", "check its owner and encoding")
        return Document(path, name, "", problems=(problem,))
    if text.startswith(VAULT_HEADER):
        return Document(path, name, text)
    try:
        reader = _Reader(name, text)
    except yaml.YAMLError as error:
        return Document(path, name, text, problems=(_syntax_problem(name, error),))
    return Document(path, name, text, reader.data, reader.lines, tuple(reader.problems))


def _syntax_problem(name: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    line = mark.line + 1 if mark else 0
    return Problem(name, line, "file", f"not YAML: {reason}", "correct the syntax on this line")


class _Reader:
    """Turns the node tree into plain data; the tree is what knows the lines and duplicate keys."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []
        self._loader = yaml.SafeLoader(text)
        try:
            node = self._loader.get_single_node()
            data = None if node is None else self._value(node, "")
        finally:
            self._loader.dispose()
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        if data is not None and not isinstance(data, dict):
            fix = "write `key: value` lines"
            self.problems.append(Problem(name, 1, "file", "not a mapping of variables", fix))

    def _value(self, node: yaml.Node, key: str) -> object:
        if isinstance(node, yaml.MappingNode):
            self._loader.flatten_mapping(node)
            return dict(self._entries(node, key))
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, f"{key}.{n}") for n, item in enumerate(node.value)]
        if node.tag == "!vault":
            return VaultedText()
        return self._loader.construct_object(node, deep=True)

    def _entries(self, mapping: yaml.MappingNode, parent: str) -> Iterator[tuple[str, object]]:
        seen: dict[str, int] = {}
        for key_node, value_node in mapping.value:
            name = str(self._loader.construct_object(key_node, deep=True))
            key = f"{parent}.{name}" if parent else name
            line = key_node.start_mark.line + 1
            self.lines[key] = line
            if name in seen:
                reason = f"written twice, the first time in line {seen[name]}"
                self.problems.append(
                    Problem(self.name, line, key, reason, "remove one: only the last one counts")
                )
            seen[name] = line
            value = self._value(value_node, key)
            self.lines.setdefault(key, line)
            yield name, value
